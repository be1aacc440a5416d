// A bisect whose editor is killed while a clone is half made, or half gone: the next one finds the same change, asks
// about no restore point that was answered, and leaves no clone and no file.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { Bisects, type OpenBisect } from '../../src/bisect/bisects.js';
import { findingOf } from '../../src/bisect/finding.js';
import { lineOf } from '../../src/bisect/bisectLine.js';
import type { VmRef } from '../../src/domain/vm.js';
import { silentLog } from '../silentLog.js';
import { type DyingTask, inChild } from './faults/dyingChild.js';
import { childVariable, type Editor, openEditor } from './faults/editor.js';
import type { At } from './faults/stepHooks.js';
import type { Daemon } from './engineRig.js';

const points = 32;
const firstBad = 19;
const name = 'line';
/** The second look at it says the opposite. */
const flaky = 's18';
/** It says nothing. */
const silent = 's17';
const never = new AbortController().signal;

/**
 * A look is a clone and its end, and a restore point takes two of them: of the fourth, the one or the other is broken
 * off.
 */
const rows: readonly (readonly [what: string, at: At, recovers?: 'beforeOperations'])[] = [
  ['a clone is defined, and nobody knows', { operation: 6, step: 1, moment: 'after' }],
  [
    'a clone is not defined yet, before a command line',
    { operation: 6, step: 1, moment: 'before' },
    'beforeOperations',
  ],
  ['a clone is gone, and nobody knows', { operation: 7, step: 0, moment: 'after' }],
];

const bisectsOf = ({ engine }: Editor, journal: string, env: NodeJS.ProcessEnv): Bisects =>
  new Bisects({ engine, folder: journal, log: silentLog, environment: env });
const triedIn = (journal: string): string => join(journal, 'tried');

async function begin(bisects: Bisects, { engine }: Editor, vm: VmRef, journal: string): Promise<OpenBisect> {
  const script = [
    `echo "$VIRT_REWIND_RESTORE_POINT" >> '${triedIn(journal)}'`,
    `test "$VIRT_REWIND_RESTORE_POINT" = ${silent} && exit 125`,
    `qemu-io -U -r -f qcow2 -c 'read -P 7 0 512' "$VIRT_REWIND_DISK" | grep -q 'Pattern verification failed'`,
    'said=$?',
    `test "$VIRT_REWIND_RESTORE_POINT" = ${flaky} && test $(grep -cx ${flaky} '${triedIn(journal)}') = 2 && exit $((1 - said))`,
    'exit $said',
  ];
  return bisects.begin({
    vm,
    vmName: name,
    startedAt: Date.now(),
    ...lineOf(name, await engine.readTree(vm), { skip: [] }),
    check: { kind: 'host', program: 'sh', args: ['-c', script.join('\n')] },
    network: 'unplugged',
    start: 'off',
    tries: 3,
    jobs: 1,
    checkMs: 60_000,
    startMs: 0,
    probes: [],
  });
}

async function bisectAndDie({ uri, journal, vm, at }: DyingTask): Promise<void> {
  const act = (): Promise<never> => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  const editor = openEditor({ uri, journal, env: process.env, at, act });
  await editor.engine.connect(uri);
  const open = await begin(bisectsOf(editor, journal, process.env), editor, { connection: uri, uuid: vm }, journal);
  await open.run({}, never);
}

const task = process.env[childVariable];
if (task !== undefined) {
  void bisectAndDie(JSON.parse(task) as DyingTask);
} else {
  describe('a bisect whose editor is killed while', () => {
    let daemon: Daemon;
    let folder: string;

    before(async () => {
      daemon = await startPrivateDaemon();
      folder = join(daemon.dir, 'disks');
      mkdirSync(folder);
      let top = join(folder, `${name}.qcow2`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', top, '1M']);
      await defineDiskVm(daemon, name, [{ file: top, format: 'qcow2' }]);
      for (let at = 0; at < points; at += 1) {
        if (at === firstBad) {
          await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512', top]);
        }
        await virshOk(daemon.virsh, 'snapshot-create-as', name, `s${at}`, '--disk-only');
        top = join(folder, `${name}.s${at}`);
      }
    });
    after(() => daemon.stop());

    const state = async (): Promise<readonly unknown[]> => [
      await virshOk(daemon.virsh, 'list', '--all', '--name'),
      await virshOk(daemon.virsh, 'dumpxml', name),
      await virshOk(daemon.virsh, 'snapshot-list', name, '--tree'),
      readdirSync(folder).toSorted(),
    ];

    for (const [index, [what, at, recovers]] of rows.entries()) {
      it(`${what}: the next one finds the change`, async () => {
        const before_ = await state();
        const { uri, env } = daemon;
        const journal = join(daemon.dir, `journal-${index}`);
        mkdirSync(journal);
        writeFileSync(triedIn(journal), '');
        const uuid = await virshOk(daemon.virsh, 'domuuid', name);
        assert.equal(await inChild({ uri, journal, vm: uuid.trim(), at }, daemon), 'killed');

        const later = openEditor({ uri, journal, env, ...(recovers !== undefined && { recovers }) });
        await later.engine.connect(uri);
        if (recovers === undefined) {
          await later.settled();
        }
        assert.deepEqual(
          later.reports.filter(({ outcome }) => outcome === 'explained'),
          [],
        );
        writeFileSync(triedIn(journal), '');
        const open = await bisectsOf(later, journal, env).resume({ connection: uri, uuid: uuid.trim() }, name);
        const known = open.bisect.answers.map(({ point }) => `s${point}`);
        assert.ok(known.length > 0 && known.length < 4, known.join());
        assert.equal(open.bisect.probes.length, 1);
        await open.run({}, never);
        await open.release();

        const bisect = await bisectsOf(later, journal, env).of({ connection: uri, uuid: uuid.trim() });
        assert.ok(bisect);
        const { state: is, newestGood, oldestBad, suspects } = findingOf(bisect);
        assert.deepEqual([is, newestGood, oldestBad, suspects], ['found', flaky, `s${firstBad}`, [`s${firstBad}`]]);
        assert.deepEqual(bisect.probes, []);
        const tried = readFileSync(triedIn(journal), 'utf8').trim().split('\n');
        assert.deepEqual(
          tried.filter((one) => known.includes(one)),
          [],
          'asked again',
        );
        const mostOfOne = Math.max(...tried.map((one) => tried.filter((other) => other === one).length));
        assert.equal(mostOfOne, 3, `only ${flaky} needs a third look: ${tried.join()}`);
        later.engine.dispose();
        assert.deepEqual(await state(), before_);
      });
    }
  });
}
