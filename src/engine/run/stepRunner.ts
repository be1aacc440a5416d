// Carries out one step, is seen at it, and writes down what it became.
import type { Hypervisor, RunOptions, StepOutcome } from '../../driver/hypervisor.js';
import { Failure } from '../../domain/failure.js';
import { isUnnamedPart, type MadeFile } from '../../domain/hostFiles.js';
import type { VmRef } from '../../domain/vm.js';
import type { Step } from '../../steps/step.js';
import type { Snapshot, SnapshotKind } from '../../domain/snapshot.js';
import { virshLine } from '../../steps/virshCommand.js';
import { asFailure } from '../../domain/asFailure.js';
import { type Clock, within } from '../../base/clock.js';
import type { FreshLook } from '../look/freshLook.js';
import { ownerOf } from '../../journal/madeFiles.js';
import type { Persistence } from '../../journal/persistence.js';
import { markOfUs, nameOfMark } from '../../journal/processMark.js';
import type { Lease } from '../leases/leases.js';
import { parseDescription, writeDescription, type RamWritten, type Consistency } from '../../domain/description.js';

/** Nobody waits longer for a picture of what is about to be kept: a display over a slow line, or one that hangs. */
const longestLookMs = 1_000;

/** `begun`: the operation has begun before, so that the step is no change of its own. */
interface HowToRun extends Pick<RunOptions, 'begun' | 'moment'> {
  readonly estimateMs?: number | undefined;
}

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

export class StepRunner {
  readonly #look: FreshLook;
  readonly #clock: Clock;
  readonly #marks: Persistence['marks'];
  readonly #thumbnails: Persistence['thumbnails'];
  readonly #made: Persistence['made'];
  readonly #frozen: Persistence['frozen'];
  /** For whom this step has begun to make files. */
  readonly #parts = new Set<string>();

  constructor(
    look: FreshLook,
    clock: Clock,
    { marks, thumbnails, made, frozen }: Pick<Persistence, 'marks' | 'thumbnails' | 'made' | 'frozen'>,
  ) {
    this.#look = look;
    this.#clock = clock;
    this.#marks = marks;
    this.#thumbnails = thumbnails;
    this.#made = made;
    this.#frozen = frozen;
  }

  /** Rejects with the step's Failure. */
  async run(lease: Lease, hypervisor: Hypervisor, step: Step, how: HowToRun = {}): Promise<StepOutcome> {
    const shown = step.kind === 'createSnapshot' ? await this.#display(lease, hypervisor, step) : undefined;
    const outcome = await this.#do(lease, hypervisor, step, how);
    if (this.#parts.delete(partsOf(lease.request.vm))) {
      await this.removeParts(lease, hypervisor);
    }
    if (step.kind === 'discardClone') {
      await this.#made.forget(lease.request.vm.uuid);
      await this.#frozen.forget(lease.request.vm);
    }
    if (step.kind === 'createSnapshot' || step.kind === 'adoptSnapshot') {
      await this.#keepTruth(lease, hypervisor, step.kind === 'adoptSnapshot' ? step.made : step, outcome, shown);
    }
    return outcome;
  }

  /** What a display shows before its RAM is kept, small. The snapshot is good without, so nothing fails here. */
  async #display(
    { request, log }: Lease,
    { guests }: Hypervisor,
    { snapshotKind }: CreateStep,
  ): Promise<Uint8Array | undefined> {
    const { vm } = this.#look.view(request.vm);
    if (snapshotKind !== 'memory' || vm.display !== true) {
      return undefined;
    }
    try {
      return await within(this.#clock, longestLookMs, guests.thumbnailOf(vm.uuid), undefined);
    } catch (error) {
      log.debug(`what the display shows is not kept: ${asFailure(error).line}`);
      return undefined;
    }
  }

  async #do(
    lease: Lease,
    hypervisor: Hypervisor,
    step: Step,
    { estimateMs, begun = false, moment }: HowToRun,
  ): Promise<StepOutcome> {
    const { request, status, signal, log } = lease;
    if (signal.aborted) {
      throw new Failure('cancelled');
    }
    await lease.requireHeld();
    const { vm } = this.#look.view(request.vm);
    const command = virshLine([step], vm, hypervisor.uri);
    status.begin(step.kind, estimateMs);
    log.debug(`begins: ${command}`);
    const began = this.#clock.ticks();
    const took = (): string => `${String(Math.round(this.#clock.ticks() - began))} ms`;
    try {
      const outcome = await hypervisor.run(vm, step, {
        signal,
        begun,
        ...(moment !== undefined && { moment }),
        onProgress: (progress) => status.report(progress),
        onMade: (made) => this.#recordMade(request, made),
      });
      log.info(`${command}  # ${took()}${pauseWords(step, vm.power, outcome.guestPausedMs)}`);
      return outcome;
    } catch (error) {
      const failure = asFailure(error);
      log.error(`${command}  # failed after ${took()}: ${failure.line}`);
      throw failure;
    }
  }

  /** Of a VM that is there, only what stays where we are killed: what is whole is known by its name. */
  async #recordMade(request: Lease['request'], made: MadeFile): Promise<void> {
    if (request.kind === 'clone') {
      await this.#made.add(request.clone.uuid, made);
    } else if (isUnnamedPart(made.path)) {
      const owner = partsOf(request.vm);
      this.#parts.add(owner);
      await this.#made.add(owner, made);
    }
  }

  /** Removes what a step has left half made. Nothing depends on it, so nothing fails here. */
  async removeParts(lease: Lease, hypervisor: Hypervisor): Promise<void> {
    const owner = partsOf(lease.request.vm);
    try {
      const own = new Map<string, string>();
      for (const { path, identity } of await this.#made.of(owner)) {
        if (identity !== undefined && (await hypervisor.files.identity(path)) === identity) {
          own.set(path, identity);
        }
      }
      if (own.size > 0) {
        const step = { kind: 'removeFiles', files: [...own.keys()], identities: Object.fromEntries(own) } as const;
        await this.#do(lease, hypervisor, step, {});
      }
      await this.#made.forget(owner);
    } catch (error) {
      lease.log.warn(`what is half made stays for now: ${asFailure(error).line}`);
    }
  }

  /** What was not known before the snapshot was there. It is good without, so nothing fails here. */
  async #keepTruth(
    lease: Lease,
    hypervisor: Hypervisor,
    step: CreateStep,
    outcome: StepOutcome,
    shown?: Uint8Array,
  ): Promise<void> {
    const { request, log } = lease;
    try {
      const [made] = await hypervisor.readSnapshots(request.vm.uuid, [step.name]);
      const kind = otherKind(step, made);
      if (kind !== undefined) {
        log.warn(
          `${step.name} was to be of kind ${step.snapshotKind} and became ${kind}: the VM's state changed just before`,
        );
      }
      if (made !== undefined) {
        await this.#record(lease, step, made);
        await this.#date(lease, made);
        if (shown !== undefined) {
          await this.#thumbnails.keep(request.vm, made.createdAt, shown);
        }
      }
      const description = trueDescription(step, kind, outcome);
      if (description !== undefined) {
        await this.#do(
          lease,
          hypervisor,
          { kind: 'describeSnapshot', snapshot: step.name, description },
          { begun: true },
        );
      }
    } catch (error) {
      log.warn(`what became of ${step.name} could not be kept with it: ${asFailure(error).kind}`);
    }
  }

  /** One that is over already, as of an operation that is done again, would go at once. */
  async #date({ request, log }: Lease, { name, createdAt }: Snapshot): Promise<void> {
    const until = request.kind === 'create' ? request.until : undefined;
    if (until === undefined || until <= createdAt) {
      return;
    }
    try {
      await this.#marks.kept.add(request.vm, { name, createdAt, until });
    } catch (error) {
      log.warn(`${name} has no date, and stays: ${asFailure(error).message}`);
    }
  }

  async #record({ request, log, recovers }: Lease, { auto }: CreateStep, { name, createdAt }: Snapshot): Promise<void> {
    if (auto === undefined) {
      return;
    }
    try {
      const target = request.kind === 'revert' ? { target: request.snapshot } : {};
      const stays = recovers === undefined ? {} : { stays: recovers };
      const by =
        auto === 'reading'
          ? { by: nameOfMark(await markOfUs()) }
          : request.kind === 'create' && request.by !== undefined
            ? { by: request.by }
            : {};
      await this.#marks.auto.add(request.vm, { name, why: auto, createdAt, ...target, ...by, ...stays });
    } catch (error) {
      log.warn(`nothing will vouch for ${name}, which we took unasked: ${asFailure(error).message}`);
    }
  }
}

/** Words for the log: only a snapshot of a running VM stops it at all. */
function pauseWords(step: Step, power: string, guestPausedMs: number | undefined): string {
  if (guestPausedMs !== undefined) {
    return `, the guest stood still for ${String(Math.round(guestPausedMs))} ms`;
  }
  return step.kind === 'createSnapshot' && power === 'running' ? ', the guest stood still too short to see' : '';
}

/**
 * The kind that it became, if that is another than it was to be: libvirt decides by the VM's state at its own moment,
 * and another client can have switched the VM on or off since we looked.
 */
function otherKind(
  { snapshotKind: kind }: CreateStep,
  made: Pick<Snapshot, 'kind'> | undefined,
): SnapshotKind | undefined {
  return made === undefined || made.kind === kind ? undefined : made.kind;
}

/** The description that is true of it; undefined when the one that it was made with is. */
function trueDescription(step: CreateStep, kind: SnapshotKind | undefined, outcome: StepOutcome): string | undefined {
  const { guestPausedMs } = outcome;
  if (kind === undefined && guestPausedMs === undefined) {
    return undefined;
  }
  const { text, trailers } = parseDescription(step.description);
  return writeDescription(text, {
    ...trailers,
    ...(kind === undefined ? {} : { consistency: consistencyOf(kind) }),
    ...(guestPausedMs === undefined ? {} : { guestPausedMs, ...ramWritten(step, kind, outcome) }),
  });
}

/** Records a pause that was measured: the next one of the same way is expected to take as long. */
function ramWritten(
  { snapshotKind, style, live }: CreateStep,
  kind: SnapshotKind | undefined,
  { seamless, notSeamless }: StepOutcome,
): { readonly ramWritten?: RamWritten } {
  if (snapshotKind !== 'memory' || kind !== undefined || style !== 'external') {
    return {};
  }
  return {
    ramWritten: seamless === true ? 'seamless' : live === true || notSeamless !== undefined ? 'live' : 'stopped',
  };
}

function consistencyOf(kind: SnapshotKind): Consistency {
  return kind === 'disk' ? 'crash-consistent' : kind;
}

/** In place of a UUID: what is recorded by that is a clone's own. */
function partsOf({ connection, uuid }: VmRef): string {
  return ownerOf(connection, uuid);
}
