// Creates a snapshot: by one call of libvirt, or seamlessly by QEMU itself, and what is seen beside it.
import { Failure } from '../../domain/failure.js';
import type { MadeFile, NewOverlay } from '../../domain/hostFiles.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import {
  VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
  VIR_DOMAIN_SNAPSHOT_CREATE_LIVE,
  VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE,
  VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
} from '../../libvirt/flags.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import type { StepOutcome } from '../hypervisor.js';
import { readPower } from '../powerState.js';
import { toFailure } from '../toFailure.js';
import { parseSnapshotHead, writeSnapshotXml } from '../xml/snapshotXml.js';
import { diskStates } from './diskState.js';
import { setClockAlone } from './guestClock.js';
import { GuestPause } from './guestPause.js';
import { isEndOfCancelled, memoryJobLook, watchWhile } from './jobWatch.js';
import { withLeftovers } from './leftovers.js';
import { LiveSave } from './liveSave.js';
import { leastQemu, MonitorError, readStream } from './monitor.js';
import { createOverlay, removeMade } from './filesAsMade.js';
import { judgeWhileOff } from './openImages.js';
import { whilePaused } from './pausedGuest.js';
import { NotSeamless } from './prepareSeamless.js';
import type { CreateStep, StepOfKind } from '../../steps/step.js';
import { takeSeamlessly } from './seamlessSnapshot.js';
import type { StepContext } from './stepContext.js';
import { readableOverlays } from '../../domain/knownVersions.js';
import { isDevicePath } from '../../domain/devicePath.js';

/**
 * | style    | kind    | flags                              |
 * |----------|---------|------------------------------------|
 * | internal | memory, offline | none                       |
 * | external | memory  | LIVE if asked for, or if a seamless one cannot be had: the guest runs on while its RAM is written |
 * | external | disk    | DISK_ONLY, and QUIESCE if asked for |
 * | external | offline | DISK_ONLY                          |
 *
 * libvirt has no quiesced snapshot with RAM and none of a VM that is off: QUIESCE requires DISK_ONLY and a running
 * agent. There is no internal snapshot of a running VM's disks alone.
 */
export function createFlags({
  style,
  snapshotKind: kind,
  quiesce,
  live = false,
}: StepOfKind<'createSnapshot'>): number {
  if (style === 'internal' || kind === 'memory') {
    return style === 'external' && live ? VIR_DOMAIN_SNAPSHOT_CREATE_LIVE : 0;
  }
  return VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY | (quiesce && kind === 'disk' ? VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE : 0);
}

/**
 * Not idempotent: a name that is taken is a failure of kind `exists`. A second run, after a lost connection, first
 * checks whether the snapshot exists.
 */
export async function createSnapshot(context: StepContext, step: StepOfKind<'createSnapshot'>): Promise<StepOutcome> {
  if (step.style === 'internal' && step.snapshotKind === 'disk') {
    throw new Failure('invalid', { vm: context.vm.name, snapshot: step.name });
  }
  const pause = new GuestPause(context.events, context.vm.uuid);
  try {
    const tried = await trySeamlessly(context, step);
    if (tried === 'taken') {
      const guestPausedMs = await pause.waitForPause(true);
      return { seamless: true, ...(guestPausedMs === undefined ? {} : { guestPausedMs }) };
    }
    if (tried === 'notMeant') {
      return await takeAsLibvirt(context, step, pause);
    }
    // One that is live has a moment of its own.
    const otherwise = context.moment === undefined ? ({ ...step, live: true } as const) : step;
    return { ...(await takeAsLibvirt(context, otherwise, pause)), ...tried };
  } finally {
    pause.dispose();
  }
}

async function takeAsLibvirt(
  context: StepContext,
  step: StepOfKind<'createSnapshot'>,
  pause: GuestPause,
): Promise<StepOutcome> {
  const { connection, dom, vm, moment } = context;
  const targets = vm.disks.map((disk) => disk.target);
  await judgeWhileOff(context);
  const overlays = await makeOwnOverlays(context, step);
  const live = step.live === true ? new LiveSave(context, step.mostBytes) : undefined;
  const cancelling = new AbortController();
  try {
    const create = (): Promise<unknown> =>
      connection.call('domainSnapshotCreateXml', {
        dom,
        xmlDesc: writeSnapshotXml(step, targets),
        flags: createFlags(step) | (overlays.length > 0 ? VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT : 0),
      });
    const created = moment === undefined ? create() : whilePaused(context, create);
    if (step.style === 'external' && step.snapshotKind === 'memory') {
      context.onProgress({ cancellable: true });
      await watchWhile(
        created,
        context,
        memoryJobLook({ ...context, onCancelling: () => cancelling.abort() }, undefined, live),
      );
      await live?.settle();
    } else {
      // Nothing else is asked of the VM meanwhile: during an internal memory snapshot it would hang.
      await created;
    }
    await requireInTime(context, step);
    const guestPausedMs = await pause.waitForPause(
      moment !== undefined || (step.snapshotKind === 'memory' && vm.power === 'running'),
    );
    // Not awaited: a guest that is slow to answer holds nobody up.
    void catchUp(context, step, guestPausedMs ?? 0);
    return guestPausedMs === undefined ? {} : { guestPausedMs };
  } catch (error) {
    await live?.settle();
    const failure =
      live?.gaveUpAt !== undefined
        ? outrunFailure(context, step, live.gaveUpAt, error)
        : cancelling.signal.aborted && isEndOfCancelled(error)
          ? new Failure('cancelled', { vm: vm.name, snapshot: step.name }, { cause: error })
          : await withTakenName(context, step, error);
    // One whose answer is not known may stand on them.
    if (error instanceof LibvirtError) {
      await removeUnused(context, step, overlays);
    }
    throw await withLeftovers(context, step, failure);
  }
}

/** What stood against it where it cannot be: then nothing was touched. */
async function trySeamlessly(
  context: StepContext,
  step: StepOfKind<'createSnapshot'>,
): Promise<'taken' | 'notMeant' | Required<Pick<StepOutcome, 'notSeamless'>>> {
  const { memoryFile } = step;
  const { seamless: access, log, vm } = context;
  if (step.seamless !== true || memoryFile === undefined || access === undefined) {
    return 'notMeant';
  }
  try {
    await takeSeamlessly(context, { ...step, memoryFile }, access);
    return 'taken';
  } catch (error) {
    if (error instanceof NotSeamless && (await isToStayOn(context))) {
      log.warn(`${step.name} cannot be seamless: ${error.message}`);
      return { notSeamless: error.message };
    }
    throw error instanceof NotSeamless
      ? new Failure('refused', { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal }, { cause: error })
      : await withLeftovers(context, step, error);
  }
}

/**
 * libvirt takes a snapshot of a VM that is off by the time it comes to it, with RAM that is nowhere: measured with 11.3
 * and 12.8.
 *
 * | libvirt says | its QEMU                                   | → |
 * |--------------|--------------------------------------------|---|
 * | off          |                                            | no |
 * | on           | has just died, and libvirt has not heard of it | no: it does not answer |
 * | on           | is being saved, or moved, by another client | no: it ends with that |
 * | on           | any other                                  | yes |
 */
async function isToStayOn(context: StepContext): Promise<boolean> {
  const { connection, dom, capabilities } = context;
  if (!isActive((await readPower(connection, dom)).power)) {
    return false;
  }
  if (capabilities.hypervisor < leastQemu) {
    // It was not asked before, and is not marked for it now.
    return true;
  }
  try {
    const { type: job } = await connection.call('domainGetJobStats', { dom, flags: 0 });
    return job === 0 && (await readStream(context)).state !== 'going';
  } catch (error) {
    if (error instanceof MonitorError || error instanceof LibvirtError) {
      context.log.debug(`${dom.name} does not answer: ${error.message}`);
      return false;
    }
    throw error;
  }
}

/**
 * Another client's job may have ended in front of ours, and the VM with it: libvirt looks whether it is on before it
 * waits for that, and takes the snapshot afterwards.
 *
 * | asked for                      | libvirt took it of a VM that is off                                | → |
 * |--------------------------------|--------------------------------------------------------------------|---|
 * | internal, or of a VM that is off | it says so itself                                                | good |
 * | RAM in a file                  | that nobody wrote                                                  | fails |
 * | disks                          | beside a managed save, which would be continued below the overlays | fails |
 * | disks                          | no managed save                                                    | good, and better than asked for |
 */
async function requireInTime(context: StepContext, step: StepOfKind<'createSnapshot'>): Promise<void> {
  const { connection, dom, vm } = context;
  if (step.style === 'internal' || step.snapshotKind === 'offline') {
    return;
  }
  const { xml } = await connection.call('domainSnapshotGetXmlDesc', { snap: { name: step.name, dom }, flags: 0 });
  if (parseSnapshotHead(xml).state !== 'off') {
    return;
  }
  const { result: saved } = await connection.call('domainHasManagedSaveImage', { dom, flags: 0 });
  if (step.snapshotKind === 'memory' || saved !== 0) {
    const { refusal } = refuse('stalePlan', { vm: vm.name });
    throw new Failure('stopped', { vm: vm.name, snapshot: step.name, refusal });
  }
}

function outrunFailure(
  { vm }: StepContext,
  { name }: StepOfKind<'createSnapshot'>,
  bytes: number,
  cause: unknown,
): Failure {
  return new Failure('failed', { vm: vm.name, snapshot: name, outrunBytes: bytes }, { cause });
}

async function removeUnused(
  context: StepContext,
  step: StepOfKind<'createSnapshot'>,
  made: readonly MadeFile[],
): Promise<void> {
  if (made.length === 0) {
    return;
  }
  try {
    const { xml } = await context.connection.call('domainGetXmlDesc', { dom: context.dom, flags: 0 });
    const used = new Set([...diskStates(xml).values()].map(({ file }) => file));
    await removeMade(
      context,
      made.filter(({ path }) => !used.has(path)),
    );
  } catch (error) {
    context.log.warn(`the overlays of ${step.name} stay: ${String(error)}`);
  }
}

/** A clock that is less behind is not worth a jump. */
const leastBehindMs = 200;

/** A guest that stood still has lost that time. One that a revert is about to stop needs none. Never rejects. */
async function catchUp(context: StepContext, step: StepOfKind<'createSnapshot'>, pausedMs: number): Promise<void> {
  const { vm } = context;
  if (pausedMs >= leastBehindMs && vm.power === 'running' && vm.agentConnected && step.auto !== 'revert') {
    await setClockAlone(context, 'stop');
  }
}

/** A taken name has no code of its own; whether it is taken can be asked. */
async function withTakenName(
  context: StepContext,
  step: StepOfKind<'createSnapshot'>,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof LibvirtError) || error.code !== errorCodes.VIR_ERR_OPERATION_FAILED) {
    return error;
  }
  const failure = toFailure(error, { vm: context.vm.name, snapshot: step.name });
  if (failure.kind !== 'failed') {
    return failure;
  }
  try {
    await context.connection.call('domainSnapshotLookupByName', { dom: context.dom, name: step.name, flags: 0 });
    return new Failure('exists', failure.details, { cause: error });
  } catch (lookupError) {
    context.log.debug(`the name is not taken: ${String(lookupError)}`);
    return failure;
  }
}

type Context = Pick<StepContext, 'capabilities' | 'files' | 'log' | 'vm' | 'onMade'>;

/**
 * The overlays of a snapshot of a VM that is off, all or none, made before libvirt is told to use them: up to 11.9 it
 * has them made by qemu-img, readable by every user of the host (CVE-2025-13193). Ours have the owner and the mode of
 * what they stand on.
 *
 * | snapshot                                    | libvirt      | → made by |
 * |---------------------------------------------|--------------|-----------|
 * | external, VM off, all overlays are files on files | up to 11.9 | us, or libvirt where we cannot |
 * | any other                                   | any          | libvirt   |
 */
async function makeOwnOverlays(
  { capabilities, files, log, vm, onMade }: Context,
  step: CreateStep,
): Promise<readonly MadeFile[]> {
  const overlays = step.disks.flatMap(({ target, file }) =>
    overlayOf(
      vm.disks.find((one) => one.target === target),
      file,
    ),
  );
  if (
    !readableOverlays(capabilities.libvirt, { style: step.style, kind: step.snapshotKind }) ||
    overlays.length < step.disks.length
  ) {
    return [];
  }
  const made: MadeFile[] = [];
  try {
    for (const overlay of overlays) {
      await createOverlay(files, overlay, made, onMade);
    }
    return made;
  } catch (error) {
    log.warn(`libvirt makes the overlays of ${step.name}, for we cannot: ${String(error)}`);
    await removeMade({ files, log }, made);
    return [];
  }
}

function overlayOf(
  disk: StepContext['vm']['disks'][number] | undefined,
  file: string | undefined,
): readonly NewOverlay[] {
  const backing = disk?.source;
  return disk === undefined || backing?.startsWith('/') !== true || file?.startsWith('/') !== true || isDevicePath(file)
    ? []
    : [{ file, backing, backingFormat: disk.format }];
}
