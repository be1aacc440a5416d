// Operations of several steps, broken off by faults in one of their steps, or with FAULT_MOMENTS=all, or a number, in
// each: afterwards the disks are as before it or as after it, and so is the tree, without a command of a person.
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { startPrivateDaemon } from '../../../scripts/rig/privateDaemon.mjs';
import { cutterTo } from './cutter.js';
import { childVariable, runAsChild } from './editor.js';
import type { FaultKind } from './faultKinds.js';
import { everywhere, mostHarmful } from './mostHarmful.js';
import { type Bench, runRow } from './rows.js';
import { type Scenario, scenarios } from './scenarios.js';
import type { Course } from './stepHooks.js';
import { restartWhenStuck, type StuckWatch } from './stuckDaemon.js';

/** Only root can give the disks a file system of their own that is soon full. */
const isRoot = process.getuid?.() === 0;
/**
 * Absent: of each fault the place where it can do most harm. A number: all places, with so many moments of each step.
 */
const wanted = process.env['FAULT_MOMENTS'];
const isAll = wanted !== undefined;
const within = wanted === undefined || wanted === 'all' ? 1 : Number(wanted);

/**
 * libvirt 9.0 now and then falls (SIGSEGV) while it takes up again what it was killed in: a merge. Then there is no
 * daemon until somebody starts one, and the service manager of a machine does. One that falls each time ends a run with
 * its log.
 */
const mostRevivals = 20;

/** How often a fault that kills a merge is repeated: it is chance where it hits, so one row says little. */
const repeats = Number(process.env['FAULT_REPEAT'] ?? 1);

/** Every row's end is added to it, for a person. */
const tableFile = process.env['FAULT_TABLE'];

/**
 * In the bundle of the test that calls it, which is also the program of the editor that is killed.
 * @param faultsOf those of an operation that are tried; an operation without any is left out
 * @param course `seen`: each operation is run once without a fault, and its faults are timed by that; `planned`: its
 *   plan tells where they act, and that it comes to its end is proved elsewhere
 */
export function faultTable(faultsOf: (scenario: Scenario) => readonly FaultKind[], course: 'seen' | 'planned'): void {
  const task = process.env[childVariable];
  if (task !== undefined) {
    void runAsChild(task);
    return;
  }
  let bench: Bench;
  let dir: string;
  let watch: StuckWatch;

  before(async () => {
    dir = await mkdtemp('/tmp/vf-');
    const disks = join(dir, 'disks');
    await mkdir(disks);
    if (isRoot) {
      await runOk('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', disks]);
    }
    const daemon = await startPrivateDaemon({ dir, revivals: mostRevivals });
    watch = restartWhenStuck(daemon);
    const cutter = await cutterTo(daemon.socket, join(daemon.dir, 'cut'));
    bench = {
      daemon,
      settled: () => watch.settled(),
      cutter,
      disks,
      uri: daemon.uri.replace(daemon.socket, cutter.socket),
    };
  });

  after(async () => {
    await watch.end();
    await bench.cutter.stop();
    await bench.daemon.stop();
    if (isRoot) {
      await runOk('umount', [bench.disks]);
    }
    await rm(dir, { recursive: true, force: true });
  });

  for (const scenario of scenarios) {
    const kinds = faultsOf(scenario);
    if (kinds.length === 0) {
      continue;
    }
    // An outermost suite for each, so that one can be run again by itself.
    describe(`an operation that is broken off: ${scenario.name}`, () => {
      // One test holds all rows of a fault: with all moments of all steps there may be a hundred.
      let usual: Required<Course> | undefined;

      if (course === 'planned') {
        for (const kind of kinds) {
          it(`is as before or as after: ${kind}`, async function () {
            if (kind === 'diskFull' && !isRoot) {
              skipWithoutRoot(this);
              return;
            }
            const row = await runRow(bench, scenario, { kind, placeIn: (plan) => mostHarmful(kind, plan)[0] });
            assert.ok(row, 'nothing to break off so');
            assert.deepEqual(row.wrong, []);
          });
        }
        return;
      }

      it('comes to its end when nothing goes wrong', async () => {
        const { course, wrong } = await runRow(bench, scenario);
        assert.deepEqual(wrong, []);
        const { plan, tookMs } = course;
        usual = { plan: plan!, tookMs };
      });

      for (const kind of kinds) {
        it(`is as before or as after: ${kind}`, async function () {
          assert.ok(usual, 'it did not come to its end without a fault');
          const places = isAll ? everywhere(kind, usual.plan, within) : mostHarmful(kind, usual.plan);
          if (kind === 'diskFull' && !isRoot) {
            skipWithoutRoot(this);
            return;
          }
          if (places.length === 0) {
            // No step of this plan can be broken off so (a VM that is off has no QEMU, a rename makes no file).
            process.stdout.write('          nothing to break off so\n');
            return;
          }
          const wrong: string[] = [];
          for (const at of Array.from({ length: repeats }, () => places).flat()) {
            const row = await runRow(bench, scenario, { kind, at, usual });
            const part = at.part === undefined ? '' : ` (${at.part.toFixed(2)})`;
            const place = `${kind} ${at.moment}${part} step ${String(at.step)}, ${usual.plan.steps[at.step]!.kind}`;
            if (tableFile !== undefined) {
              await appendFile(tableFile, `${scenario.name}: ${place}: ${row.end}\n`);
            }
            wrong.push(...row.wrong.map((words) => `${place}: ${words}`));
          }
          assert.deepEqual(wrong, []);
        });
      }
    });
  }
}

function skipWithoutRoot(test: Mocha.Context): void {
  process.stdout.write('          skipped: only root can mount a small disk\n');
  test.skip();
}
