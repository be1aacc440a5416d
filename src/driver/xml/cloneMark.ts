// What we write into the configuration of a VM that we made of another one, so that it is known again. Pure.
import type { CloneMark } from '../../domain/clone.js';
import { attribute, element as e, elementsOf, find, textOf, type XmlElement } from './xmlTree.js';
import { changeChildren, isElement } from './xmlChange.js';

/** libvirt keeps one element of each namespace. */
const namespace = 'urn:virt-rewind:clone:1';

/**
 * Reads the mark of a clone. It is ignored if a part of it is missing. Tools that copy a VM copy its mark with it: the
 * copy has another UUID, and does not go by itself. Nor does one that somebody has given another name, for something
 * else.
 */
export function cloneMarkOf(domain: XmlElement): CloneMark | undefined {
  const mark = elementsOf(find(domain, 'metadata') ?? e('metadata')).find(isMark);
  const of = attribute(mark, 'of')?.toLowerCase();
  if (mark === undefined || of === undefined) {
    return undefined;
  }
  const snapshot = attribute(mark, 'snapshot');
  const hostKey = /^ssh-ed25519 [\w+/]{68}$/u.exec(attribute(mark, 'hostKey') ?? '')?.[0];
  const files = elementsOf(mark).flatMap((file) => textOf(file) ?? []);
  return {
    of,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(attribute(mark, 'disposable') === selfOf(domain) ? { disposable: true } : {}),
    files: files.filter((file) => file.startsWith('/')),
  };
}

/** In place of the one that it has: a clone of a clone is one of its own. */
export function withCloneMark(domain: XmlElement, { of, snapshot, disposable, hostKey, files }: CloneMark): XmlElement {
  const mark = e(
    'clone',
    {
      xmlns: namespace,
      of,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(disposable === true ? { disposable: selfOf(domain) } : {}),
      ...(hostKey === undefined ? {} : { hostKey }),
    },
    files.map((file) => e('file', {}, [file])),
  );
  const own = find(domain, 'metadata');
  const kept = (own?.children ?? []).filter((node) => !isElement(node) || !isMark(node));
  const metadata = e('metadata', own?.attributes, [...kept, mark]);
  const children = domain.children.filter((node) => !isElement(node, 'metadata'));
  return { ...domain, children: [...children, metadata] };
}

/** As a VM that stands for itself. */
export function withoutCloneMark(domain: XmlElement): XmlElement {
  return changeChildren(domain, 'metadata', (own) => ({
    ...own,
    children: own.children.filter((node) => !isElement(node) || !isMark(node)),
  }));
}

function selfOf(domain: XmlElement): string {
  return `${textOf(find(domain, 'uuid'))?.toLowerCase() ?? ''} ${textOf(find(domain, 'name')) ?? ''}`;
}

function isMark({ name, attributes }: XmlElement): boolean {
  return name === 'clone' && attributes['xmlns'] === namespace;
}
