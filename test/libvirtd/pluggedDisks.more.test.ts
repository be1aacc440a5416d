// Disks that what runs has and the configuration not, or the other way round: a revert and its undo bring both back.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { defineDiskVm } from './diskVm.js';

describe('disks of what runs, or of the configuration alone', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
  });
  after(() => r.stop());

  const disks = async (name: string, ...which: readonly string[]): Promise<string> =>
    [...(await r.virsh('domblklist', name, ...which)).matchAll(/^ *(vd[a-z]) /gmu)]
      .map(([, target]) => target)
      .join(' ');
  const both = async (name: string): Promise<readonly string[]> => [
    (await r.virsh('domstate', name)).trim(),
    await disks(name),
    await disks(name, '--inactive'),
  ];

  for (const style of ['external', 'internal'] as const) {
    for (const [how, configured] of [
      ['detached by configuration', 'vda'],
      ['attached by configuration', 'vda vdb vdc'],
    ] as const) {
      for (const when of ['before', 'after'] as const) {
        it(`${style}: ${how} ${when} the snapshot`, async () => {
          const name = `${style}-${how.slice(0, 3)}-${when}`;
          const file = (disk: string): string => join(r.daemon.dir, `${name}.${disk}.qcow2`);
          for (const disk of ['a', 'b', 'c']) {
            await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(disk), '4M']);
          }
          const made = ['a', 'b'].map((disk) => ({ file: file(disk), format: 'qcow2' }));
          await defineDiskVm(r, name, made);
          const vm = await r.ref(name);
          const change = (): Promise<string> =>
            how === 'detached by configuration'
              ? r.virsh('detach-disk', name, 'vdb', '--config')
              : r.virsh('attach-disk', name, file('c'), 'vdc', '--config', '--subdriver', 'qcow2');
          const run = (request: OperationRequest, undoes?: string): Promise<unknown> =>
            r.engine.runOperation(request, undoes === undefined ? {} : { undoes });
          await r.virsh('start', name);
          if (when === 'before') {
            await change();
          }
          await run({ kind: 'create', vm, snapshotKind: 'memory', style, title: 's' });
          const then = await both(name);
          if (when === 'after') {
            await change();
          }
          const now = await both(name);
          assert.deepEqual(now, ['running', 'vda vdb', configured]);
          await run({ kind: 'revert', vm, snapshot: 's', after: 'asSnapshot', checkpointFirst: true });
          assert.deepEqual(await both(name), then, 'reverted');
          const { entry, way } = (await UndoLook.at(r.engine, vm)).next('undo')!;
          assert.ok(way.kind === 'operation');
          await run(way.request, entry.id);
          assert.deepEqual(await both(name), now, 'undone');
        });
      }
    }
  }

  it('clones a snapshot without a disk that only the running VM had, and refuses a fork of it', async () => {
    const file = (disk: string): string => join(r.daemon.dir, `live.${disk}.qcow2`);
    for (const disk of ['a', 'z']) {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(disk), '4M']);
    }
    const made = ['a', 'z'].map((disk) => ({ file: file(disk), format: 'qcow2' }));
    await defineDiskVm(r, 'live', made);
    const vm = await r.ref('live');
    await r.virsh('start', 'live');
    await r.virsh('detach-disk', 'live', 'vdb', '--config');
    await r.engine.runOperation({ kind: 'create', vm, snapshotKind: 'memory', style: 'external', title: 's' });
    assert.equal(await disks('live'), 'vda vdb');
    for (const way of ['linked', 'full'] as const) {
      const request = cloneRequest(r.engine, vm, { snapshot: 's', way, name: way });
      const plan = await r.engine.plan(request);
      assert.ok(plan.kind === 'plan');
      assert.deepEqual(
        plan.warnings.filter(({ kind }) => kind === 'cloneWithoutDisks'),
        [{ kind: 'cloneWithoutDisks', disks: ['vdb'] }],
      );
      const clone = await makeClone(r.engine, request);
      assert.equal(await disks(way), 'vda');
      await r.engine.runOperation({ kind: 'power', vm: clone, action: 'start' });
    }
    const fork = await r.engine.plan({
      ...cloneRequest(r.engine, vm, { snapshot: 's', name: 'fork' }),
      ram: 'kept',
    });
    assert.equal(fork.kind === 'refusal' && fork.refusal.reason, 'diskNotHeld');
  });

  it('deletes an internal snapshot with a disk that went only while the VM is off, and its tag from each image', async () => {
    const file = (disk: string): string => join(r.daemon.dir, `gone.${disk}.qcow2`);
    for (const disk of ['a', 'b']) {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(disk), '4M']);
    }
    await defineDiskVm(r, 'gone', [{ file: file('a'), format: 'qcow2' }]);
    const vm = await r.ref('gone');
    await r.virsh('attach-disk', 'gone', file('b'), 'vdb', '--config', '--subdriver', 'qcow2');
    for (const title of ['one', 'two']) {
      await r.engine.runOperation({ kind: 'create', vm, snapshotKind: 'offline', style: 'internal', title });
    }
    await r.virsh('detach-disk', 'gone', 'vdb', '--config');
    await r.virsh('start', 'gone');
    const remove = { kind: 'delete', vm, snapshot: 'two', scope: 'one' } as const;
    const refused = await r.engine.plan(remove);
    assert.equal(refused.kind === 'refusal' && refused.refusal.reason, 'imageNotActive');
    await r.virsh('destroy', 'gone');
    await r.engine.runOperation(remove);
    for (const disk of ['a', 'b']) {
      assert.doesNotMatch(await runOk('qemu-img', ['snapshot', '-l', file(disk)]), / two /u);
    }
  });
});
