// Makes clones, and takes them away again. One goes on from RAM of the VM that it was made of; or it goes, where that
// came to nothing. Each step may have been done before, in part or whole.
import {
  VIR_DOMAIN_DEVICE_MODIFY_LIVE,
  VIR_DOMAIN_PAUSED,
  VIR_DOMAIN_PAUSED_MIGRATION,
  VIR_DOMAIN_SAVE_PAUSED,
  VIR_DOMAIN_SAVE_RUNNING,
  VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
  VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  VIR_DOMAIN_UNDEFINE_KEEP_TPM,
  VIR_DOMAIN_UNDEFINE_TPM,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Connection } from '../../libvirt/connection.js';
import { Failure } from '../../domain/failure.js';
import type { Domain } from '../../libvirt/structs.js';
import type { StepOfKind } from '../../steps/step.js';
import { type Capabilities, versionOf } from '../../domain/capabilities.js';
import { hasTpm, isActive, type VmDisk } from '../../domain/vm.js';
import { readPower } from '../powerState.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { cardsOfClone, hasCards, writeClone, writeUnplugged } from '../xml/cloneXml.js';
import { untilNoJob } from './jobEnd.js';
import { removeThose } from './filesAsMade.js';
import { restoreVm } from './openImages.js';
import type { StepContext } from './stepContext.js';
import { refuse } from '../../domain/refusal.js';
import { requireOff } from './requireOff.js';
import { readSecure } from './runRedefineStep.js';

/**
 * Idempotent: one that is active has been restored. Whether a cable is in is part of the RAM, and what libvirt told
 * QEMU before is overwritten by it (`virtio_net_post_load_device`, `e1000_post_load`): a guest whose cables shall be
 * out stands still until they are.
 * @throws Failure `unsupported` where the file is on another host
 */
export async function restoreClone(context: StepContext, step: StepOfKind<'restoreClone'>): Promise<void> {
  const { connection, forks } = context;
  const { clone, file, network } = step;
  if (forks === undefined) {
    throw new Failure('unsupported', { path: file, libvirtMessage: 'the file is on another host' });
  }
  const { uuid } = clone;
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const { power } = await readPower(connection, dom);
  if (isActive(power)) {
    return;
  }
  const cables = new Set<string>();
  // libvirt takes out only what it takes for plugged in.
  let described = '';
  const describe = (saved: string): string => {
    described = writeClone(saved, { ...step, network: 'same' });
    writeUnplugged(described).forEach((card) => cables.add(card));
    return described;
  };
  const standsStill = (): boolean => network === 'unplugged' && cables.size > 0;
  await forks.withRam({ file, uuid, describe }, async (from) => {
    const flags = standsStill() ? VIR_DOMAIN_SAVE_PAUSED : VIR_DOMAIN_SAVE_RUNNING;
    await restoreVm({ ...context, dom }, { from, dxml: described, flags, isInside: true });
  });
  if (standsStill()) {
    await unplug(connection, dom);
    await connection.call('domainResume', { dom });
  }
}

async function unplug(connection: Connection, dom: Domain): Promise<void> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  for (const nic of writeUnplugged(xml)) {
    await connection.call('domainUpdateDeviceFlags', { dom, xml: nic, flags: VIR_DOMAIN_DEVICE_MODIFY_LIVE });
  }
}

/**
 * | the clone, by now                                        | → |
 * |----------------------------------------------------------|---|
 * | off                                                      | it goes, with its files |
 * | off, with a snapshot, saved RAM or a disk that was not made for it | stays: somebody has used it |
 * | stands still with a cable in that was to be out          | it goes too: its RAM came over, and it was not let go yet |
 * | stands still, and all cables that were to be out are out | goes on, and stays: that was all that was left to do |
 * | stands still since its RAM came over, no cable was to be out | the same |
 * | active otherwise                                         | stays: somebody has it |
 *
 * Idempotent.
 */
export async function undoClone(
  { connection, files, vm, log, capabilities }: StepContext,
  step: StepOfKind<'undoClone'>,
): Promise<void> {
  const call = connection.call('domainLookupByUuid', { uuid: step.clone.uuid });
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, call);
  if (found !== undefined) {
    // libvirt may still load what came over: it fails where the sender is gone.
    await untilNoJob(connection, found.dom);
  }
  if (step.handed !== undefined) {
    await files.remove(step.handed);
  }
  if (found !== undefined) {
    const { dom } = found;
    const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    const { power } = await readPower(connection, dom);
    const isOurs = parseDomainXml(xml).clone?.of === vm.uuid;
    const held = isOurs && power === 'paused' ? await cablesOf(connection, dom, xml) : 'asTheyWere';
    if (held === 'out' || (isOurs && held === 'asTheyWere' && (await waitsToGoOn(connection, dom)))) {
      await connection.call('domainResume', { dom });
    }
    const isUsed = power === 'off' && (await wasUsed(connection, dom, xml));
    if (!isOurs || isUsed || (isActive(power) && held !== 'in')) {
      log.info(`${step.clone.name} stays as it is`);
      return;
    }
    if (held === 'in') {
      await connection.call('domainDestroyFlags', { dom, flags: 0 });
    }
  }
  await removeThose({ files, log }, step);
  if (found !== undefined) {
    // Where it has none, it is asked to keep nothing.
    const { dom } = found;
    const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    const flags = VIR_DOMAIN_UNDEFINE_KEEP_NVRAM | tpmFlag(xml, capabilities);
    await connection.call('domainUndefineFlags', { dom, flags });
  }
}

async function wasUsed(connection: Connection, dom: Domain, xml: string): Promise<boolean> {
  const [{ num }, { result: saved }] = await Promise.all([
    connection.call('domainSnapshotNum', { dom, flags: 0 }),
    connection.call('domainHasManagedSaveImage', { dom, flags: 0 }),
  ]);
  const { disks, clone } = parseDomainXml(xml);
  const made = new Set(clone?.files);
  const isMade = ({ device, readonly, source = '' }: VmDisk): boolean =>
    device !== 'disk' || readonly || made.has(source);
  return num > 0 || saved !== 0 || !disks.every(isMade);
}

/**
 * Otherwise the state of one that is marked as persistent is kept, and each other's removed; the flags came with 8.9.
 * @param keeps what may be of another VM with its UUID
 */
export function tpmFlag(xml: string, { libvirt }: Capabilities, keeps?: 'keeps'): number {
  const flag = keeps === undefined ? VIR_DOMAIN_UNDEFINE_TPM : VIR_DOMAIN_UNDEFINE_KEEP_TPM;
  return libvirt >= versionOf(8, 9) && hasTpm(parseDomainXml(xml)) ? flag : 0;
}

/**
 * libvirt died between the two: at its start it ends those whose RAM had not come over whole (`qemuProcessReconnect`).
 */
async function waitsToGoOn(connection: Connection, dom: Domain): Promise<boolean> {
  const { state, reason } = await connection.call('domainGetState', { dom, flags: 0 });
  return state === VIR_DOMAIN_PAUSED && reason === VIR_DOMAIN_PAUSED_MIGRATION;
}

/** Whether the cables of a fork that must start without them are out by now. */
async function cablesOf(
  connection: Connection,
  dom: Domain,
  inactiveXml: string,
): Promise<'in' | 'out' | 'asTheyWere'> {
  if (!hasCards(inactiveXml) || writeUnplugged(inactiveXml).length > 0) {
    return 'asTheyWere';
  }
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  return writeUnplugged(xml).length > 0 ? 'in' : 'out';
}

/** A copy appears when it is whole. @throws Failure `exists` where somebody took its name meanwhile */
export async function copyImages(
  { files, signal, onProgress, onMade }: Pick<StepContext, 'files' | 'signal' | 'onProgress' | 'onMade'>,
  { disks }: StepOfKind<'copyImages'>,
): Promise<void> {
  for (const [index, { target: _, ...copy }] of disks.entries()) {
    onProgress({ fraction: index / disks.length, cancellable: true });
    const onFraction = (fraction: number): void =>
      onProgress({ fraction: (index + fraction) / disks.length, cancellable: true });
    await files.copyImage(copy, signal, onFraction, onMade);
  }
}

/** Idempotent, as `copyFile` is. */
export async function writeSeed(
  context: StepContext,
  { from, to, clone, snapshot }: StepOfKind<'writeSeed'>,
): Promise<void> {
  const { files, log, onMade } = context;
  const cards = cardsOfClone(await originalXml(context, snapshot), clone.uuid);
  try {
    await files.writeSeed({ from, to, clone, cards }, onMade);
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'exists') {
      throw error;
    }
    log.info(`${to} is there already and stays`);
  }
}

/** Idempotent: the same is defined again. */
export async function defineClone(context: StepContext, step: StepOfKind<'defineClone'>): Promise<void> {
  const { connection, files } = context;
  const { seed, mark } = step;
  const hostKey = seed === undefined ? undefined : await files.hostKeyOf(seed.file);
  const own = { ...step, mark: { ...mark, ...(hostKey !== undefined && { hostKey }) } };
  const xml = writeClone(await originalXml(context, step.snapshot), own);
  await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
}

/** Of the VM, or of its snapshot, with its passwords. */
async function originalXml(context: StepContext, snapshot: string | undefined): Promise<string> {
  const { connection, dom } = context;
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  return snapshot === undefined
    ? (await connection.call('domainGetXmlDesc', { dom, flags })).xml
    : readSecure(context, snapshot);
}

/**
 * The files first: as long as libvirt knows the VM, it can be begun again.
 * @throws Failure `refused` unless it is off, and a clone still
 */
export async function discardClone(
  { connection, dom, vm, files, log, capabilities }: StepContext,
  step: StepOfKind<'discardClone'>,
): Promise<void> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  if (parseDomainXml(xml).clone === undefined) {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('notOurClone', { vm: vm.name }).refusal });
  }
  await requireOff({ connection, dom, vm }, { action: 'discard' });
  await removeThose({ files, log }, step);
  await connection.call('domainUndefineFlags', {
    dom,
    flags:
      VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
      VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
      VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
      // libvirt would remove its variables by their name, or undefine none with some (forgettingFlags).
      VIR_DOMAIN_UNDEFINE_KEEP_NVRAM |
      tpmFlag(xml, capabilities),
  });
}
