// Small changes to a tree of XML, which stays as it was otherwise: its order, its white space, what nobody here knows.
import { element, type XmlElement, type XmlNode } from './xmlTree.js';

export function isElement(node: XmlNode | undefined, name?: string): node is XmlElement {
  return node !== undefined && typeof node !== 'string' && 'name' in node && (name === undefined || node.name === name);
}

/** With each child element of that name changed; undefined takes it away. */
export function changeChildren(
  parent: XmlElement,
  name: string,
  change: (child: XmlElement) => XmlElement | undefined,
): XmlElement {
  const children = parent.children.map((node) => (isElement(node, name) ? change(node) : node));
  return { ...parent, children: children.filter((node) => node !== undefined) };
}

/** With each description of the VM changed that a snapshot has; or the VM itself. */
export function changeDomains(root: XmlElement, change: (domain: XmlElement) => XmlElement): XmlElement {
  return root.name === 'domain'
    ? change(root)
    : changeChildren(changeChildren(root, 'domain', change), 'inactiveDomain', change);
}

/**
 * With this text in its only child of that name, which becomes the first one if there is none; an empty text takes it
 * away.
 * @param after the child behind which a new one is put instead
 */
export function withText(parent: XmlElement, name: string, text: string, after?: string): XmlElement {
  const children = parent.children.filter((node) => !isElement(node, name));
  const at = parent.children.findIndex((node) => isElement(node, name));
  const behind = after === undefined ? -1 : children.findIndex((node) => isElement(node, after));
  const place = at >= 0 ? at : behind + 1;
  const written = text === '' ? [] : [element(name, {}, [text])];
  return { ...parent, children: [...children.slice(0, place), ...written, ...children.slice(place)] };
}
