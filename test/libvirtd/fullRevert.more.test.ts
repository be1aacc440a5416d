// A revert whose disks, or whose journal, have no room any more when the VM is stopped: what it saved first leads back.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Failure } from '../../src/domain/failure.js';
import { findSnapshot } from '../../src/domain/snapshotTree.js';
import type { Daemon } from './engineRig.js';
import { openEditor } from './faults/editor.js';

describe('a revert that runs out of room (only root can make a small disk)', () => {
  let dir: string;
  let daemon: Daemon | undefined;
  const places = ['disks', 'journal'] as const;

  before(async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    dir = await mkdtemp('/tmp/vr-');
    for (const [place, size] of [
      ['disks', '400m'],
      ['journal', '2m'],
    ] as const) {
      await mkdir(join(dir, place));
      await runOk('mount', ['-t', 'tmpfs', '-o', `size=${size}`, place, join(dir, place)]);
    }
    daemon = await startPrivateDaemon({ dir });
  });
  after(async () => {
    if (daemon !== undefined) {
      await daemon.stop();
      for (const place of places) {
        await runOk('umount', ['-l', join(dir, place)]);
      }
      await rm(dir, { recursive: true, force: true });
    }
  });

  for (const place of places) {
    const isOfDisks = place === 'disks';
    it(`of its ${place} leads back to what was saved first`, async () => {
      const name = `full-${place}`;
      const guest = await defineTestGuest(daemon!, { name, folder: join(dir, 'disks') });
      await guest.start();
      await guest.setCounters(1);
      const options = { uri: daemon!.uri, journal: join(dir, 'journal'), env: daemon!.env };
      const full = join(dir, place, 'full');
      const fill = async (): Promise<void> => {
        // Until there is no room for a byte more.
        for (const bytes of [1 << 20, 4096, 1]) {
          for (let wrote = true; wrote;) {
            wrote = await writeFile(full, Buffer.alloc(bytes), { flag: 'a' }).then(
              () => true,
              () => false,
            );
          }
        }
      };
      const first = openEditor(options);
      await first.engine.connect(options.uri);
      const { ref } = first.engine.findVms(name)[0]!;
      const create = { kind: 'create', vm: ref, snapshotKind: 'memory', title: 'one' } as const;
      const { snapshot = '' } = await first.engine.runOperation({ ...create, style: 'external' });
      await guest.setCounters(2);
      const request = { kind: 'revert', vm: ref, snapshot, after: 'running', checkpointFirst: true } as const;
      const plan = await first.engine.plan(request);
      assert.ok(plan.kind === 'plan', JSON.stringify(plan));
      first.engine.dispose();
      const stop = plan.steps.findIndex(({ kind }) => kind === 'power' || kind === 'revert');
      const step = plan.steps[stop]?.kind === 'revert' ? stop : stop + 1;
      const editor = openEditor({ ...options, at: { step, moment: 'before' }, act: fill });
      await editor.engine.connect(options.uri);
      const end = await editor.engine.runOperation(request).then(
        () => 'done',
        (reason: unknown) => (reason instanceof Failure ? reason.kind : String(reason)),
      );
      // What the journal still has to say may fit in the last block of its file.
      assert.ok(isOfDisks ? end === 'noSpace' : end === 'done' || end === 'journal', end);
      editor.engine.dispose();
      await rm(full);
      const next = openEditor(options);
      await next.engine.connect(options.uri);
      await next.settled();
      const ends = next.reports.map(({ outcome }) => outcome);
      // The VM goes on: back from what was stopped first, or on where libvirt had loaded it paused.
      assert.ok(end === 'done' ? ends.length === 0 : ['before', 'after'].includes(ends.join()), ends.join());
      await guest.waitForAgent();
      assert.equal((await guest.counters()).memory, ends[0] === 'before' ? 2 : 1);
      const tree = await next.engine.readTree(ref);
      const saved = findSnapshot(tree, plan.checkpoint ?? '');
      assert.ok(saved !== undefined);
      await next.engine.runOperation({ ...request, snapshot: saved.name, checkpointFirst: false });
      await guest.waitForAgent();
      const { memory, disk } = await guest.counters();
      assert.deepEqual([memory, disk], [2, 2]);
      next.engine.dispose();
      await guest.remove();
    });
  }
});
