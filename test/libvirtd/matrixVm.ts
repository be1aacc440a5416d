// One VM of the matrix of what works where: brought into a state in which its guest wrote what no snapshot holds, then
// given one operation, after which the oracle looks at everything. Knows no expectations but that nothing may differ.
import assert from 'node:assert/strict';
import type { Plan } from '../../src/operations/plan.js';
import type { GuestAction, Label, Operation, Request, SnapshotStyle } from '../histories/action.js';
import { ExtensionSide } from '../histories/extensionSide.js';
import { History } from '../histories/history.js';
import { OtherClients } from '../histories/otherClients.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { AppliedSteps } from './appliedSteps.js';
import type { LiveRig } from './engineRig.js';
import { reportSupport, type SupportCase } from './supportRows.js';

/** Whose steps are compared with what the simulator tells of them. */
export interface WatchedRig extends LiveRig {
  readonly applied: AppliedSteps;
}

export type From = 'running' | 'paused' | 'off' | 'managedSave';
export type Result = SupportCase['result'];
export type DiskFormats = readonly ('qcow2' | 'raw')[];

/** Blocks that are written again and again: there, layers and copies can go wrong. */
const hotBlocks = 48;

export class MatrixVm {
  readonly #rig: WatchedRig;
  readonly #vm: OracleVm;
  readonly #side: ExtensionSide;
  readonly #history: History;
  #seed = 0;

  private constructor(rig: WatchedRig, vm: OracleVm, side: ExtensionSide, history: History) {
    this.#rig = rig;
    this.#vm = vm;
    this.#side = side;
    this.#history = history;
  }

  static async define(rig: WatchedRig, name: string, style: SnapshotStyle, disks: DiskFormats): Promise<MatrixVm> {
    const vm = await OracleVm.define(rig.daemon, { name, disks });
    const side = new ExtensionSide(rig, style);
    const others = new OtherClients(rig.daemon, style, name, (uri) => side.connectAlso(uri));
    await side.connect(name);
    return new MatrixVm(rig, vm, side, new History(vm, side, others, { disks }));
  }

  get name(): string {
    return this.#vm.name;
  }

  /** The model: what everything must be now. */
  get model(): History['model'] {
    return this.#history.model;
  }

  /**
   * The guest runs, writes to all disks and its RAM what was never there, and then the VM is brought into that state.
   */
  async bring(from: From): Promise<void> {
    const { power } = this.model;
    if (power !== 'running') {
      await this.do({ do: 'power', action: power === 'paused' ? 'resume' : 'start' });
    }
    const seed = ++this.#seed;
    for (const disk of this.model.disks.keys()) {
      const blocks = [0, 1, 2].map((n) => [(seed * 7 + n * 5 + disk) % hotBlocks, seed * 10 + n] as const);
      await this.#let({ do: 'write', disk, blocks });
    }
    await this.#let({ do: 'ram', counter: seed, kib: 16 });
    if (from === 'managedSave') {
      await this.do({ do: 'virshPower', action: 'save' });
    } else if (from !== 'running') {
      await this.do({ do: 'power', action: from === 'paused' ? 'pause' : 'forceOff' });
    }
  }

  /** Without looking at anything afterwards: what is wrong then, the next look will find. */
  async do(action: Operation): Promise<void> {
    const outcome = await this.#history.carryOut(action);
    assert.equal(outcome.type, 'done', `${JSON.stringify(action)}: ${JSON.stringify(outcome)}\n${this.#log()}`);
    assert.equal(this.#history.found, undefined);
    this.#areAsTold();
  }

  /**
   * Asks for it, and compares with the model: as before where it was refused.
   * @param what `fresh`: the current state and what was made just now
   * @returns what the plan said, and so it came
   */
  async prove(request: Request, what: 'fresh' | 'everything'): Promise<Result> {
    const known = this.model.snapshots;
    const decision = await this.#history.decide(request);
    const outcome = await this.#history.carryOut(request);
    const said = (): string => `${JSON.stringify([request, outcome, this.#history.found])}\n${this.#log()}`;
    assert.notEqual(outcome.type, 'failed', said());
    assert.equal(this.#history.found, undefined, said());
    const fresh = new Set([...this.model.snapshots.keys()].filter((name) => !known.has(name)));
    const found = await this.#history.compare(what === 'fresh' ? fresh : what);
    assert.equal(found, undefined, `${found?.what.join('\n') ?? ''}\n${said()}`);
    if (decision.kind === 'refusal') {
      const { reason } = decision.refusal;
      assert.deepEqual(outcome, { type: 'refused', reason });
      return { refused: reason };
    }
    assert.equal(outcome.type, 'done', said());
    this.#areAsTold();
    return { works: workOf(decision) };
  }

  report(of: SupportCase): void {
    reportSupport(this.#rig.hypervisor().capabilities, of);
  }

  /** Removes what earlier reverts took or made by themselves, as far as the VM does not stand on it. */
  async sweep(keep: ReadonlySet<Label>): Promise<void> {
    const names = [...this.model.snapshots.keys()].toReversed();
    for (const name of names) {
      const label = this.#history.labels.get(name)!;
      const inUse = this.model.activePath().has(name) || this.model.children(name).length > 0;
      if (!keep.has(label) && !inUse) {
        await this.do({ do: 'delete', snapshot: label, scope: 'one' });
      }
    }
  }

  async #let(action: GuestAction): Promise<void> {
    const outcome = await this.#history.carryOut(action);
    assert.equal(outcome.type, 'done', JSON.stringify(outcome));
  }

  /** What each step left, by the simulator and as it was read. */
  #areAsTold(): void {
    assert.equal(this.#rig.applied.takeDifferences(), '');
  }

  #log(): string {
    return this.#side.log.slice(-40).join('\n');
  }
}

/** One call that libvirt has for it, or several of ours: our own files, our own order, our own metadata. */
function workOf({ request, steps, warnings }: Plan): 'natively' | 'byOurSteps' | 'titleOnly' {
  if (request.kind === 'rename') {
    return steps.every((step) => step.kind === 'describeSnapshot') ? 'titleOnly' : 'byOurSteps';
  }
  const deletes = steps.filter(({ kind }) => kind === 'deleteSnapshot' || kind === 'forgetSnapshot').length;
  return deletes > 1 || warnings.some((warning) => warning.kind === 'doneByUs') ? 'byOurSteps' : 'natively';
}
