import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { noLog } from '../../../../src/base/log.js';
import { Failure } from '../../../../src/domain/failure.js';
import type { Keeper } from '../../../../src/domain/keeper.js';
import type { EnginePort } from '../../../../src/engine/enginePort.js';
import { readBegunMoves } from '../../../../src/journal/begunMoves.js';
import { newId } from '../../../../src/journal/durable.js';
import { SystemStore } from '../../../../src/journal/systemStore.js';
import type { VmView } from '../../../../src/live/views.js';
import { moveVm } from '../../../../src/wings/cluster/move/moveVm.js';
import type { PlannedMove } from '../../../../src/wings/cluster/move/plannedMove.js';
import { planMove } from '../../../../src/wings/cluster/move/planMove.js';
import type { Sides } from '../../../../src/wings/cluster/move/sides.js';
import { ofWing } from '../../../ofWing.js';

describe('the plan of a move', () => {
  const keptBy = (rests: Keeper['rests']): Keeper => ({
    ...{ resource: 'kept', elsewhere: [], mayRunOn: [], rests, config: '/vms/web.xml' },
  });

  it('is none of a VM that a cluster keeps or may keep, also where a person has it leave the VM alone', async () => {
    for (const keeper of [keptBy('byPerson'), keptBy('byUs'), 'unknown'] as const) {
      const engine = { connections: [], keeperOf: () => Promise.resolve(keeper) } as unknown as EnginePort;
      const shell = { run: () => Promise.resolve({ code: 0, stdout: '', stderr: '' }) };
      const sides = { from: { connection: 'one', shell }, to: { connection: 'two' } } as unknown as Sides;
      const view = { vm: { power: 'running' }, ref: { uuid: 'u', connection: 'one' }, snapshotCount: 0 } as VmView;
      await assert.rejects(planMove(engine, view, sides, { folder: join(tmpdir(), 'none') }), (error) => {
        const isRefusal = error instanceof Failure && error.details.refusal?.reason === 'clusterKeepsOn';
        return keeper === 'unknown' ? isRefusal : error instanceof Failure && error.reason === 'ofCluster';
      });
    }
  });

  it('says what was begun here before it looks for the marks of others', async () => {
    const begun = new Failure('refused', { doing: 'another' });
    const engine = {
      connections: [],
      keeperOf: () => Promise.resolve('nobody'),
      readInterrupted: () => Promise.reject(begun),
    } as unknown as EnginePort;
    const sides = { from: { connection: 'one' }, to: { connection: 'two' } } as Sides;
    const view = { vm: { power: 'off' }, ref: { uuid: 'u', connection: 'one' }, snapshotCount: 0 } as VmView;
    await assert.rejects(planMove(engine, view, sides, { folder: join(tmpdir(), 'none') }), { message: 'another' });
  });

  it('is not carried out where a cluster was given the VM meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'moves-'));
    const engine = {
      keeperOf: () => Promise.resolve(keptBy('no')),
      leaseAll: (_: unknown, work: (lease: unknown) => unknown) => work({ requireAlone: () => Promise.resolve() }),
    } as unknown as EnginePort;
    const sides = { from: { connection: 'one' }, to: { connection: 'two' } } as Sides;
    const view = { vm: { name: 'web' }, ref: { uuid: 'u', connection: 'one' }, snapshotCount: 0 } as VmView;
    const planned = {
      ...{ view, documents: { definition: '', snapshots: [] }, send: [], shared: [] },
      standing: { autostart: false, isPersistent: true },
    } as unknown as PlannedMove;
    const wish = { folder, log: noLog, signal: new AbortController().signal, onProgress: () => undefined };
    await assert.rejects(
      moveVm(engine, sides, planned, wish),
      (error) => error instanceof Failure && error.reason === 'ofCluster',
    );
    assert.deepEqual((await readBegunMoves(folder, noLog)).entries, []);
    await rm(folder, { recursive: true });
  });

  it('does not send somebody to the cluster with a VM whose snapshots the cluster would lose', async () => {
    const engine = {
      connections: [],
      keeperOf: () => Promise.resolve(keptBy('no')),
    } as unknown as EnginePort;
    const sides = { from: { connection: 'one' }, to: { connection: 'two' } } as Sides;
    for (const snapshotCount of [0, 1]) {
      const view = { vm: { power: 'running' }, ref: { uuid: 'u', connection: 'one' }, snapshotCount } as VmView;
      await assert.rejects(
        planMove(engine, view, sides, { folder: join(tmpdir(), 'none') }),
        ofWing('ofCluster', { resource: 'kept', snapshots: snapshotCount > 0 }),
      );
    }
  });

  it('does not take a VM from its system, but back to it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'systems-'));
    const members = [{ connection: 'one', uuid: 'u', name: 'web' }];
    await new SystemStore(folder, noLog).put({ id: newId(), name: 'shop', members });
    const engine = {
      connections: [],
      keeperOf: () => Promise.resolve(keptBy('no')),
    } as unknown as EnginePort;
    for (const [from, to, reason, facts] of [
      ['one', 'two', 'ofSystem', { system: 'shop' }],
      // Another name of its host.
      ['uno', 'two', 'ofSystem', { system: 'shop' }],
      // It was moved before that was refused.
      ['two', 'one', 'ofCluster', { resource: 'kept', snapshots: false }],
    ] as const) {
      const sides = { from: { connection: from }, to: { connection: to } } as Sides;
      const view = { vm: { power: 'off' }, ref: { uuid: 'u', connection: from }, snapshotCount: 0 } as VmView;
      await assert.rejects(planMove(engine, view, sides, { folder }), ofWing(reason, facts));
    }
    await rm(folder, { recursive: true });
  });
});
