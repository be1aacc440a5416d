// A snapshot with RAM for which the guest stands still for some milliseconds, however fast it writes: QEMU guards its
// pages, lets it run on, and writes each page before it is changed. The result is an ordinary external snapshot.
// Measured with libvirt 11.3 and 12.8: decision 26 has the figures.
import { setTimeout as later } from 'node:timers/promises';
import {
  VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC,
  VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
  VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA,
  VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
  VIR_DOMAIN_XML_MIGRATABLE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { MadeFile } from '../../domain/hostFiles.js';
import { adoptSnapshot } from './adoptSnapshot.js';
import { diskStates } from './diskState.js';
import { removeMade } from './filesAsMade.js';
import { whilePaused } from './pausedGuest.js';
import { NotSeamless, type Overlay, overlaysOf, prepare, type SeamlessStep, abortLeftSave } from './prepareSeamless.js';
import { blockCommit } from './runCommitStep.js';
import type { SeamlessAccess, StepContext } from './stepContext.js';
import { writeSnapshotXml } from '../xml/snapshotXml.js';
import {
  cancelStream,
  abortBackgroundSave,
  isBackgroundSnapshotOn,
  MonitorError,
  readStream,
  readWrites,
  startStream,
  type Stream,
} from './monitor.js';

/** While the guest stands still. */
const lookEveryMs = 1;
const progressEveryMs = 50;
/**
 * A guest that writes now and then has written when it did so last: right after that is the best moment to leave it
 * running.
 */
const quietMs = 100;
const mostQuietLooks = 3;
/** For QEMU to guard the RAM and keep the state of its devices. */
const mostStillMs = 60_000;

/** The guest wrote in the middle: its disks would be older than its RAM. */
class GuestWroteError extends Error {
  override readonly name = 'Disturbed';
}

/**
 * | the guest's disks                    | the disks are switched | the guest stands still | → |
 * |--------------------------------------|------------------------|------------------------|---|
 * | were not written for a tenth of a second | while it runs  | for what QEMU needs    | kept, if nothing was written until then |
 * | the same                             | while it runs          | the same               | written meanwhile: merged back, and once more as below |
 * | were written                         | while it stands still  | from before that       | kept |
 * | any, with other VMs at one moment    | while all stand still  | from before that       | kept |
 */
export async function takeSeamlessly(context: StepContext, step: SeamlessStep, access: SeamlessAccess): Promise<void> {
  if (context.moment !== undefined) {
    await take(context, step, access, 'still');
    return;
  }
  try {
    await take(context, step, access, 'mayRun');
  } catch (error) {
    if (!(error instanceof GuestWroteError)) {
      throw error;
    }
    if (context.signal.aborted) {
      throw new Failure('cancelled', { vm: context.vm.name, doing: 'createSnapshot' }, { cause: error });
    }
    context.log.info(`${step.name}: ${error.message}; once more while it stands still`);
    await take(context, step, access, 'still');
  }
}

/**
 * | broke off                                        | → |
 * |--------------------------------------------------|---|
 * | before the disks were switched                   | NotSeamless: nothing was touched |
 * | by QEMU, which takes no stream (AppArmor)        | the overlays are merged back while the guest runs; NotSeamless: all is as before |
 * | after that, before the RAM is whole              | the same; Failure, or Disturbed |
 * | after that                                       | Failure; the journal has what libvirt must be told: see adoptSteps |
 */
async function take(
  context: StepContext,
  step: SeamlessStep,
  access: SeamlessAccess,
  how: 'mayRun' | 'still',
): Promise<void> {
  const { connection, dom, log, onProgress } = context;
  const overlays = overlaysOf(context, step);
  const { xml } = await connection.call('domainGetXmlDesc', {
    dom,
    flags: VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE,
  });
  const parent = await currentName(context);
  const prepared = await prepare(context, step, overlays, xml, access);
  const createdAt = Date.now();
  let ended: Promise<void> | undefined;
  try {
    const { uri, writes } = prepared;
    if (how === 'mayRun' && (await isQuiet(context, writes))) {
      await switchAndBegin(context, step, uri);
    } else {
      how = 'still';
      await whilePaused(context, () => switchAndBegin(context, step, uri));
    }
    onProgress({ cancellable: true });
    await requireGuarded(context);
    await untilWritten(context);
    // What is left on would do harm: where it stays, the end of the operation defines the snapshot in libvirt.
    ended = abortBackgroundSave(context);
    // Rejects below.
    ended.catch(() => undefined);
    await prepared.saved.finish();
  } catch (error) {
    await ended?.catch(() => undefined);
    await abortLeftSave(context);
    await prepared.saved.discard();
    if (!(await standsOn(context, overlays))) {
      await removeMade(context, prepared.made);
      // The moment of all is over.
      throw context.moment === undefined
        ? new NotSeamless(String(error), { cause: error })
        : failureOf(context, step, error);
    }
    await mergeBack(context, overlays, prepared.made);
    if (error instanceof GuestWroteError && how === 'mayRun') {
      throw error;
    }
    throw failureOf(context, step, error);
  }
  await ended;
  const below = overlays.map(({ target, below: file, format }) => ({ target, file, format }));
  await adoptSnapshot(context, {
    kind: 'adoptSnapshot',
    made: step,
    below,
    state: 'running',
    createdAt,
    ...(parent === undefined ? {} : { parent }),
  });
  log.info(`${step.name} was taken while the guest ran on${how === 'mayRun' ? ', and was not stopped for it' : ''}`);
}

function failureOf({ dom, moment }: StepContext, { name }: SeamlessStep, error: unknown): unknown {
  return error instanceof MonitorError ||
    error instanceof GuestWroteError ||
    (error instanceof NotSeamless && moment !== undefined)
    ? new Failure('failed', { vm: dom.name, snapshot: name, libvirtMessage: error.message }, { cause: error })
    : error;
}

/** Whether nothing was written since there were so many writes, or for a moment since. */
async function isQuiet(context: StepContext, before: number): Promise<boolean> {
  for (let looks = 0; ; looks++) {
    const writes = await readWrites(context);
    if (writes === before || looks === mostQuietLooks || context.signal.aborted) {
      return writes === before;
    }
    before = writes;
    await later(quietMs);
  }
}

/**
 * QEMU ends all writes that are under way before it switches, and before it keeps the state of the devices.
 * @throws Disturbed where the guest wrote to a disk between the two: it ran, or another client let it run
 */
async function switchAndBegin(context: StepContext, step: SeamlessStep, uri: string): Promise<void> {
  const writes = await readWrites(context);
  await switchDisks(context, step);
  try {
    await startStream(context, uri);
  } catch (error) {
    throw error instanceof MonitorError ? new NotSeamless(error.message, { cause: error }) : error;
  }
  await untilPages(context);
  if ((await readWrites(context)) !== writes) {
    throw new GuestWroteError('the guest wrote before its RAM was kept');
  }
}

/**
 * QEMU lets nobody change it while a stream is going: one that is on now was on when it began. Without it the RAM would
 * be that of the stream's end, and the disks of its begin.
 */
async function requireGuarded(context: StepContext): Promise<void> {
  if (!(await isBackgroundSnapshotOn(context))) {
    throw new MonitorError('migrate: somebody switched background-snapshot off');
  }
}

/** libvirt writes nothing down yet: until the RAM is whole there is no such snapshot. */
async function switchDisks({ connection, dom, vm }: StepContext, step: SeamlessStep): Promise<void> {
  const { memoryFile: _, ...withoutRam } = step;
  const xmlDesc = writeSnapshotXml(
    { ...withoutRam, snapshotKind: 'disk' },
    vm.disks.map(({ target }) => target),
  );
  const flags =
    VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
    VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC |
    VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT |
    VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA;
  await connection.call('domainSnapshotCreateXml', { dom, xmlDesc, flags });
}

/** "active" alone is too early: QEMU says so before it keeps the state of the devices. */
async function untilPages(context: StepContext): Promise<void> {
  const until = performance.now() + mostStillMs;
  for (;;) {
    const stream = await readStream(context);
    if (stream.state === 'completed' || stream.hasPages) {
      return;
    }
    requireGoing(stream);
    if (performance.now() > until) {
      throw new MonitorError('migrate: no page was written in a minute');
    }
    await later(lookEveryMs);
  }
}

function requireGoing({ state, said }: Stream): void {
  if (state === 'failed' || state === 'none') {
    throw new MonitorError(`migrate: ${said ?? state}`);
  }
}

/** Who cancelled was told that it can be: that holds until the RAM is seen to be whole. */
async function untilWritten(context: StepContext): Promise<void> {
  const { signal, onProgress, vm } = context;
  for (let cancelled = false; ;) {
    const stream = await readStream(context);
    if (stream.state !== 'going' && (cancelled || (stream.state === 'completed' && signal.aborted))) {
      throw new Failure('cancelled', { vm: vm.name, doing: 'createSnapshot' });
    }
    if (stream.state === 'completed') {
      return;
    }
    requireGoing(stream);
    if (signal.aborted && !cancelled) {
      cancelled = true;
      await cancelStream(context);
    }
    const fraction = stream.ramBytes === 0 ? 0 : Math.min(1, stream.writtenBytes / stream.ramBytes);
    onProgress({ fraction, cancellable: !cancelled });
    await later(progressEveryMs);
  }
}

async function standsOn({ connection, dom }: StepContext, overlays: readonly Overlay[]): Promise<boolean> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const states = diskStates(xml);
  return overlays.some(({ target, file }) => states.get(target)?.file === file);
}

async function mergeBack(context: StepContext, overlays: readonly Overlay[], made: readonly MadeFile[]): Promise<void> {
  const whole = { ...context, signal: new AbortController().signal };
  for (const { target, file: top, below: base, format: baseFormat } of overlays) {
    await blockCommit(whole, { kind: 'blockCommit', target, top, base, baseFormat, merged: [top] });
  }
  await removeMade(context, made);
}

async function currentName({ connection, dom }: StepContext): Promise<string | undefined> {
  const current = connection.call('domainSnapshotCurrent', { dom, flags: 0 });
  return (await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, current))?.snap.name;
}
