// The limits of the disks and networks of a running VM, as QEMU and the host keep them now. Those of its configuration
// stay as they are: they hold again when the VM was off.
import { Failure } from '../../domain/failure.js';
import { hasLimits, isSameLimits, type Limits, limitsIn, sharedGroups, type Tuning } from '../../domain/speed.js';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_AFFECT_LIVE, VIR_TYPED_PARAM_STRING_OKAY } from '../../libvirt/flags.js';
import type { TypedParameter } from '../../libvirt/structs.js';
import type { StepOf } from '../../steps/stepDefinition.js';
import type { StepContext } from './stepContext.js';
import { attribute, elementsOf, find, parseXml, type XmlElement } from '../xml/xmlTree.js';

/** For others libvirt has no limits. */
const limitedKinds: readonly (string | undefined)[] = ['network', 'bridge', 'direct', 'ethernet'];
const flags = VIR_DOMAIN_AFFECT_LIVE;
const ofDisk = /^(?:(?:total|read|write)_(?:bytes|iops)_sec(?:_max(?:_length)?)?|size_iops_sec)$/u;
const ofGroup = 'group_name';
/** A floor belongs to the network. */
const ofNetwork = /^(?:in|out)bound\.(?:average|peak|burst)$/u;

type Dom = Parameters<typeof paramsOfDisk>[1];

export async function readTuning(connection: Connection, uuid: string): Promise<Tuning> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { targets, macs } = devicesIn((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml);
  const disks: Record<string, Limits> = {};
  const groups: [string, string | undefined][] = [];
  for (const target of targets) {
    const params = await paramsOfDisk(connection, dom, target);
    disks[target] = limitsOf(params, ofDisk);
    groups.push([target, groupOf(params)]);
  }
  const networks: Record<string, Limits> = {};
  for (const mac of macs) {
    networks[mac] = await limitsOfNetwork(connection, dom, mac);
  }
  return { disks, networks, ...sharedGroups(groups) };
}

/** Rejects with a Failure where they are not seen afterwards. */
export async function setLimits(
  { connection, dom, vm }: StepContext,
  { to, from }: StepOf<'setLimits'>,
): Promise<void> {
  const { uuid } = vm;
  const before = await readTuning(connection, uuid);
  const wanted = limitsIn(before, to, from);
  for (const [disk, limits] of Object.entries(wanted.disks)) {
    const was = before.disks[disk] ?? {};
    const group = wanted.groups?.[disk];
    const isOther = group !== undefined && group !== before.groups?.[disk];
    if (isOther || !isSameLimits(was, limits)) {
      const params = [
        ...paramsOf(was, limits, ofDisk, (value) => ({ type: 'ullong', value: BigInt(value) })),
        ...(isOther ? [{ field: ofGroup, value: { type: 'string', value: group } } as const] : []),
      ];
      await connection.call('domainSetBlockIoTune', { dom, disk, params, flags });
    }
  }
  for (const [device, limits] of Object.entries(wanted.networks)) {
    const was = before.networks[device] ?? {};
    if (!isSameLimits(was, limits)) {
      const params = paramsOf(was, limits, ofNetwork, (value) => ({ type: 'uint', value }));
      await connection.call('domainSetInterfaceParameters', { dom, device, params, flags });
    }
  }
  if (!hasLimits(await readTuning(connection, uuid), wanted)) {
    throw new Failure('failed', { vm: vm.name, libvirtMessage: 'libvirt has set other limits than it was asked for' });
  }
}

/**
 * What was limited and is to be no longer gets a 0. The length of a burst that is to be none is 1, as QEMU has it then:
 * libvirt keeps the one before for a 0 or none, and QEMU refuses a length without a burst.
 */
function paramsOf(
  was: Limits,
  to: Limits,
  names: RegExp,
  valueOf: (value: number) => TypedParameter['value'],
): readonly TypedParameter[] {
  const all = new Set([...Object.keys(was), ...Object.keys(to)].filter((name) => names.test(name)));
  return [...all].flatMap((field) => {
    const wanted = to[field] ?? 0;
    const value = Number.isSafeInteger(wanted) ? Math.max(0, wanted) : 0;
    return [{ field, value: valueOf(value === 0 && field.endsWith('_length') ? 1 : value) }];
  });
}

async function paramsOfDisk(
  connection: Connection,
  dom: { readonly name: string; readonly uuid: string; readonly id: number },
  disk: string,
): Promise<readonly TypedParameter[]> {
  const asked = { dom, disk, flags: flags | VIR_TYPED_PARAM_STRING_OKAY };
  const { nparams } = await connection.call('domainGetBlockIoTune', { ...asked, nparams: 0 });
  return (await connection.call('domainGetBlockIoTune', { ...asked, nparams })).params;
}

function groupOf(params: readonly TypedParameter[]): string | undefined {
  const { value } = params.find(({ field }) => field === ofGroup) ?? {};
  return value?.type === 'string' && value.value !== '' ? value.value : undefined;
}

async function limitsOfNetwork(connection: Connection, dom: Dom, device: string): Promise<Limits> {
  const { nparams } = await connection.call('domainGetInterfaceParameters', { dom, device, nparams: 0, flags });
  const { params } = await connection.call('domainGetInterfaceParameters', { dom, device, nparams, flags });
  return limitsOf(params, ofNetwork);
}

function limitsOf(params: readonly TypedParameter[], names: RegExp): Limits {
  return Object.fromEntries(
    params.flatMap(({ field, value }) => {
      const number = names.test(field) ? Number(value.value) : 0;
      return number > 0 ? [[field, number] as const] : [];
    }),
  );
}

/** @throws XmlError */
function devicesIn(xml: string): { readonly targets: readonly string[]; readonly macs: readonly string[] } {
  const devices = find(parseXml(xml), 'devices');
  const all = devices === undefined ? [] : elementsOf(devices);
  const partOf = (one: XmlElement, name: string): XmlElement | undefined =>
    elementsOf(one).find((part) => part.name === name);
  return {
    targets: all
      .filter((one) => one.name === 'disk' && (attribute(one, 'device') ?? 'disk') === 'disk')
      .flatMap((one) => attribute(partOf(one, 'target'), 'dev') ?? []),
    macs: all
      .filter((one) => one.name === 'interface' && limitedKinds.includes(attribute(one, 'type')))
      .flatMap((one) => attribute(partOf(one, 'mac'), 'address') ?? []),
  };
}
