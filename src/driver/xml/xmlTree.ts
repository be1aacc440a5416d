// XML as a small tree and back again, exactly; the only writer of XML. Knows XML, and nothing of what libvirt means by
// it.
import { SaxesParser } from 'saxes';

export interface XmlElement {
  /** As written, with its prefix if it has one. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

/** A comment or a processing instruction: kept only so that a document survives the way through us. */
interface XmlAside {
  readonly aside: 'comment' | 'instruction';
  readonly text: string;
}

/** A string is text, with its entities resolved. */
export type XmlNode = XmlElement | XmlAside | string;

export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** libvirt's longest string on the wire (REMOTE_STRING_MAX), in characters. */
const maxLength = 4_194_304;
/** Backing chains nest: libvirt 12 allows 200 layers, one level each. */
const maxDepth = 512;

/**
 * Reads a whole document from one or more pieces. Only the five entities of XML itself and character references
 * are resolved; a DOCTYPE is refused, so nothing can be declared.
 * @throws XmlError on malformed, too deep or too long input.
 */
export function parseXml(...pieces: readonly string[]): XmlElement {
  if (pieces.reduce((sum, piece) => sum + piece.length, 0) > maxLength) {
    throw new XmlError('the XML document is too long');
  }
  // Looked for here because an eighth handler turns the parser into a slow object of V8's: five times the time.
  if (pieces.some((piece) => piece.includes('<!DOCTYPE'))) {
    throw new XmlError('a DOCTYPE is not accepted');
  }
  interface OpenElement {
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly children: XmlNode[];
  }
  const path: OpenElement[] = [];
  let root: XmlElement | undefined;
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  parser.on('error', (error) => {
    throw new XmlError(error.message);
  });
  parser.on('opentag', (tag) => {
    if (path.length >= maxDepth) {
      throw new XmlError('the XML document is nested too deeply');
    }
    const element: OpenElement = { name: tag.name, attributes: { ...tag.attributes }, children: [] };
    path.at(-1)?.children.push(element);
    root ??= element;
    path.push(element);
  });
  parser.on('closetag', () => {
    path.pop();
  });
  parser.on('text', (text) => path.at(-1)?.children.push(text));
  parser.on('cdata', (text) => path.at(-1)?.children.push(text));
  parser.on('comment', (text) => path.at(-1)?.children.push({ aside: 'comment', text }));
  parser.on('processinginstruction', ({ target, body }) =>
    path.at(-1)?.children.push({ aside: 'instruction', text: `${target} ${body}` }),
  );
  for (const piece of pieces.some((one) => broken.test(one)) ? [withSpaces(pieces.join(''))] : pieces) {
    parser.write(piece);
  }
  parser.close();
  if (root === undefined) {
    throw new XmlError('the XML document is empty');
  }
  return root;
}

/** What may be a tab or the end of a line within an attribute. */
const broken = /\t|=(?:'[^'<\n]*|"[^"<\n]*)\n/u;

/**
 * libvirt writes a tab or a line's end in an attribute as it is, and XML reads that as a space: the path would be
 * another file's. Where there are comments or CDATA, which libvirt does not write, quotes may mean something else.
 */
function withSpaces(xml: string): string {
  const asReference = (space: string): string => `&#${space.charCodeAt(0)};`;
  return xml.includes('<!')
    ? xml
    : xml.replace(/=(?:'[^'<]*'|"[^"<]*")/gu, (value) => value.replaceAll(/[\t\n]/gu, asReference));
}

/** Makes an element; absent children are left out, so that a caller can write optional ones in place. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  children: readonly (XmlNode | undefined)[] = [],
): XmlElement {
  return { name, attributes, children: children.filter((child) => child !== undefined) };
}

/** Writes a tree so that `parseXml` gives back an equal one. Characters that XML cannot hold become U+FFFD. */
export function writeXml(node: XmlNode): string {
  if (typeof node === 'string') {
    return escape(node, /[&<>\r]/g);
  }
  if ('aside' in node) {
    return node.aside === 'comment' ? `<!--${node.text}-->` : `<?${node.text}?>`;
  }
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => ` ${name}="${escape(value, /[&<>"\t\n\r]/g)}"`)
    .join('');
  return node.children.length === 0
    ? `<${node.name}${attributes}/>`
    : `<${node.name}${attributes}>${node.children.map(writeXml).join('')}</${node.name}>`;
}

/** White space that a reader would normalise goes as a character reference, like the markup characters. */
function escape(text: string, special: RegExp): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(special, (character) => `&#${character.charCodeAt(0)};`);
}

export function elementsOf(parent: XmlElement): readonly XmlElement[] {
  return parent.children.filter(isElement);
}

function isElement(node: XmlNode): node is XmlElement {
  return typeof node !== 'string' && 'name' in node;
}

/** The first element along a path of names below `from`. */
export function find(from: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined {
  let at = from;
  for (const name of names) {
    at = at?.children.find((child): child is XmlElement => isElement(child) && child.name === name);
  }
  return at;
}

export function findAll(from: XmlElement | undefined, name: string): readonly XmlElement[] {
  return from?.children.filter((child): child is XmlElement => isElement(child) && child.name === name) ?? [];
}

/** The text directly inside; undefined when there is no such element. */
export function textOf(of: XmlElement | undefined): string | undefined {
  const [first = '', ...more] = of?.children.filter((node) => typeof node === 'string') ?? [];
  return of === undefined ? undefined : copyText(more.length === 0 ? first : [first, ...more].join(''));
}

export function attribute(of: XmlElement | undefined, name: string): string | undefined {
  return of !== undefined && Object.hasOwn(of.attributes, name) ? copyText(of.attributes[name]) : undefined;
}

/**
 * A copy: from 13 characters on, V8 makes a piece cut out of a text a window on the whole text, and keeps that alive.
 * Cut out of a text that was put together for it, the window is on no more than that.
 */
function copyText(text: string | undefined): string | undefined {
  return text === undefined || text.length < 13 ? text : ` ${text}`.slice(1);
}
