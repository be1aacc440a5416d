// What an element had that was not written of it, in words for a person. Pure.
import { loopback } from './apartXml.js';
import { attribute, elementsOf, find, textOf, type XmlElement } from './xmlTree.js';

/** What stands in the first and not in what was written of it. */
export function lossesOf(of: XmlElement, written: XmlElement, path: string): readonly string[] {
  const losses: string[] = [];
  for (const [name, value] of Object.entries(of.attributes)) {
    if (attribute(written, name) !== value && !isQuietAttribute(path, name)) {
      losses.push(`${path} ${name}=${short(value)}`);
    }
  }
  const text = textOf(of)?.trim() ?? '';
  if (text !== '' && text !== textOf(written)?.trim()) {
    losses.push(`${path} ${short(text)}`);
  }
  const left = [...elementsOf(written)];
  for (const child of elementsOf(of)) {
    const at = bestOf(child, left);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    const name = `${path}/${child.name}`;
    if (found !== undefined) {
      losses.push(...lossesOf(child, found, name));
    } else if (!isQuiet(name, child)) {
      losses.push(nameOf(name, child));
    }
  }
  return losses;
}

function bestOf({ name, attributes }: XmlElement, left: readonly XmlElement[]): number {
  const isSame = (one: XmlElement): boolean =>
    one.name === name && Object.entries(one.attributes).every(([key, value]) => attributes[key] === value);
  const at = left.findIndex(isSame);
  return at >= 0 ? at : left.findIndex((one) => one.name === name);
}

/** With the first of its values that is a path, or what else tells of it. */
export function nameOf(path: string, of: XmlElement): string {
  const values = valuesIn(of);
  const told =
    values.find((value) => value.includes('/')) ??
    ['bridge', 'dev', 'network', 'pool', 'file', 'path', 'host', 'type', 'model', 'name']
      .map((name) => attribute(find(of, 'source'), name) ?? attribute(of, name))
      .find((value) => value !== undefined) ??
    textOf(of)?.trim();
  return told === undefined || told === '' ? path : `${path} ${short(told)}`;
}

function valuesIn(of: XmlElement): readonly string[] {
  return [...Object.values(of.attributes), textOf(of)?.trim() ?? '', ...elementsOf(of).flatMap(valuesIn)];
}

function short(value: string): string {
  return value.length > 200 ? `${value.slice(0, 199)}…` : value;
}

/** What libvirt gives a VM that runs, and gives it anew. */
export function isQuiet(path: string, of: XmlElement): boolean {
  switch (of.name) {
    case 'alias':
      return true;
    case 'seclabel':
      return attribute(of, 'type') === 'dynamic' && find(of, 'label') !== undefined;
    case 'source': {
      const own = attribute(of, 'path') ?? '';
      return (
        /^(?:serial|parallel|console|channel)\//u.test(path) &&
        ((own === '' && attribute(of, 'host') === undefined) ||
          /^\/dev\/pts\/\d+$|^\/(?:var\/lib|run)\/libvirt\/qemu\/channel\/|\/libvirt\/qemu\/(?:lib\/|run\/)?channel\//u.test(
            own,
          ))
      );
    }
    case 'listen':
      return loopback.includes(attribute(of, 'address') ?? '');
    default:
      return /^interface\/target$/u.test(path) && /^(?:vnet|macvtap|tap)\d+$/u.test(attribute(of, 'dev') ?? '');
  }
}

function isQuietAttribute(path: string, name: string): boolean {
  return (
    name.startsWith('xmlns') ||
    (name === 'tty' && /^(?:console|serial)$/u.test(path)) ||
    (/^interface\/source$/u.test(path) && ['portid', 'bridge'].includes(name)) ||
    (path === 'graphics' && ['port', 'autoport'].includes(name)) ||
    (path === 'disk' && name === 'type')
  );
}
