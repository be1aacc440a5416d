// Taking a delete back, which is a delete that went to the trash, against that delete, and against one that cannot be
// taken back. What is looked at before is counted with each.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { VmRef } from '../../src/domain/vm.js';
import type { Engine } from '../../src/engine/engine.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { median, onPrivateDaemon, remark, report, timed } from './measure.js';
import { openInventory } from './ownInventory.js';

const rounds = 15;
const snapshots = 20;
const week = 7 * 24 * 3_600_000;

void onPrivateDaemon(async (daemon) => {
  const folder = join(daemon.dir, 'undo');
  await mkdir(folder);
  const disk = join(folder, 'web.qcow2');
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '64M']);
  await defineDiskVm(daemon, 'web', [{ file: disk, format: 'qcow2' }]);
  const engine = await openInventory(daemon);
  const { ref } = engine.findVms('web')[0]!;
  for (let at = 0; at < snapshots; at += 1) {
    await take(engine, ref, `s${at}`);
  }
  const took = { trash: [] as number[], undo: [] as number[], remove: [] as number[] };
  // The first of each warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const last = await take(engine, ref, 'last');
    const trash = await timed(() => putInTrash(engine, ref, last));
    const undo = await timed(() => takeBack(engine, ref));
    const remove = await timed(() => engine.runOperation({ kind: 'delete', vm: ref, snapshot: last, scope: 'one' }));
    if (round > 0) {
      took.trash.push(trash);
      took.undo.push(undo);
      took.remove.push(remove);
    }
  }
  const figure = { ours: median(took.undo), unit: 'ms', goal: 1.2 };
  report({
    ...figure,
    name: 'undo of a delete that went to the trash',
    baseline: median(took.trash),
    against: 'that delete',
  });
  report({
    ...figure,
    name: 'the same undo',
    baseline: median(took.remove),
    against: 'a delete of an internal snapshot for good',
  });
  remark(
    `Undo: of a VM with ${snapshots + 1} snapshots, off; ${rounds} rounds. What is deleted for good cannot be undone.`,
  );
  engine.dispose();
});

async function take(engine: Engine, vm: VmRef, title: string): Promise<string> {
  const made = await engine.runOperation({ kind: 'create', vm, title, snapshotKind: 'offline', style: 'internal' });
  return made.snapshot!;
}

/** As a person's answer does: what goes, and whether it may, has been planned and shown before it. */
async function putInTrash(engine: Engine, vm: VmRef, snapshot: string): Promise<void> {
  await engine.plan({ kind: 'delete', vm, snapshot, scope: 'one' });
  await engine.mark({ kind: 'trash', vm, snapshots: [snapshot], put: 'in', until: Date.now() + week });
}

async function takeBack(engine: Engine, vm: VmRef): Promise<void> {
  const next = (await UndoLook.at(engine, vm)).next('undo');
  if (next?.way.kind !== 'mark') {
    throw new Error('there is nothing to take out of the trash');
  }
  await engine.mark(next.way.request, next.entry.id);
}
