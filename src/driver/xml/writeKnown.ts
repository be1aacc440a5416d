// Writes an element anew: what the table of known XML has of it, and nothing else. Names of other namespaces are in no
// table. Pure.
import { knownDevices } from './knownDevicesXml.js';
import { knownDomain } from './knownDomainXml.js';
import { element, elementsOf, textOf, type XmlElement } from './xmlTree.js';

type Values = 'plain' | 'any' | readonly string[];

interface Value {
  readonly values: Values;
  readonly ofHost: boolean;
}

/** One line of the table, with what stands below it. */
interface KnownXml {
  readonly ofHost: boolean;
  readonly attributes: Map<string, Value>;
  text?: Values;
  readonly children: Map<string, KnownXml[]>;
  readonly blocks: string[];
}

let table: ReadonlyMap<string, readonly KnownXml[]> | undefined;

/** The elements that documents begin with, and blocks of children. */
function knownTop(name: string): readonly KnownXml[] {
  table ??= readTable();
  return table.get(name) ?? [];
}

function readTable(): ReadonlyMap<string, readonly KnownXml[]> {
  const top = emptyLine(false);
  const path = [top];
  for (const line of `${knownDomain}${knownDevices}`.split('\n').filter((one) => one !== '')) {
    const depth = line.search(/\S/u);
    const [word = '', ...words] = line.trim().split(' ');
    const known = emptyLine(word.startsWith('!'));
    words.forEach((one) => readWord(known, one));
    const name = word.replace('!', '');
    const { children } = path[depth] ?? top;
    children.set(name, [...(children.get(name) ?? []), known]);
    path.splice(depth + 1, path.length, known);
  }
  return top.children;
}

function emptyLine(ofHost: boolean): KnownXml {
  return { ofHost, attributes: new Map(), children: new Map(), blocks: [] };
}

function readWord(known: KnownXml, word: string): void {
  if (word.startsWith('&')) {
    known.blocks.push(word);
    return;
  }
  const [, host = '', name = '', star = '', values] = /^(!?)([^*=]+)(\*?)(?:=(.*))?$/u.exec(word) ?? [];
  const allowed = values === undefined ? (star === '' ? 'plain' : 'any') : values.split(',');
  if (name === '#') {
    known.text = allowed;
  } else {
    known.attributes.set(name, { values: allowed, ofHost: host !== '' });
  }
}

/** Itself, then the blocks that it refers to. */
function withBlocks(known: KnownXml): readonly KnownXml[] {
  return [known, ...known.blocks.flatMap((name) => knownTop(name).flatMap(withBlocks))];
}

export function knownChildren(known: KnownXml, name: string): readonly KnownXml[] {
  return withBlocks(known).flatMap(({ children }) => children.get(name) ?? []);
}

export function knownRoot(name: 'domain' | 'domainsnapshot' | 'cookie'): KnownXml {
  const [known] = knownTop(name);
  if (known === undefined) {
    throw new RangeError(name);
  }
  return known;
}

/**
 * @param lines of the table, for elements of this name
 * @param allowsHost parts of the host too
 * @returns undefined where no line fits, or nothing of it is left
 */
export function writeKnown(of: XmlElement, lines: readonly KnownXml[], allowsHost: boolean): XmlElement | undefined {
  const known = isOfLibvirt(of) ? lines.find((line) => fits(of, line, allowsHost)) : undefined;
  return known === undefined ? undefined : writeLine(of, known, allowsHost);
}

function writeLine(of: XmlElement, known: KnownXml, allowsHost: boolean): XmlElement | undefined {
  const attributes = Object.entries(attributesOf(of)).filter(([name, value]) => {
    const found = attributeIn(known, name);
    return found !== undefined && (allowsHost || !found.ofHost) && isAllowed(value, found.values);
  });
  const text = textOf(of) ?? '';
  const children = elementsOf(of).flatMap(
    (child) => writeKnown(child, knownChildren(known, child.name), allowsHost) ?? [],
  );
  const written = element(of.name, Object.fromEntries(attributes), [
    ...(known.text !== undefined && text !== '' ? [text] : []),
    ...children,
  ]);
  return isEmpty(written) && !isEmpty(of) ? undefined : written;
}

function isEmpty(one: XmlElement): boolean {
  return (
    Object.keys(attributesOf(one)).length === 0 && elementsOf(one).length === 0 && (textOf(one) ?? '').trim() === ''
  );
}

/** Neither by a prefix nor by a default namespace of another. */
export function isOfLibvirt({ name, attributes }: XmlElement): boolean {
  return !name.includes(':') && (!Object.hasOwn(attributes, 'xmlns') || attributes['xmlns'] === '');
}

/** Without those of other namespaces. */
export function attributesOf({ attributes }: XmlElement): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== 'xmlns' && !name.includes(':')));
}

function attributeIn(known: KnownXml, name: string): Value | undefined {
  return withBlocks(known).flatMap(({ attributes }) => attributes.get(name) ?? [])[0];
}

function fits(of: XmlElement, known: KnownXml, allowsHost: boolean): boolean {
  const text = textOf(of) ?? '';
  return (
    (allowsHost || !known.ofHost) &&
    (known.text === undefined || isAllowed(text, known.text)) &&
    Object.entries(attributesOf(of)).every(([name, value]) => {
      const values = attributeIn(known, name)?.values;
      return typeof values !== 'object' || isAllowed(value, values);
    })
  );
}

const longestPlain = 1_024;

function isAllowed(value: string, values: Values): boolean {
  switch (values) {
    case 'any':
      return true;
    case 'plain':
      return value.length <= longestPlain && !/[/\\\p{Cc}]/u.test(value.trim());
    default:
      return values.includes(value.trim());
  }
}
