// What we write into the configuration of a VM that was restored beside the one that was backed up: their guests are
// alike, so that one may answer for the other on a network. Pure.
import { attribute, element as e, elementsOf, find, textOf, type XmlElement } from './xmlTree.js';
import { changeChildren, isElement } from './xmlChange.js';

/** libvirt keeps one element of each namespace. */
const namespace = 'urn:virt-rewind:origin:1';
const uuidPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u;

/** UUID of the VM that it is a copy of. */
export function originOf(domain: XmlElement): string | undefined {
  const mark = elementsOf(find(domain, 'metadata') ?? e('metadata')).find(isMark);
  return attribute(mark, 'of')?.toLowerCase();
}

/** @param from as it was backed up */
export function withOrigin(domain: XmlElement, from: XmlElement): XmlElement {
  const of = textOf(find(from, 'uuid'))?.trim().toLowerCase() ?? '';
  if (!uuidPattern.test(of)) {
    return domain;
  }
  const bare = withoutOrigin(domain);
  const own = find(bare, 'metadata');
  const metadata = e('metadata', own?.attributes, [...(own?.children ?? []), e('origin', { xmlns: namespace, of })]);
  return { ...bare, children: [...bare.children.filter((node) => !isElement(node, 'metadata')), metadata] };
}

export function withoutOrigin(domain: XmlElement): XmlElement {
  return changeChildren(domain, 'metadata', (own) => ({
    ...own,
    children: own.children.filter((node) => !isElement(node) || !isMark(node)),
  }));
}

function isMark({ name, attributes }: XmlElement): boolean {
  return name === 'origin' && attributes['xmlns'] === namespace;
}
