// Bisects over real snapshots: a change that is planted among thirty-two, found on linked clones from outside and by a
// program in the guest; with a skip, a flaky check, and after the process was killed in the middle.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { faultsOf } from '../answerFaults.js';
import { defineDiskVm } from './diskVm.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const points = 32;
const firstBad = 19;

interface Answer {
  readonly bisect: {
    readonly state: string;
    readonly newestGood?: string;
    readonly oldestBad?: string;
    readonly suspects: readonly string[];
    readonly clones: readonly string[];
    readonly line: readonly { readonly verdicts: readonly { readonly tries: readonly unknown[] }[] }[];
  };
}

describe('bisect', () => {
  let rig: LiveRig;
  let program: string;
  let state: string;
  let folder: string;

  const start = (words: readonly string[]): ChildProcess =>
    spawn(process.execPath, [program, ...words], {
      env: {
        ...rig.daemon.env,
        VIRT_REWIND_STATE: state,
        LIBVIRT_DEFAULT_URI: rig.uri,
        LC_ALL: 'C',
        BISECT_DIR: folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const ends = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const child = start(words);
    const texts = { stdout: '', stderr: '' };
    child.stdout?.on('data', (data) => (texts.stdout += String(data)));
    child.stderr?.on('data', (data) => (texts.stderr += String(data)));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, exitCode(exit), `${texts.stdout}${texts.stderr}`);
    return texts.stdout;
  };
  const bisect = (exit: ExitName, ...words: readonly string[]): Promise<string> => ends(exit, 'bisect', ...words);
  const json = async (...words: readonly string[]): Promise<Answer['bisect']> => {
    const [first = '', ...rest] = words;
    const answer = JSON.parse(await bisect('done', first, '--json', ...rest)) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    return answer.bisect;
  };
  const vms = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
  /** A shell script in a file, as a program that judges a clone from outside. */
  const check = (name: string, ...lines: readonly string[]): string => {
    const file = join(folder, name);
    writeFileSync(
      file,
      ['#!/bin/sh', 'echo "$VIRT_REWIND_RESTORE_POINT" >> "$BISECT_DIR/tried"', ...lines, ''].join('\n'),
    );
    chmodSync(file, 0o755);
    return file;
  };
  const readsDisk = `qemu-io -U -r -f qcow2 -c 'read -P 7 0 512' "$VIRT_REWIND_DISK" | grep -q 'Pattern verification failed'`;
  /** Resolves when it has been made in the folder of the checks. */
  const appears = async (wanted: string): Promise<void> => {
    for await (const { filename } of watch(folder)) {
      if (filename === wanted) {
        return;
      }
    }
  };
  const tried = (): readonly string[] => {
    const file = join(folder, 'tried');
    const all = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    writeFileSync(file, '');
    return all;
  };
  const untouched = async (): Promise<string> =>
    [await rig.virsh('dumpxml', 'line'), await rig.virsh('snapshot-list', 'line', '--tree'), (await vms()).join()].join(
      '\n',
    );

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    folder = join(rig.daemon.dir, 'bisect');
    mkdirSync(state, { recursive: true });
    mkdirSync(folder);
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
  });
  after(() => rig.stop());

  describe('of thirty-two restore points, from outside', () => {
    let before_: string;

    before(async () => {
      const disk = join(folder, 'line.qcow2');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '1M']);
      await defineDiskVm(rig, 'line', [{ file: disk, format: 'qcow2' }]);
      let top = disk;
      for (let at = 0; at < points; at += 1) {
        // What stands on the disk when the snapshot is made is what it holds.
        if (at === firstBad) {
          await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512', top]);
        }
        await rig.virsh('snapshot-create-as', 'line', `s${at}`, '--disk-only');
        top = join(folder, `line.s${at}`);
      }
      before_ = await untouched();
    });
    afterEach(async () => {
      assert.equal(await untouched(), before_);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith('bisect-')),
        [],
      );
    });

    it('says what it would do, and does nothing', async () => {
      const said = await bisect('done', 'line', '--plan', '--off', '--run', '--', '/bin/true');
      assert.match(said, /32/u);
      assert.deepEqual(
        await json('line', '--plan', '--off', '--run', '--', '/bin/true').then(({ state: is }) => is),
        'unfinished',
      );
      await bisect('notFound', '--log');
    });

    it('finds the change, in six looks, or with two at once', async () => {
      for (const jobs of ['1', '2']) {
        const file = check('steady', readsDisk);
        const found = await json('line', '--jobs', jobs, '--off', '--run', '--', file);
        assert.deepEqual(
          [found.state, found.newestGood, found.oldestBad],
          ['found', `s${firstBad - 1}`, `s${firstBad}`],
        );
        const looks = tried();
        assert.ok(looks.length <= (jobs === '1' ? 6 : 8), looks.join());
      }
      assert.match(await bisect('done', '--log'), /^s19 {2}first bad$/mu);
    });

    it('finds it between what is good and bad, past what is skipped, with a flaky check', async () => {
      // Each second look at a restore point says the opposite, but for the one that is a neighbour of the change.
      const file = check(
        'flaky',
        'n=$(grep -cx "$VIRT_REWIND_RESTORE_POINT" "$BISECT_DIR/tried")',
        'test "$VIRT_REWIND_RESTORE_POINT" = s16 && exit 125',
        `if ${readsDisk}; then r=0; else r=1; fi`,
        'test $n = 2 && exit $((1 - r))',
        'exit $r',
      );
      const words = ['--good', 's2', '--bad', 's30', '--skip', 's17', '--tries', '3', '--off', '--run', '--', file];
      const found = await json('line', ...words);
      assert.deepEqual([found.newestGood, found.oldestBad, found.suspects], ['s18', 's19', ['s19']]);
      const most = Math.max(...found.line.flatMap(({ verdicts }) => verdicts.map(({ tries }) => tries.length)));
      assert.equal(most, 3);
      assert.ok(!tried().includes('s17'));
    });

    it('goes on after it was killed in the middle, and removes what it had left', async () => {
      const file = check(
        'killed',
        // The third look waits until it is killed with the rest.
        'test $(wc -l < "$BISECT_DIR/tried") = 3 && : > "$BISECT_DIR/third" && exec tail -f -s 0.1 --pid=$PPID /dev/null',
        readsDisk,
      );
      const seen = appears('third');
      const child = start(['bisect', 'line', '--jobs', '1', '--off', '--run', '--', file]);
      await seen;
      child.kill('SIGKILL');
      await once(child, 'close');
      assert.equal((await vms()).filter((name) => name.startsWith('bisect-line-')).length, 1);
      assert.deepEqual((await json('--log')).clones.length, 1);
      await bisect('refused', 'line', '--off', '--run', '--', '/bin/true');
      const found = await json('--resume');
      assert.deepEqual([found.newestGood, found.oldestBad, found.clones], ['s18', 's19', []]);
      // The two answers that it had are not asked for again; the third is.
      const looks = tried();
      assert.deepEqual(
        looks.filter((point, at) => looks.indexOf(point) < at),
        [looks[2]],
      );
      assert.ok(looks.length <= 3 + 4, looks.join());
    });

    it('leaves a clone on which somebody has a snapshot, and forgets it', async () => {
      const mine = 'test -e "$BISECT_DIR/mine" || virsh -c "$VIRT_REWIND_URI" snapshot-create-as "$VIRT_REWIND_UUID"';
      const file = check(
        'used',
        `${mine} mine --disk-only > "$BISECT_DIR/mine" 2>&1`,
        'test "$(cat "$BISECT_DIR/by")" || echo "$VIRT_REWIND_VM" > "$BISECT_DIR/by"',
        readsDisk,
      );
      const found = await json('line', '--jobs', '1', '--off', '--run', '--', file);
      const [clone = ''] = readFileSync(join(folder, 'by'), 'utf8').trim().split('\n');
      assert.deepEqual([found.oldestBad, found.clones], [`s${firstBad}`, []]);
      assert.deepEqual((await vms()).toSorted(), [clone, 'line'].toSorted());
      assert.match(await rig.virsh('snapshot-list', clone, '--name'), /^mine$/mu);
      await rig.virsh('undefine', clone, '--snapshots-metadata');
      readdirSync(folder)
        .filter((name) => name.startsWith('bisect-'))
        .forEach((name) => rmSync(join(folder, name)));
    });

    it('stops at an exit code that says nothing, goes on or is ended, and leaves no clone', async () => {
      const file = check('odd', 'test -e "$BISECT_DIR/mended" || exit 127', readsDisk);
      await bisect('failed', 'line', '--off', '--run', '--', file);
      await bisect('notRun', '--resume').catch(() => undefined);
      appendFileSync(join(folder, 'mended'), '');
      assert.equal((await json('--resume')).oldestBad, 's19');
      await bisect('done', '--stop');
      await bisect('notFound', '--resume');
    });
  });

  describe('in guests that start', () => {
    let guest: Guest;

    before(async () => {
      guest = await rig.guest({ name: 'inside' });
      for (const [at, value] of [11, 11, 12].entries()) {
        await guest.start();
        await guest.setCounters(value);
        await rig.virsh('destroy', 'inside');
        await rig.virsh('snapshot-create-as', 'inside', `i${at}`, '--disk-only');
      }
      await rig.engine.connect(rig.uri);
      const vm = await rig.ref('inside');
      await rig.engine.runOperation({ kind: 'describe', vm, snapshot: 'i0', title: 'by a person', description: '' });
    });

    it('asks a program by the agent', async () => {
      const found = await json('inside', '--jobs', '2', '--in-guest', '--', 'sh', '-c', 'grep -q 11 /data/counter');
      assert.deepEqual([found.newestGood, found.oldestBad], ['i1', 'i2']);
      assert.deepEqual(await vms(), ['inside', 'line']);
    });

    it('knows what does not come up from what is bad', async () => {
      const found = await json('inside', '--start-seconds', '0', '--in-guest', '--', 'true');
      assert.deepEqual([found.state, found.newestGood, found.oldestBad], ['found', undefined, undefined]);
    });

    it('leaves to undo what a person did last', async () => {
      const log = await rig.engine.readLog(await rig.ref('inside'));
      assert.ok(log.length > 1);
      assert.deepEqual(
        log.filter(({ unasked }) => unasked !== true).map(({ request: { kind } }) => kind),
        ['describe'],
      );
      assert.match(await rig.virsh('snapshot-dumpxml', 'inside', 'i0'), /by a person/u);
      await ends('done', 'undo', 'inside', '--yes');
      assert.doesNotMatch(await rig.virsh('snapshot-dumpxml', 'inside', 'i0'), /by a person/u);
    });
  });
});
