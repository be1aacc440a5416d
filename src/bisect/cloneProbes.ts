// Clones of restore points to be tried: made beside the VM, which is not touched, started, waited for, checked,
// discarded.
import { type Clock, systemClock } from '../base/clock.js';
import type { Bisect, BisectPoint, BisectProbe, BisectTry } from '../domain/bisect.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Snapshot } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { throwAwayUnused } from '../engine/clones.js';
import type { RunOperationOptions } from '../engine/operationRunner.js';
import { waitFor } from '../engine/waitFor.js';
import { BisectStop } from './bisectStop.js';
import type { Probes } from './bisectRun.js';
import { checkClone, type CheckOptions, type Clone } from './checks.js';

export type ProbesEngine = Pick<
  EnginePort,
  | 'readTree'
  | 'refresh'
  | 'findVm'
  | 'guests'
  | 'readInterrupted'
  | 'finishInterrupted'
  | 'runOperation'
  | 'usesSinceMade'
>;

/** A person asked for the bisect, and for none of its clones: no undo is meant for them. */
const unasked: Pick<RunOperationOptions, 'unasked'> = { unasked: true };

interface CloneProbesOptions extends Pick<CheckOptions, 'environment' | 'ask' | 'clock'> {
  readonly engine: ProbesEngine;
  readonly bisect: Bisect;
}

export class CloneProbes implements Probes {
  readonly #options: CloneProbesOptions;
  readonly #engine: ProbesEngine;
  readonly #clock: Clock;

  constructor(options: CloneProbesOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#clock = options.clock ?? systemClock;
  }

  async judge(point: BisectPoint, probe: BisectProbe, signal: AbortSignal): Promise<BisectTry | undefined> {
    const { bisect } = this.#options;
    const ref = this.#refOf(probe);
    try {
      await this.#engine.runOperation(await cloneRequest(this.#engine, bisect, point, probe), {
        ...unasked,
        signal,
      });
      await this.#engine.refresh({ vm: ref });
      if (bisect.start === 'started') {
        await this.#engine.runOperation({ kind: 'power', vm: ref, action: 'start' }, { ...unasked, signal });
        if (!(await this.#isUp(ref, signal))) {
          return signal.aborted ? undefined : { verdict: 'skip', why: 'noStart' };
        }
      }
      return await checkClone(
        {
          ...this.#options,
          ...bisect,
          guests: this.#engine.guests,
          readVm: async () => (await this.#read(ref)).vm,
        },
        point,
        await this.#read(ref),
        signal,
      );
    } catch (error) {
      if (signal.aborted) {
        return undefined;
      }
      throw error;
    }
  }

  async remove(probe: BisectProbe): ReturnType<Probes['remove']> {
    const vm = this.#refOf(probe);
    await this.#engine.refresh({ connection: vm.connection });
    if (this.#engine.findVm(vm) === undefined) {
      await this.#endMaking(probe);
    }
    return this.#engine.findVm(vm) === undefined ? [] : throwAwayUnused(this.#engine, vm, probe.name, unasked);
  }

  /**
   * A process that died while it defined a clone has left its files. The next operation on the VM would define the
   * clone, although its purpose is lost.
   * @throws Failure where that is left to a person
   */
  async #endMaking({ uuid, name }: BisectProbe): Promise<void> {
    const { vm } = this.#options.bisect;
    for (const { id, request, recovery } of await this.#engine.readInterrupted(vm)) {
      if (request.kind !== 'clone' || request.clone.uuid !== uuid) {
        continue;
      }
      if (recovery.kind === 'explain') {
        throw new Failure('refused', { refusal: recovery.why });
      }
      const steps = recovery.kind === 'steps' ? recovery.plan.steps : [];
      const outcomes = await this.#engine.finishInterrupted(vm, [{ id, steps }]);
      if (outcomes.some((outcome) => outcome === 'failed' || outcome === 'explained')) {
        throw new Failure('failed', { vm: name, connection: vm.connection, doing: 'remove a clone' });
      }
    }
    // Also where somebody else was quicker.
    await this.#engine.refresh({ connection: vm.connection });
  }

  /**
   * For its agent, where one is configured. Who types at the console, or looks, waits itself; a program on this
   * computer judges also what does not come up.
   */
  async #isUp(ref: VmRef, signal: AbortSignal): Promise<boolean> {
    const { check, startMs } = this.#options.bisect;
    const { vm } = await this.#read(ref);
    if (check.kind === 'guest' && !vm.agentChannel) {
      throw new BisectStop({ kind: 'noAgent', vm: this.#options.bisect.vmName });
    }
    if (check.kind === 'console' || check.kind === 'person' || !vm.agentChannel) {
      return true;
    }
    const { outcome } = await waitFor(
      { what: 'agent', vm: ref.uuid, connection: ref.connection, atMostMs: startMs },
      { clock: this.#clock, signal, readVm: async () => (await this.#read(ref)).vm },
    );
    return outcome === 'there' || (check.kind === 'host' && outcome === 'late');
  }

  async #read(ref: VmRef): Promise<Clone> {
    await this.#engine.refresh({ vm: ref });
    const view = this.#engine.findVm(ref);
    if (view === undefined) {
      throw new Failure('notFound', { vm: ref.uuid, connection: ref.connection });
    }
    return { ref, vm: view.vm };
  }

  #refOf({ uuid }: BisectProbe): VmRef {
    return { connection: this.#options.bisect.vm.connection, uuid };
  }
}

/** Linked, where the restore point is files; of what is inside of an image a copy. @throws BisectStop */
async function cloneRequest(
  engine: Pick<ProbesEngine, 'readTree'>,
  { vm, network }: Pick<Bisect, 'vm' | 'network'>,
  point: BisectPoint,
  { uuid, name }: Pick<BisectProbe, 'uuid' | 'name'>,
): Promise<OperationRequest> {
  const { style } = await stillThere(engine, vm, point);
  const way = style === 'external' ? 'linked' : 'full';
  return { kind: 'clone', vm, clone: { uuid, name }, way, snapshot: point.name, network };
}

/** @throws BisectStop where it is another one by now */
async function stillThere(
  engine: Pick<ProbesEngine, 'readTree'>,
  vm: VmRef,
  { name, title, createdAt }: BisectPoint,
): Promise<Snapshot> {
  const found = findSnapshot(await engine.readTree(vm), name);
  if (found?.createdAt !== createdAt) {
    throw new BisectStop({ kind: 'snapshotChanged', snapshot: title });
  }
  return found;
}
