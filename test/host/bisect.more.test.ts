// Bisects in the editor: a change that was planted among restore points is found by a program here, by one in a guest
// that runs and by a person; cancelled, broken off by a death, gone on with; and what rows, picture and page say of it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { itRarely } from '../allRows.js';
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { BisectFinding } from '../../src/bisect/finding.js';
import { call, CommandRig, fromMenu, rejects } from './commandRig.js';
import { Person } from './person.js';

const points = 32;
const firstBad = 19;
const vm = 'bisect-line';
const confirm = false;
/** On the disk of a clone, from outside. */
const readsDisk = `qemu-io -U -r -f qcow2 -c 'read -P 7 0 512' "$VIRT_REWIND_DISK" | grep -q 'Pattern verification failed'`;

describe('a bisect in the editor', () => {
  let rig: CommandRig;
  let person: Person;
  let folder: string;

  const tried = (): readonly string[] => readFileSync(join(folder, 'tried'), 'utf8').split('\n').slice(0, -1);
  const check = (...lines: readonly string[]): readonly string[] => {
    writeFileSync(join(folder, 'tried'), '');
    return ['sh', '-c', [`echo "$VIRT_REWIND_RESTORE_POINT" >> ${folder}/tried`, ...lines, readsDisk].join('\n')];
  };
  const appears = async (wanted: string): Promise<void> => {
    for await (const { filename } of watch(folder)) {
      if (filename === wanted) {
        return;
      }
    }
  };
  /** What each row of a snapshot says a bisect knows of it, oldest first. */
  const rows = async (name: string): Promise<readonly string[]> => {
    const { tree, engine } = await rig.api();
    const { ref } = await rig.vmRow(name);
    const { snapshots } = await engine.readTree(ref);
    return Promise.all(
      snapshots
        .toSorted((a, b) => a.createdAt - b.createdAt || Number(a.name.slice(1)) - Number(b.name.slice(1)))
        .map(async (snapshot) => {
          const row = tree.getTreeItem(await rig.snapshotRow(name, snapshot.name));
          return /bisect: ([\w ]+)/u.exec(String(row.description))?.[1]?.trim() ?? '';
        }),
    );
  };
  const knownRows = (bad: number): readonly string[] =>
    Array.from({ length: points }, (_, at) => (at < bad ? 'good' : at === bad ? 'first bad' : 'bad'));
  /** The page, as soon as it says all of this: one that is open is made anew. */
  const page = async (...wanted: readonly RegExp[]): Promise<string> => {
    const uri = vscode.Uri.from({ scheme: 'virt-rewind-report', path: `/Bisect: ${vm}.md` });
    const document = await vscode.workspace.openTextDocument(uri);
    const isThere = (): boolean => wanted.every((one) => one.test(document.getText()));
    if (!isThere()) {
      await new Promise<void>((resolve) => {
        const listening = vscode.workspace.onDidChangeTextDocument(() => {
          if (isThere()) {
            listening.dispose();
            resolve();
          }
        });
      });
    }
    return document.getText();
  };
  const clones = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter((name) => name.startsWith('bisect-bisect-'));
  const state = async (): Promise<string> =>
    [await rig.virsh('dumpxml', vm), await rig.virsh('snapshot-list', vm, '--tree')].join('\n');
  const bisect = (given: object = {}): Thenable<BisectFinding> =>
    call<BisectFinding>('virtRewind.bisect', { vm, confirm, ...given });

  before(async () => {
    rig = new CommandRig();
    folder = join(rig.dir, 'bisect');
    mkdirSync(folder);
    const disk = join(folder, 'line.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '1M']);
    await defineDiskVm({ virsh: virshOf(rig.uri) }, vm, [{ file: disk, format: 'qcow2' }]);
    let top = disk;
    for (let at = 0; at < points; at += 1) {
      if (at === firstBad) {
        await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512', top]);
      }
      await rig.virsh('snapshot-create-as', vm, `s${at}`, '--disk-only');
      top = join(folder, `line.s${at}`);
    }
    await call('virtRewind.connect', { connection: rig.uri });
    await call('virtRewind.refresh');
  });
  beforeEach(() => {
    person = new Person();
  });
  afterEach(() => person.leave());
  after(async () => {
    await rig.virsh('undefine', vm, '--snapshots-metadata');
    await rig.stop();
  });

  it('finds the change by a command on this computer, after the questions, and says it in the rows', async () => {
    const before_ = await state();
    person.will(
      ({ choices }) => {
        assert.equal(choices.length, 1 + points);
        return 'None Known';
      },
      ({ choices }) => {
        assert.equal(choices.length, 1 + points);
        return 's3';
      },
      ({ choices, text }) => {
        assert.equal(choices.length, 4);
        assert.match(text, /no guest agent/u);
        return 'A Command on This Computer';
      },
      async ({ problem }) => {
        assert.match((await problem(' ')) ?? '', /command/u);
        return readsDisk;
      },
      'Off',
      ({ choices, text }) => {
        assert.match(text, /29.*28[^]*Rounds: about/u);
        assert.deepEqual(choices.slice(0, 2), ['Start', 'Start, Test Each Three Times']);
        return 'Start';
      },
    );
    const found = (await fromMenu('virtRewind.bisect', await rig.vmRow(vm))) as BisectFinding;
    assert.deepEqual([found.state, found.newestGood, found.oldestBad], ['found', 's18', 's19']);
    // Nobody asked about what is older than the one that was said to be good.
    assert.deepEqual(await rows(vm), ['', '', '', ...knownRows(firstBad).slice(3)]);
    assert.match(person.said.map(({ message }) => message).join(), /first bad snapshot is s19/u);
    assert.ok(person.told.some(({ title, cancellable }) => title.includes(vm) && cancellable));
    assert.equal(await state(), before_);
    assert.deepEqual(await clones(), []);
  });

  it('shows what it found on a page, and forgets it when it is told to', async () => {
    person.will(({ choices }) => {
      assert.deepEqual(choices, ['Show Results', 'Start a New One', 'End Bisect…']);
      return 'Show Results';
    });
    await fromMenu('virtRewind.bisect', await rig.vmRow(vm));
    const text = await page(/Snapshots/u);
    assert.match(text, /first bad snapshot is s19/u);
    assert.match(text, /\| 1 \| s3 \| good \| specified in advance \|/u);
    assert.match(text, /\| 17 \| s19 \| first bad \| exit code 1 \|/u);
    await call('virtRewind.bisect', { vm, bisect: 'end' });
    assert.ok((await rows(vm)).every((row) => row === ''));
    await rejects(call('virtRewind.bisect', { vm, bisect: 'show' }), 'notFound');
  });

  it('is cancelled, and gone on with', async () => {
    const program = check(
      `test $(wc -l < ${folder}/tried) = 2 && : > ${folder}/second && exec tail -f -s 0.1 --pid=$PPID /dev/null`,
    );
    person.will();
    const second = appears('second');
    const running = bisect({ check: 'host', program, off: true, jobs: 1 });
    await second;
    person.told.find(({ title }) => title.includes(vm))?.cancel();
    const stopped = await running;
    assert.deepEqual([stopped.state, stopped.suspects.length], ['unfinished', 16]);
    assert.deepEqual(await clones(), []);
    const { tree } = await rig.api();
    assert.match(String(tree.getTreeItem(await rig.vmRow(vm)).description), /bisect not finished/u);
    await rejects(call('virtRewind.cloneVm', { vm, name: vm }), 'refused');
    person.will(({ choices, text }) => {
      assert.deepEqual(choices, ['Continue', 'Show Results', 'End and Start a New One', 'End Bisect…']);
      assert.match(text, /Good: 16, bad: 0, unknown: 16/u);
      return 'Continue';
    });
    const found = (await fromMenu('virtRewind.bisect', await rig.vmRow(vm))) as BisectFinding;
    assert.equal(found.oldestBad, 's19');
    assert.deepEqual(await rows(vm), knownRows(firstBad));
  });

  itRarely('goes on after whoever was at it was killed: past what is skipped, with a flaky check', async () => {
    const program = check(
      'n=$(grep -cx "$VIRT_REWIND_RESTORE_POINT" $TRIED)',
      'test "$VIRT_REWIND_RESTORE_POINT" = s16 && exit 125',
      // The fourth look waits until it is killed with the rest.
      `test $(wc -l < $TRIED) = 4 && : > ${folder}/fourth && exec tail -f -s 0.1 --pid=$PPID /dev/null`,
      // Each second look at a restore point says the opposite.
      `if [ "$n" = 2 ]; then if ${readsDisk}; then exit 1; else exit 0; fi; fi`,
    ).map((word) => word.replaceAll('$TRIED', join(folder, 'tried')));
    await call('virtRewind.bisect', { vm, bisect: 'end' });
    const { journal } = await rig.api();
    const fourth = appears('fourth');
    const child = commandLine(rig.uri, journal, [
      ...['bisect', vm, '--good', 's2', '--bad', 's30', '--skip', 's17', '--tries', '3', '--jobs', '1', '--off'],
      ...['--run', '--', ...program],
    ]);
    await fourth;
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal((await clones()).length, 1);
    await rejects(bisect({ check: 'host', program, off: true, good: 's5' }), 'refused');
    const before_ = tried();
    const found = await bisect();
    assert.deepEqual(
      [found.state, found.newestGood, found.oldestBad, found.suspects],
      ['found', 's18', 's19', ['s19']],
    );
    assert.ok(!tried().includes('s17'));
    // What the killed one had no answer for is asked again, and nothing else.
    const answered = before_.filter((point) => point !== before_.at(-1));
    assert.ok(answered.length > 0);
    assert.deepEqual(
      tried()
        .slice(before_.length)
        .filter((point) => answered.includes(point)),
      [],
    );
    assert.deepEqual(await clones(), []);
    await call('virtRewind.bisect', { vm, bisect: 'show' });
    await page(/specified in advance/u, /is flaky/u);
  });

  it('asks a person, again where a message was closed, and stops where nobody wants to say', async () => {
    await call('virtRewind.bisect', { vm, bisect: 'end' });
    const wish = { check: 'person', good: 's17', bad: 's20' };
    person.will(({ question, choices }) => {
      assert.match(question, /Is s18 good/u);
      assert.deepEqual(choices.slice(0, 3), ['Good', 'Bad', 'Skip']);
      return undefined;
    });
    person.presses(({ message }) => (message.startsWith('Is ') ? '' : undefined));
    // A closed message is no answer.
    const stopped = await bisect(wish);
    assert.equal(stopped.state, 'unfinished');
    person.presses(({ message }) =>
      message.startsWith('Is ') ? (message.includes('s18') ? 'Good' : 'Bad') : undefined,
    );
    assert.deepEqual((await bisect()).suspects, ['s19']);
  });

  it('runs nothing on this computer in a workspace that is not trusted', async () => {
    await call('virtRewind.bisect', { vm, bisect: 'end' });
    const program = check();
    const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
    assert.ok(trusted);
    Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
    try {
      await rejects(bisect({ check: 'host', program, off: true }), 'refused');
      assert.deepEqual(tried(), []);
    } finally {
      Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
    }
    // One that found nothing is not in the way of the next.
    await rejects(bisect({ check: 'host', program: ['/no/such/program'], off: true }), 'failed');
    await rejects(call('virtRewind.bisect', { vm, bisect: 'end' }), 'notFound');
    await rejects(bisect({ check: 'guest', program: ['true'] }), 'refused');
    assert.deepEqual(await clones(), []);
  });

  itRarely('asks a program in guests that run', async () => {
    const inside = 'bisect-inside';
    const guest = await rig.guest({ name: inside });
    for (const [value, names] of [
      [11, ['i0', 'i1']],
      [12, ['i2', 'i3']],
    ] as const) {
      await guest.start();
      await guest.setCounters(value);
      await rig.virsh('destroy', inside);
      for (const name of names) {
        await rig.virsh('snapshot-create-as', inside, name, '--disk-only');
      }
    }
    await call('virtRewind.refresh');
    const [first, last] = [await rig.snapshotRow(inside, 'i0'), await rig.snapshotRow(inside, 'i3')];
    // Two rows are the ends of the line, in whichever order.
    person.will('A Command in the Guest', 'grep -q 11 /data/counter', 'Start');
    const found = (await fromMenu('virtRewind.bisect', last, [first, last])) as BisectFinding;
    assert.deepEqual([found.newestGood, found.oldestBad], ['i1', 'i2']);
    assert.deepEqual(await rows(inside), ['good', 'good', 'first bad', 'bad']);
  });
});

/** As in a terminal of the editor. */
function commandLine(uri: string, journal: string, words: readonly string[]): ChildProcess {
  const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');
  assert.ok(extension);
  return spawn(process.execPath, [join(extension.extensionPath, 'dist', 'commandLine.js'), ...words], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', VIRT_REWIND_STATE: journal, LIBVIRT_DEFAULT_URI: uri },
    stdio: 'ignore',
  });
}
