// Whether a VM's RAM can be kept while its guest runs on: by what can be seen first, then by QEMU itself, which guards
// the RAM for a moment. Changes nothing that lasts, but that libvirt marks a VM whose QEMU was asked.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_MESSAGE_TAINTING } from '../../libvirt/flags.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { NotSeamlessReason, Seamless } from '../../domain/seamless.js';
import { snapshotableDisks, type Vm } from '../../domain/vm.js';
import { readPower } from '../powerState.js';
import { readGuestMemory } from '../xml/guestMemoryXml.js';
import {
  isBackgroundSnapshotOn,
  leastQemu,
  MonitorError,
  readQemuVersion,
  readStream,
  setBackgroundSnapshot,
} from './monitor.js';
import type { SeamlessAccess } from './stepContext.js';

interface SeamlessProbe {
  readonly connection: Connection;
  readonly dom: Domain;
  readonly vm: Vm;
  readonly capabilities: Capabilities;
  /** Absent: the daemon's host is another computer. */
  readonly access: SeamlessAccess | undefined;
  /** Why this host denied QEMU the file of the last seamless snapshot. A trial does not come as far as that. */
  readonly denied?: string | undefined;
  readonly log: Log;
}

/** Rejects where the connection is lost, and where QEMU did not let go of the RAM again. */
export async function probeSeamless(probing: SeamlessProbe, how: 'look' | 'try'): Promise<Seamless> {
  try {
    const seen = await findObstacle(probing);
    if (seen !== undefined) {
      return seen;
    }
    if (how === 'look' && probing.denied !== undefined) {
      return no('refused', probing.denied);
    }
    return how === 'try' || (await isMarked(probing)) ? await tryCapability(probing) : { kind: 'untried' };
  } catch (error) {
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
    probing.log.warn(`whether the RAM of ${probing.vm.name} can be kept while it runs is not known: ${error.message}`);
    return no('unknown', error.message);
  }
}

async function findObstacle({
  connection,
  dom,
  vm,
  capabilities,
  access,
}: SeamlessProbe): Promise<Seamless | undefined> {
  if (capabilities.driver !== 'qemu' || capabilities.hypervisor < leastQemu || !capabilities.externalRevert) {
    return no('tooOld');
  }
  if (access === undefined) {
    return no('elsewhere');
  }
  const { power } = await readPower(connection, dom);
  if (power !== 'running') {
    return no('busy');
  }
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const { isQemusAlone, user } = readGuestMemory(xml);
  const odd = vm.devices?.find((device) => device !== '9p');
  if (!isQemusAlone || odd !== undefined) {
    return no('memory', odd);
  }
  const files = snapshotableDisks(vm).flatMap(({ source }) => source ?? []);
  return access.obstacle(files, user);
}

/**
 * libvirt says so in the daemon's language: in all of them that are known the word begins alike, or is not written in
 * ASCII.
 */
const marks = /monit|[^\p{ASCII}]/iu;

/** Whether QEMU's monitor was used by somebody since the VM was switched on, so that to ask it changes nothing more. */
async function isMarked({ connection, dom }: Pick<SeamlessProbe, 'connection' | 'dom'>): Promise<boolean> {
  const { msgs } = await connection.call('domainGetMessages', { dom, flags: VIR_DOMAIN_MESSAGE_TAINTING });
  return msgs.some((text) => marks.test(text));
}

async function tryCapability(probing: SeamlessProbe): Promise<Seamless> {
  const { connection, dom } = probing;
  const { type: job } = await connection.call('domainGetJobStats', { dom, flags: 0 });
  if (job !== 0) {
    return no('busy');
  }
  try {
    if ((await readQemuVersion(probing)) < leastQemu) {
      return no('tooOld');
    }
    const { state, blockers } = await readStream(probing);
    if (blockers.length > 0) {
      return no('refused', blockers.join('; '));
    }
    if (state === 'going' || (await isBackgroundSnapshotOn(probing))) {
      return no('busy');
    }
    await setBackgroundSnapshot(probing, true);
  } catch (error) {
    if (!(error instanceof MonitorError)) {
      throw error;
    }
    const why = error.message.includes('host kernel')
      ? await whyOfKernel(probing)
      : error.message.includes('guest memory')
        ? 'memory'
        : 'refused';
    return no(why, error.message);
  }
  await setBackgroundSnapshot(probing, false);
  return { kind: 'yes' };
}

/**
 * QEMU says "not supported by host kernel" to whatever keeps it from a guard.
 *
 * | its user may guard memory | → |
 * |---------------------------|---|
 * | no                        | kernel |
 * | by the device             | device: QEMU sees the devices alone that libvirt lets it see |
 * | yes                       | refused: its own words are all that is known |
 */
async function whyOfKernel({ connection, dom, access }: SeamlessProbe): Promise<'kernel' | 'device' | 'refused'> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const may = await access?.mayGuard(readGuestMemory(xml).user);
  return may === 'byDevice' ? 'device' : may === 'yes' ? 'refused' : 'kernel';
}

/**
 * Takes away a guard that somebody has left on, with no stream for which it is: with it, libvirt 9.0 saves RAM that
 * does not belong to the disks. Asked of VMs alone that are marked for it.
 * @returns whether there was one; it is off
 */
export async function dropLeftGuard(monitored: Pick<SeamlessProbe, 'connection' | 'dom'>): Promise<boolean> {
  if (!(await isMarked(monitored))) {
    return false;
  }
  const isLeft = (await readStream(monitored)).state !== 'going' && (await isBackgroundSnapshotOn(monitored));
  if (isLeft) {
    await setBackgroundSnapshot(monitored, false);
  }
  return isLeft;
}

function no(why: NotSeamlessReason, said?: string): Seamless {
  return { kind: 'no', why, ...(said === undefined ? {} : { said }) };
}
