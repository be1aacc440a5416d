// A VM of the oracle whose model is kept by hand, for traps in which other clients do what no history does.
import assert from 'node:assert/strict';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Diagnosis } from '../../src/diagnosis/examination.js';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import type { VmRef } from '../../src/domain/vm.js';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { LiveRig } from './inventoryRig.js';

type Wish<T> = T extends OperationRequest ? Omit<T, 'vm'> : never;

export class TrapVm {
  model: Model;
  #seed = 0;

  private constructor(
    readonly rig: LiveRig,
    readonly vm: OracleVm,
    readonly ref: VmRef,
  ) {
    this.model = Model.fresh(vm.guest.disks.length);
  }

  static async define(rig: LiveRig, name: string, folder?: string): Promise<TrapVm> {
    const vm = await OracleVm.define(rig.daemon, { name, ...(folder === undefined ? {} : { folder }) });
    return new TrapVm(rig, vm, await rig.ref(name));
  }

  /** One that is there already, with nothing on its disks. */
  static of(rig: LiveRig, vm: OracleVm, ref: VmRef): TrapVm {
    return new TrapVm(rig, vm, ref);
  }

  /** The same VM, as it is called now. */
  under(vm: OracleVm): TrapVm {
    const other = new TrapVm(this.rig, vm, this.ref);
    other.model = this.model;
    other.#seed = this.#seed;
    return other;
  }

  run(wish: Wish<OperationRequest>): ReturnType<LiveRig['inventory']['runOperation']> {
    return this.rig.inventory.runOperation({ ...wish, vm: this.ref });
  }

  async power(action: 'start' | 'forceOff'): Promise<void> {
    await this.run({ kind: 'power', action });
    this.model = this.model.powered(action);
  }

  /** What no snapshot holds. */
  async write(): Promise<void> {
    const seed = ++this.#seed;
    for (const disk of this.model.disks.keys()) {
      const blocks = [1, 2, seed + 2].map((block) => [block, seed * 10 + disk] as const);
      await this.vm.talk((guest) => guest.write(disk, blocks));
      this.model = this.model.wrote(disk, blocks);
    }
  }

  async create(
    title: string,
    running: 'disk' | 'memory' = 'disk',
    style: 'external' | 'internal' = 'external',
  ): Promise<void> {
    const kind = this.model.power === 'off' ? 'offline' : running;
    await this.run({ kind: 'create', title, snapshotKind: kind, style });
    this.model = this.model.created({ name: title, title, kind, style });
  }

  /** Each on what was written after the one before it. */
  async grow(...titles: readonly string[]): Promise<void> {
    for (const title of titles) {
      await this.write();
      await this.create(title);
    }
    await this.write();
  }

  /** Everything is as the model says. */
  async isWhole(what: 'everything' | ReadonlySet<string> = 'everything'): Promise<void> {
    assert.deepEqual((await this.vm.compare(this.model, what)).differences, []);
  }

  /** Every block is; what a revert makes for the layout's sake, where libvirt has none of its own, is the matrix's. */
  async holdsAll(model = this.model): Promise<void> {
    const { differences } = await this.vm.compare(model, 'everything');
    assert.deepEqual(
      differences.filter(({ about }) => about !== 'tree'),
      [],
    );
  }

  async isRefused(wish: Wish<OperationRequest>, reason: string): Promise<void> {
    await assert.rejects(this.run(wish), (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      assert.equal(error.details.refusal?.reason, reason, JSON.stringify(error.details));
      return true;
    });
    await this.rig.inventory.refresh({ vm: this.ref });
  }

  async diagnoses(which: 'all' | 'wrong' = 'wrong'): Promise<readonly Diagnosis[]> {
    const { diagnoses } = await this.rig.inventory.examine(this.ref);
    return diagnoses.filter(({ problem }) => which === 'all' || severityOf(problem) !== 'note');
  }

  async repair(kind: string): Promise<void> {
    // What is merged by hand is found at its neighbours too, whose data is there: nothing is to be mended of them.
    const found = (await this.diagnoses()).find((one) => one.problem.kind === kind && one.repair !== undefined);
    assert.ok(found?.repair?.decision.kind === 'plan', JSON.stringify(found));
    await this.run({ kind: 'repair', repair: found.repair.repair });
  }
}
