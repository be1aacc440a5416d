// A quick way to read the plain XML that libvirt writes: elements, attributes, text.
import { parseXml, type XmlElement, type XmlNode } from './xmlTree.js';

/** Comments, CDATA, instructions and a DOCTYPE begin like this; CDATA ends like that; XML forbids most controls. */
// eslint-disable-next-line no-control-regex -- these are the characters that must not pass
const notPlain = /<[!?]|\]\]>|[\0-\x08\v-\x1f\uFFFE\uFFFF]/;
const plainName = /^[A-Za-z_][\w.-]*$/;
const knownReference = /&(lt|gt|amp|quot|apos);/g;
const unknownReference = /&(?!(?:lt|gt|amp|quot|apos);)/;
const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const maxDepth = 64;

interface OpenElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
}

/**
 * The same tree as parseXml makes of it, several times quicker when it is done for the first thousand times, and with
 * little garbage; undefined for what is not plain or not well-formed, for which parseXml has the last word.
 */
export function parsePlainXml(text: string): XmlElement | undefined {
  if (notPlain.test(text)) {
    return undefined;
  }
  const path: OpenElement[] = [];
  let root: OpenElement | undefined;
  for (let at = 0; at < text.length;) {
    const parent = path.at(-1);
    const open = text.indexOf('<', at);
    const close = text.indexOf('>', open);
    if (open < 0 || close < 0 || (parent === undefined && (root !== undefined || open > at))) {
      return undefined;
    }
    if (open > at) {
      const resolved = resolve(text.slice(at, open));
      if (resolved === undefined) {
        return undefined;
      }
      parent?.children.push(resolved);
    }
    if (text[open + 1] === '/') {
      if (path.pop()?.name !== text.slice(open + 2, close)) {
        return undefined;
      }
    } else {
      const empty = text[close - 1] === '/';
      const element = readTag(text.slice(open + 1, empty ? close - 1 : close));
      if (element === undefined || path.length >= maxDepth) {
        return undefined;
      }
      parent?.children.push(element);
      root ??= element;
      if (!empty) {
        path.push(element);
      }
    }
    at = close + 1;
  }
  return path.length === 0 ? root : undefined;
}

/** As parseXml, and quickly where the text allows it. @throws XmlError */
export function parseQuickly(text: string): XmlElement {
  return parsePlainXml(text.trimEnd()) ?? parseXml(text);
}

/** `name a='1' b='2'`; undefined for anything else, such as double quotes. */
function readTag(tag: string): OpenElement | undefined {
  const space = tag.search(/\s/);
  const name = space < 0 ? tag : tag.slice(0, space);
  if (!plainName.test(name)) {
    return undefined;
  }
  const attributes: Record<string, string> = {};
  for (let at = name.length; tag.slice(at).trim() !== '';) {
    const equals = tag.indexOf("='", at);
    const end = tag.indexOf("'", equals + 2);
    const key = tag.slice(at, equals).trimStart();
    const value = equals < 0 || end < 0 ? undefined : resolve(tag.slice(equals + 2, end));
    const spaced = key.length < equals - at;
    if (
      value === undefined ||
      !spaced ||
      !plainName.test(key) ||
      key === '__proto__' ||
      Object.hasOwn(attributes, key)
    ) {
      return undefined;
    }
    attributes[key] = value;
    at = end + 1;
  }
  return { name, attributes, children: [] };
}

/** With the five entities of XML resolved; undefined when there is any other reference, or a bare `>` or `<`. */
function resolve(text: string): string | undefined {
  if (text.includes('>') || text.includes('<')) {
    return undefined;
  }
  if (!text.includes('&')) {
    return text;
  }
  return unknownReference.test(text)
    ? undefined
    : text.replace(knownReference, (_, name: string) => characters[name] ?? '');
}
