// Every operation of several steps, broken off in every step by every fault: afterwards the disks are as before it or as
// after it, and so is the tree, without a command of a person.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import type { Step } from '../../src/model/plan.js';
import { cutterTo } from './faults/cutter.js';
import { childVariable, runAsChild } from './faults/editor.js';
import type { FaultKind } from './faults/faultKinds.js';
import { type Bench, runRow } from './faults/rows.js';
import { scenarios } from './faults/scenarios.js';
import { type Course, type Moment, moments } from './faults/stepHooks.js';

/** The moments at which each fault can do most harm; with FAULT_MOMENTS=all every one is tried. */
const momentsOf: Readonly<Record<FaultKind, readonly Moment[]>> = {
  extensionKilled: ['before', 'after'],
  connectionCut: ['during'],
  daemonKilled: ['during'],
  qemuKilled: ['during'],
  diskFull: ['before'],
  overlaysRemoved: ['before'],
  otherClient: ['before'],
};
/** Only root can give the disks a file system of their own that is soon full. */
const isRoot = process.getuid?.() === 0;
const everyMoment = process.env['FAULT_MOMENTS'] === 'all';

/** Where every row's end is written to, for a person. */
const tableFile = process.env['FAULT_TABLE'];

function makesOverlays(step: Step): boolean {
  return step.do === 'createOverlays';
}

const task = process.env[childVariable];
if (task !== undefined) {
  void runAsChild(task);
} else {
  describe('an operation that is broken off', function () {
    this.timeout(900_000);
    let bench: Bench;
    let dir: string;
    const table: string[] = [];

    before(async () => {
      dir = await mkdtemp('/tmp/vf-');
      const disks = join(dir, 'disks');
      await mkdir(disks);
      if (isRoot) {
        await runOk('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', disks]);
      }
      const daemon = await startPrivateDaemon({ dir });
      const cutter = await cutterTo(daemon.socket, join(daemon.dir, 'cut'));
      bench = { daemon, cutter, disks, uri: daemon.uri.replace(daemon.socket, cutter.socket) };
    });

    after(async () => {
      if (tableFile !== undefined) {
        await writeFile(tableFile, `${table.join('\n')}\n`);
      }
      await bench.cutter.stop();
      await bench.daemon.stop();
      if (isRoot) {
        await runOk('umount', [bench.disks]);
      }
      await rm(dir, { recursive: true, force: true });
    });

    for (const scenario of scenarios) {
      describe(scenario.name, () => {
        let usual: Required<Course> | undefined;

        it('comes to its end when nothing goes wrong', async () => {
          const { course, wrong } = await runRow(bench, scenario);
          assert.deepEqual(wrong, []);
          const { plan, tookMs } = course;
          usual = { plan: plan!, tookMs };
        });

        for (const [kind, usualMoments] of Object.entries(momentsOf) as [FaultKind, readonly Moment[]][]) {
          it(`is as before or as after: ${kind}`, async function () {
            if (kind === 'diskFull' && !isRoot) {
              this.skip();
            }
            assert.ok(usual, 'it did not come to its end without a fault');
            const wrong: string[] = [];
            for (const [step, { do: what }] of usual.plan.steps.entries()) {
              if (kind === 'overlaysRemoved' && !usual.plan.steps.slice(0, step).some(makesOverlays)) {
                continue;
              }
              for (const moment of everyMoment ? moments : usualMoments) {
                const row = await runRow(bench, scenario, { kind, at: { step, moment }, usual });
                const place = `${kind} ${moment} step ${String(step)}, ${what}`;
                table.push(`${scenario.name}: ${place}: ${row.end}`);
                wrong.push(...row.wrong.map((words) => `${place}: ${words}`));
              }
            }
            assert.deepEqual(wrong, []);
          });
        }
      });
    }
  });
}
