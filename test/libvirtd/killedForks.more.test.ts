// Four forks are being made, and their editor is killed: those that were whole stay under their VM and can be thrown
// away, the one that was half made is gone with its files or runs, and nothing is left that nobody names.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmRef } from '../../src/domain/vm.js';
import { throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import type { Model } from '../oracle/model.js';
import { type DyingTask, inChild } from './faults/dyingChild.js';
import { childVariable, type Editor, openEditor } from './faults/editor.js';
import { startStages, type Stages } from './faults/stages.js';
import type { At } from './faults/stepHooks.js';
import type { GuestVm } from './guestVm.js';

const count = 4;

async function forkAndDie({ uri, journal, vm, at, usualMs = [] }: DyingTask): Promise<void> {
  const act = (): Promise<never> => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  const editor = openEditor({ uri, journal, env: process.env, at, usualMs, act });
  await editor.engine.connect(uri);
  await forkVm(editor.engine, { connection: uri, uuid: vm }, { count });
  editor.engine.dispose();
}

/** The first operation is the moment, the others are the forks; a fork is overlays, a definition and its RAM. */
const rows: readonly (readonly [what: string, at: At, left: readonly string[], afterMs?: number])[] = [
  ['the moment is there, and no fork is begun', { operation: 0, step: 0, moment: 'after' }, []],
  ['the first has its overlays', { operation: 1, step: 0, moment: 'after' }, []],
  ['the third has its overlays', { operation: 3, step: 0, moment: 'after' }, ['web-fork', 'web-fork-2']],
  ['the third is defined', { operation: 3, step: 1, moment: 'after' }, ['web-fork', 'web-fork-2']],
  ['the third is handed its RAM', { operation: 3, step: 2, moment: 'during' }, ['web-fork', 'web-fork-2']],
  // Its guest may have come to run by itself by then.
  ...[20, 40, 80, 160].map(
    (ms) =>
      [
        `the third has been handed its RAM for ${ms} ms`,
        { operation: 3, step: 2, moment: 'during', part: 1 },
        ['web-fork', 'web-fork-2'],
        ms,
      ] as const,
  ),
  ['the third runs', { operation: 3, step: 2, moment: 'after' }, ['web-fork', 'web-fork-2', 'web-fork-3']],
];

const task = process.env[childVariable];
if (task !== undefined) {
  void forkAndDie(JSON.parse(task) as DyingTask);
} else {
  describe('forks whose editor is killed while', () => {
    let stages: Stages;
    let web: GuestVm;
    let moment: Model;

    before(async () => {
      stages = await startStages();
      ({ stage: web } = await stages.stageOf('web'));
      await web.power('start');
      await web.write();
      moment = web.model;
    });
    after(() => stages.stop());

    const folder = (): string => join(stages.daemon.dir, 'web');
    const forksOf = async ({ engine }: Editor): Promise<readonly VmRef[]> => {
      await engine.refresh({ connection: web.ref.connection });
      const all = engine.connections.flatMap(({ vms }) => vms);
      return all.filter(({ vm }) => vm.clone?.of === web.ref.uuid).map(({ ref }) => ref);
    };

    for (const [index, [what, at, left, afterMs]] of rows.entries()) {
      it(`${what}: the next one leaves nothing half made`, async () => {
        const { uri, env } = stages.daemon;
        const journal = join(stages.daemon.dir, `killed-${index}`);
        const before = await readdir(folder());
        const usualMs = [0, 0, afterMs ?? 0];
        assert.equal(await inChild({ uri, journal, vm: web.ref.uuid, at, usualMs }, stages.daemon), 'killed');
        const later = openEditor({ uri, journal, env });
        await later.engine.connect(uri);
        await later.settled();
        assert.deepEqual(
          later.reports.filter(({ outcome }) => outcome === 'explained'),
          [],
        );

        const children = await forksOf(later);
        const vms = children.map((child) => later.engine.findVm(child)!.vm);
        const names = vms.map(({ name }) => name).sort();
        assert.deepEqual(afterMs === undefined ? names : names.filter((name) => name !== 'web-fork-3'), left);
        for (const { name, power, disks } of vms) {
          assert.equal(power, 'running', name);
          for (const [disk, content] of moment.disks.entries()) {
            const image = await readImage({ file: disks[disk]!.source!, format: 'qcow2' });
            assert.deepEqual(blockDifferences(disk, image, content), [], name);
          }
        }
        const named = new Set(vms.flatMap(({ clone }) => clone?.files ?? []));
        const half = (await readdir(folder()))
          .filter((name) => name.includes('fork') || name.endsWith('.ram'))
          .filter((name) => !named.has(join(folder(), name)));
        assert.deepEqual(half, [], 'files that nobody names');

        const created = { name: 'Fork-point', title: 'Fork point', kind: 'memory', style: 'external' } as const;
        web.model = moment.created(created);
        await web.isWhole();
        for (const child of children) {
          await throwAway(later.engine, child);
        }
        await later.engine.runOperation({ kind: 'delete', vm: web.ref, snapshot: created.name, scope: 'one' });
        web.model = moment;
        await web.isWhole();
        assert.equal((await readdir(folder())).length, before.length, (await readdir(folder())).join());
        later.engine.dispose();
      });
    }
  });
}
