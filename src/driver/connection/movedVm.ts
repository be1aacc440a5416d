// A VM that goes to another host: what it needs there, how it stands, and how its own host forgets it.
import type { Capabilities } from '../../domain/capabilities.js';
import type { KnownDocuments, MovedNeeds, StandingVm, VmDocuments } from '../../domain/copiedVm.js';
import { Failure } from '../../domain/failure.js';
import type { PowerReason } from '../../domain/vm.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY,
  VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  VIR_DOMAIN_XML_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { readPower } from '../powerState.js';
import { tpmFlag } from '../run/runForkSteps.js';
import { parseEmulators } from '../xml/anewXml.js';
import { type BroughtParts, broughtParts, lackingIn, withOwnEmulators } from '../xml/movedXml.js';
import { readDocuments } from './readDocuments.js';

interface Place {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
}

/** Why one that is off is known to have been on: a daemon that was started again does not tell. */
const endsOfRuns: ReadonlySet<PowerReason> = new Set(['shutDown', 'destroyed', 'crashed', 'saved']);

export async function needs({ connection }: Place, documents: VmDocuments): Promise<MovedNeeds> {
  const { definition, snapshots } = documents;
  const { capabilities } = await connection.call('connectGetCapabilities', {});
  const lacking = lackingIn(definition, capabilities);
  const emulators = parseEmulators(capabilities);
  const brought = [definition, ...snapshots.map(({ xml }) => xml)].map((xml) => broughtParts(xml, emulators));
  const all = <T>(list: (one: BroughtParts) => readonly T[]): readonly T[] => [...new Set(brought.flatMap(list))];
  const [emulator] = all((one) => one.emulators);
  return {
    ...(lacking !== undefined && { lacking }),
    unknown: all((one) => one.unknown),
    ofHost: all((one) => one.ofHost),
    ...(emulator !== undefined && { emulator }),
    documents: {
      ...documents,
      definition: withOwnEmulators(definition, emulators),
      snapshots: snapshots.map((one) => ({ ...one, xml: withOwnEmulators(one.xml, emulators) })),
    },
  };
}

export async function standing({ connection }: Place, uuid: string): Promise<StandingVm | undefined> {
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, connection.call('domainLookupByUuid', { uuid }));
  if (found === undefined) {
    return undefined;
  }
  const { dom } = found;
  const [{ power, powerReason }, { autostart }, { persistent }, listed] = await Promise.all([
    readPower(connection, dom),
    connection.call('domainGetAutostart', { dom }),
    connection.call('domainIsPersistent', { dom }),
    undefinedOnCode(
      errorCodes.VIR_ERR_NO_SUPPORT,
      connection.call('domainListAllCheckpoints', { dom, needResults: 0, flags: 0 }),
    ),
  ]);
  const of = { autostart: autostart !== 0, isPersistent: persistent !== 0, checkpoints: listed?.ret ?? 0 };
  const isOff = power === 'off';
  return { name: dom.name, isOff, hasRun: !isOff || endsOfRuns.has(powerReason), ...of };
}

export async function settleIn(
  { connection, capabilities }: Place,
  uuid: string,
  { autostart, isPersistent }: Pick<StandingVm, 'autostart' | 'isPersistent'>,
): Promise<void> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  if (autostart) {
    await connection.call('domainSetAutostart', { dom, autostart: 1 });
  }
  // One that has stopped meanwhile is not forgotten with its snapshots.
  if (!isPersistent && (await readPower(connection, dom)).power !== 'off') {
    const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    const flags = forgettingFlags(xml, capabilities, 'keeps') & ~VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
    await connection.call('domainUndefineFlags', { dom, flags });
  }
}

/** In one call: a VM is never left with a part of its snapshots. */
export async function letGo(
  place: Place,
  uuid: string,
  known: KnownDocuments,
  saved?: 'withSavedState',
): Promise<void> {
  const { connection, capabilities } = place;
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { definition, snapshots } = await readDocuments(place, uuid);
  const { power } = await readPower(connection, dom);
  if (power !== 'off' || definition !== known.definition || hasOther(snapshots, known)) {
    throw new Failure('refused', { vm: dom.name, doing: 'forget a VM that is moved' });
  }
  const more = saved === undefined ? 0 : VIR_DOMAIN_UNDEFINE_MANAGED_SAVE;
  await undefineOff(place, dom, definition, forgettingFlags(definition, capabilities, 'keeps') | more);
}

/**
 * libvirt also forgets a VM that somebody has started a moment ago: it and its snapshots last as long as it runs. Then
 * it is defined again.
 *
 * @throws Failure `refused` where it was started, or defined anew
 */
export async function undefineOff(
  { connection }: Pick<Place, 'connection'>,
  dom: Domain,
  xml: string,
  flags: number,
): Promise<void> {
  const { autostart } = await connection.call('domainGetAutostart', { dom });
  await connection.call('domainUndefineFlags', { dom, flags });
  const { uuid } = dom;
  const still = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, connection.call('domainLookupByUuid', { uuid }));
  if (still === undefined) {
    return;
  }
  if ((await connection.call('domainIsPersistent', { dom: still.dom })).persistent === 0) {
    const { dom: again } = await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
    await (autostart === 0 ? undefined : connection.call('domainSetAutostart', { dom: again, autostart }));
  }
  throw new Failure('refused', { vm: dom.name, doing: 'forget a VM that is off' });
}

/**
 * A VM with its snapshots, but not its UEFI variables: libvirt 9.0 (seen) undefines none with some, and its definition
 * may not name those that are in libvirt's own folder.
 * @param keeps nor the state of its TPM
 */
export function forgettingFlags(definition: string, capabilities: Capabilities, keeps?: 'keeps'): number {
  const tpm = tpmFlag(definition, capabilities, keeps);
  return VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM | tpm;
}

/** Others may have made or edited some a moment ago. */
function hasOther(snapshots: VmDocuments['snapshots'], known: KnownDocuments): boolean {
  return snapshots.some(({ name, xml }) => known.snapshots.find((one) => one.name === name)?.xml !== xml);
}

/**
 * Has libvirt forget snapshots of a VM in any state, and nothing else: it moves no VM that has any.
 *
 * @param known parents first: from the last one on none is ever without its parent
 */
export async function forgetSnapshots(place: Place, uuid: string, known: KnownDocuments): Promise<void> {
  const { connection } = place;
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  if (hasOther((await readDocuments(place, uuid)).snapshots, known)) {
    throw new Failure('refused', { vm: dom.name, doing: 'forget the snapshots of a VM that is moved' });
  }
  for (const { name } of [...known.snapshots].reverse()) {
    const snap = { name, dom };
    await undefinedOnCode(
      errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT,
      connection.call('domainSnapshotDelete', { snap, flags: VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY }),
    );
  }
}
