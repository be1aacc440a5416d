// Does the acts of a level: the operations of ours through what it is given, the rest with its guest and its files.
import type { DemoVm } from '../domain/demoVm.js';
import { Failure } from '../domain/failure.js';
import type { LayerCost } from '../domain/layerCost.js';
import type { OperationRequest } from '../domain/operation.js';
import type { VmRef } from '../domain/vm.js';
import { cloneRequest, throwAwayUnused } from '../engine/clones.js';
import type { EnginePort } from '../engine/enginePort.js';
import { UndoLook } from '../engine/undoLook.js';
import type { LessonFacts } from './lessonFacts.js';
import type { LessonGuest } from './lessonGuest.js';
import { findSnapshot } from './levelChecks.js';
import { type OwnCommandLine, runAsCommand } from './levelCommands.js';
import type { LevelAct } from './levelShape.js';

type Perform = (request: OperationRequest) => Promise<unknown>;

export interface ActsOptions {
  readonly engine: EnginePort;
  /** Our command line; absent: acts that use it cannot be done. */
  readonly commandLine?: OwnCommandLine;
  /** What so many layers cost in speed on this computer; it may put files into the folder for that time. */
  readonly measure: (folder: string, depths: readonly number[]) => Promise<readonly LayerCost[]>;
  /** Names of VMs that stay, because somebody has used them; none too. */
  readonly onStays?: (vms: readonly string[]) => void;
}

/** What an act leads to that the VM does not tell. */
interface ActResult {
  readonly wrote?: true;
  readonly costs?: readonly LayerCost[];
}

/** The operation that an act is; undefined where it is none, or the VM has no such snapshot. */
export function requestOf(act: LevelAct, vm: VmRef, facts: LessonFacts): OperationRequest | undefined {
  const { power, create, revert, rename, consolidate, prune } = act;
  const nameOf = (title: string | undefined): string | undefined =>
    title === undefined ? undefined : findSnapshot(facts, title)?.name;
  if (power !== undefined) {
    return { kind: 'power', vm, action: power };
  }
  if (create !== undefined) {
    return { kind: 'create', vm, snapshotKind: create.kind, style: create.style ?? 'external', title: create.title };
  }
  if (consolidate !== undefined) {
    return { kind: 'consolidate', vm };
  }
  const pruned = prune?.map(nameOf);
  if (pruned !== undefined) {
    const snapshots = pruned.filter((name) => name !== undefined);
    return snapshots.length === pruned.length ? { kind: 'prune', vm, snapshots } : undefined;
  }
  const snapshot = nameOf(revert?.to ?? act.delete ?? act.deleteBranch ?? rename?.snapshot);
  if (snapshot === undefined) {
    return undefined;
  }
  if (revert !== undefined) {
    return {
      kind: 'revert',
      vm,
      snapshot,
      after: revert.after ?? 'asSnapshot',
      checkpointFirst: revert.checkpoint ?? false,
    };
  }
  return rename === undefined
    ? { kind: 'delete', vm, snapshot, scope: act.delete === undefined ? 'withDescendants' : 'one' }
    : { kind: 'rename', vm, snapshot, title: rename.title };
}

/** Those of the VM that are known now. */
export function clonesOf(
  { connections }: Pick<EnginePort, 'connections'>,
  { connection, uuid }: VmRef,
): ReturnType<EnginePort['findVms']> {
  const beside = connections.find(({ uri }) => uri === connection)?.vms ?? [];
  return beside.filter(({ vm }) => vm.clone?.of === uuid);
}

/** @returns names of those that somebody has used, which stay @throws Failure */
export async function discardClones(engine: EnginePort, vm: VmRef): Promise<readonly string[]> {
  const stay: string[] = [];
  for (const { ref, vm: clone } of clonesOf(engine, vm)) {
    const uses = await throwAwayUnused(engine, ref, clone.name);
    if (uses.length > 0) {
      stay.push(clone.name);
    }
  }
  return stay;
}

export class LessonActs {
  readonly #vm: DemoVm;
  readonly #options: ActsOptions;
  readonly #guest: LessonGuest;

  constructor(vm: DemoVm, options: ActsOptions, guest: LessonGuest) {
    this.#vm = vm;
    this.#options = options;
    this.#guest = guest;
  }

  get #ref(): VmRef {
    return { connection: this.#vm.connection, uuid: this.#vm.uuid };
  }

  /** @param perform carries out an operation @throws Failure */
  async do(act: LevelAct, facts: LessonFacts, perform: Perform): Promise<ActResult> {
    const { write, count, measure, keep, undo, redo, lose, find, clone, discard } = act;
    if (write !== undefined) {
      const { at = 0, blocks = 128, seed = facts.writes + 1 } = write;
      await this.#guest.write({ at, blocks, seed });
      return { wrote: true };
    }
    if (count !== undefined) {
      await this.#guest.setCounter(count);
    } else if (measure !== undefined) {
      return { costs: await this.#pileLayers(measure, facts, perform) };
    } else if (keep !== undefined) {
      await this.#options.engine.setKept(this.#ref, [this.#require(findSnapshot(facts, keep)?.name)], 'kept');
    } else if (undo !== undefined || redo !== undefined) {
      await this.#undo(undo === undefined ? 'redo' : 'undo');
    } else if (lose !== undefined || find !== undefined) {
      this.#require(facts.power === 'off' ? true : undefined);
      await this.#guest.setLost(lose !== undefined);
    } else if (clone !== undefined) {
      const snapshot = this.#require(findSnapshot(facts, clone.of)?.name);
      const made = cloneRequest(this.#options.engine, this.#ref, { snapshot });
      await perform(clone.ram === undefined ? made : { ...made, ram: 'kept' });
      await this.#options.engine.refresh({ vm: { ...this.#ref, uuid: made.clone.uuid } });
    } else if (discard !== undefined) {
      const stay = await discardClones(this.#options.engine, this.#ref);
      this.#options.onStays?.(stay);
    } else if (!(await runAsCommand(act, this.#vm, this.#options.commandLine))) {
      await perform(this.#require(requestOf(act, this.#ref, facts)));
    }
    return {};
  }

  #require<T>(value: T | undefined): T {
    if (value === undefined) {
      throw new Failure('notFound', { vm: this.#vm.name });
    }
    return value;
  }

  async #undo(does: 'undo' | 'redo'): Promise<void> {
    const { engine } = this.#options;
    const { entry, way } = this.#require((await UndoLook.at(engine, this.#ref)).next(does));
    if (way.kind === 'operation') {
      await engine.runOperation(way.request, { undoes: entry.id, does });
    } else if (way.kind === 'mark') {
      await engine.mark(way.request, entry.id);
    } else {
      throw new Failure('refused', { vm: this.#vm.name, refusal: way.refusal });
    }
  }

  /** Snapshots until the disk has so many layers above its base. */
  async #pileLayers(layers: number, facts: LessonFacts, perform: Perform): Promise<readonly LayerCost[]> {
    const snapshotKind = facts.power === 'off' ? 'offline' : 'disk';
    for (let more = layers + 1 - (facts.layers ?? 1); more > 0; more--) {
      const title = `Layer ${String(layers + 1 - more)}`;
      await perform({ kind: 'create', vm: this.#ref, snapshotKind, style: 'external', title });
    }
    return this.#options.measure(this.#vm.folder, [0, 1, layers].slice(0, layers + 1));
  }
}
