// A VM that goes to another host: what it needs there, how it stands, and how its own host forgets it.
import type { Capabilities } from '../../domain/capabilities.js';
import type { Lacking, StandingVm, VmDocuments } from '../../domain/copiedVm.js';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY,
  VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  VIR_DOMAIN_XML_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { readPower } from '../powerState.js';
import { tpmFlag } from '../run/runForkSteps.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { lackingIn } from '../xml/movedXml.js';

interface Place {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
}

export async function lacking({ connection }: Place, { definition }: VmDocuments): Promise<Lacking | undefined> {
  const { capabilities } = await connection.call('connectGetCapabilities', {});
  return lackingIn(definition, capabilities);
}

export async function standing({ connection }: Place, uuid: string): Promise<StandingVm | undefined> {
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, connection.call('domainLookupByUuid', { uuid }));
  if (found === undefined) {
    return undefined;
  }
  const { dom } = found;
  const [{ power }, { autostart }, { persistent }, listed] = await Promise.all([
    readPower(connection, dom),
    connection.call('domainGetAutostart', { dom }),
    connection.call('domainIsPersistent', { dom }),
    undefinedOnCode(
      errorCodes.VIR_ERR_NO_SUPPORT,
      connection.call('domainListAllCheckpoints', { dom, needResults: 0, flags: 0 }),
    ),
  ]);
  const of = { autostart: autostart !== 0, isPersistent: persistent !== 0, checkpoints: listed?.ret ?? 0 };
  return { name: dom.name, isOff: power === 'off', ...of };
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
  { connection, capabilities }: Place,
  uuid: string,
  snapshots: readonly string[],
): Promise<void> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    throw new Failure('refused', { vm: dom.name, doing: 'forget a VM that is moved' });
  }
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  const flags = forgettingFlags(xml, capabilities, 'keeps');
  await requireNoOther(connection, dom, snapshots);
  await connection.call('domainUndefineFlags', { dom, flags });
}

/** A VM with its snapshots, but not its UEFI variables. @param keeps nor the state of its TPM */
export function forgettingFlags(definition: string, capabilities: Capabilities, keeps?: 'keeps'): number {
  const variables = parseDomainXml(definition).nvram === undefined ? 0 : VIR_DOMAIN_UNDEFINE_KEEP_NVRAM;
  return VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | variables | tpmFlag(definition, capabilities, keeps);
}

/** Others may have made some a moment ago. */
async function requireNoOther(connection: Connection, dom: Domain, known: readonly string[]): Promise<void> {
  const { snapshots } = await connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 });
  if (snapshots.some(({ name }) => !known.includes(name))) {
    throw new Failure('refused', { vm: dom.name, doing: 'forget the snapshots of a VM that is moved' });
  }
}

/**
 * Has libvirt forget snapshots of a VM in any state, and nothing else: it moves no VM that has any.
 *
 * @param names parents first: from the last one on none is ever without its parent
 */
export async function forgetSnapshots({ connection }: Place, uuid: string, names: readonly string[]): Promise<void> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  await requireNoOther(connection, dom, names);
  for (const name of [...names].reverse()) {
    const snap = { name, dom };
    await undefinedOnCode(
      errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT,
      connection.call('domainSnapshotDelete', { snap, flags: VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY }),
    );
  }
}
