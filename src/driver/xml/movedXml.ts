// What the definition of a VM asks of its host, compared with what another host says of itself. Pure.
import type { Lacking } from '../../domain/copiedVm.js';
import { changeChildren } from './xmlChange.js';
import { attribute, find, findAll, parseXml, textOf, writeXml } from './xmlTree.js';

/** @param capabilities the document of `virConnectGetCapabilities` */
export function lackingIn(definition: string, capabilities: string): Lacking | undefined {
  const domain = parseXml(definition);
  const type = attribute(domain, 'type') ?? '';
  const os = find(domain, 'os', 'type');
  const [arch, machine] = [attribute(os, 'arch') ?? '', attribute(os, 'machine')];
  const arches = findAll(parseXml(capabilities), 'guest')
    .filter((guest) => textOf(find(guest, 'os_type')) === textOf(os))
    .flatMap((guest) => findAll(guest, 'arch'))
    .filter((one) => attribute(one, 'name') === arch);
  const of = arches.flatMap((one) => findAll(one, 'domain').filter((each) => attribute(each, 'type') === type));
  if (of.length === 0) {
    return { what: 'guests', name: `${type} ${arch}` };
  }
  const known = [...arches, ...of].flatMap((one) => findAll(one, 'machine')).map((one) => textOf(one));
  return machine === undefined || known.includes(machine) ? undefined : { what: 'machine', name: machine };
}

/** @param targets as the guest names them */
export function withoutDisks(definition: string, targets: readonly string[]): string {
  if (targets.length === 0) {
    return definition;
  }
  const isOther = (target: string | undefined): boolean => target === undefined || !targets.includes(target);
  return writeXml(
    changeChildren(parseXml(definition), 'devices', (devices) =>
      changeChildren(devices, 'disk', (disk) => (isOther(attribute(find(disk, 'target'), 'dev')) ? disk : undefined)),
    ),
  );
}
