// A VM of the oracle and what it must hold, changed together; what other clients do to it, a test tells the model
// itself.
import assert from 'node:assert/strict';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest, OperationResult } from '../../src/domain/operation.js';
import type { SnapshotKind } from '../../src/domain/snapshot.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Diagnosis } from '../../src/diagnosis/examination.js';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import type { VmRef } from '../../src/domain/vm.js';
import { Model, type Power } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { LiveRig } from './engineRig.js';

type Wish<T> = T extends OperationRequest ? Omit<T, 'vm'> : never;

export class GuestVm {
  model: Model;
  #seed = 0;

  /** One that is there already, off and with nothing on its disks. */
  constructor(
    readonly engine: Engine,
    readonly vm: OracleVm,
    readonly ref: VmRef,
  ) {
    this.model = Model.fresh(vm.guest.disks.length);
  }

  static async define(
    rig: LiveRig,
    name: string,
    more: Omit<Parameters<typeof OracleVm.define>[1], 'name'> = {},
  ): Promise<GuestVm> {
    const vm = await OracleVm.define(rig.daemon, { name, ...more });
    return new GuestVm(rig.engine, vm, await rig.ref(name));
  }

  /** The same VM, as it is called now. */
  under(vm: OracleVm): GuestVm {
    const other = new GuestVm(this.engine, vm, this.ref);
    other.model = this.model;
    other.#seed = this.#seed;
    return other;
  }

  run(wish: Wish<OperationRequest>, signal?: AbortSignal): Promise<OperationResult> {
    return this.engine.runOperation({ ...wish, vm: this.ref }, signal === undefined ? {} : { signal });
  }

  /** As another client; the VM is named behind the command. */
  virsh(command: string, ...options: readonly string[]): Promise<string> {
    return virshOk(this.vm.virsh, command, this.vm.name, ...options);
  }

  async power(action: 'start' | 'save' | 'forceOff'): Promise<void> {
    await this.run({ kind: 'power', action });
    this.model = this.model.powered(action);
  }

  /** A few blocks of each disk, and a word in RAM, that no snapshot holds. `more`: blocks far from these. */
  async write(...more: readonly number[]): Promise<void> {
    const seed = ++this.#seed;
    const blocks = [0, seed, 100 + seed, ...more].map((block) => [block, 1000 + seed] as const);
    await this.vm.talk(async (guest) => {
      for (const disk of this.model.disks.keys()) {
        await guest.write(disk, blocks);
        this.model = this.model.wrote(disk, blocks);
      }
      await guest.setCounter(seed);
    });
    this.model = this.model.setRam({ counter: seed });
  }

  /** Creates a snapshot; for a VM that is off, an offline one. Resolves with its name. */
  async create(
    title: string,
    running: SnapshotKind = 'disk',
    style: 'external' | 'internal' = 'external',
  ): Promise<string> {
    const kind = this.model.power === 'off' ? 'offline' : running;
    const { snapshot } = await this.run({ kind: 'create', title, snapshotKind: kind, style });
    this.model = this.model.created({ name: snapshot!, title, kind, style });
    return snapshot!;
  }

  async revert(snapshot: string, after: Power): Promise<void> {
    await this.run({ kind: 'revert', snapshot, after });
    this.model = this.model.reverted(snapshot, after);
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
    await this.engine.refresh({ vm: this.ref });
  }

  async diagnoses(which: 'all' | 'wrong' = 'wrong'): Promise<readonly Diagnosis[]> {
    const { diagnoses } = await this.engine.examine(this.ref);
    return diagnoses.filter(({ problem }) => which === 'all' || severityOf(problem) !== 'note');
  }

  async repair(kind: string): Promise<void> {
    // What is merged by hand is found at its neighbours too, whose data is there: nothing is to be mended of them.
    const found = (await this.diagnoses()).find((one) => one.problem.kind === kind && one.repair !== undefined);
    assert.ok(found?.repair?.decision.kind === 'plan', JSON.stringify(found));
    await this.run({ kind: 'repair', repair: found.repair.repair });
  }
}
