// Disks that what runs has and the configuration not, or the other way round: a revert and its undo bring both back.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import { UndoLook } from '../../src/engine/undoing.js';
import { type LiveRig, startLiveRig } from './inventoryRig.js';
import { defineDiskVm } from './diskVm.js';

describe('disks of what runs, or of the configuration alone', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
  });
  after(() => r.stop());

  const disks = async (name: string, ...which: readonly string[]): Promise<string> =>
    [...(await r.virsh('domblklist', name, ...which)).matchAll(/^ *([sv]d[a-z]) /gmu)]
      .map(([, target]) => target)
      .join(' ');
  const both = async (name: string): Promise<readonly string[]> => [
    (await r.virsh('domstate', name)).trim(),
    await disks(name),
    await disks(name, '--inactive'),
  ];

  for (const style of ['external', 'internal'] as const) {
    for (const [how, running, configured] of [
      ['detached by configuration', 'vda vdb', 'vda'],
      ['attached by configuration', 'vda vdb', 'vda vdb vdc'],
      ['attached to what runs', 'vda vdb sdc', 'vda vdb'],
      ['detached from what runs', 'vda', 'vda sdb'],
    ] as const) {
      for (const when of ['before', 'after'] as const) {
        it(`${style}: ${how} ${when} the snapshot`, async () => {
          const name = `${style}-${how.replaceAll(' ', '-')}-${when}`;
          const file = (disk: string): string => join(r.daemon.dir, `${name}.${disk}.qcow2`);
          for (const disk of ['a', 'b', 'c']) {
            await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(disk), '4M']);
          }
          const made = ['a', 'b'].map((disk) => ({ file: file(disk), format: 'qcow2' }));
          await defineDiskVm(r, name, made);
          const vm = await r.ref(name);
          const change = (): Promise<string> => {
            switch (how) {
              case 'detached by configuration':
                return r.virsh('detach-disk', name, 'vdb', '--config');
              case 'attached by configuration':
                return r.virsh('attach-disk', name, file('c'), 'vdc', '--config', '--subdriver', 'qcow2');
              case 'attached to what runs':
                return r.virsh(
                  'attach-disk',
                  name,
                  file('c'),
                  'sdc',
                  '--live',
                  '--targetbus',
                  'usb',
                  '--subdriver',
                  'qcow2',
                );
              case 'detached from what runs':
                return r.virsh('detach-disk', name, 'sdb', '--live');
            }
          };
          if (how === 'detached from what runs') {
            // Only from a USB port it goes without a word of the guest.
            await r.virsh('detach-disk', name, 'vdb', '--config');
            await r.virsh(
              'attach-disk',
              name,
              file('b'),
              'sdb',
              '--config',
              '--targetbus',
              'usb',
              '--subdriver',
              'qcow2',
            );
          }
          const run = (request: OperationRequest, undoes?: string): Promise<unknown> =>
            r.inventory.runOperation(request, undoes === undefined ? {} : { undoes });
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
          assert.deepEqual(now, ['running', running, configured]);
          await run({ kind: 'revert', vm, snapshot: 's', after: 'asSnapshot', checkpointFirst: true });
          assert.deepEqual(await both(name), then, 'reverted');
          const { entry, way } = (await UndoLook.at(r.inventory, vm)).next('undo')!;
          assert.ok(way.kind === 'operation');
          await run(way.request, entry.id);
          assert.deepEqual(await both(name), now, 'undone');
        });
      }
    }
  }
});
