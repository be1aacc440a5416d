// The restore points of a lab as layers, on a real guest: what is there is not made again, and a step that fails,
// hangs, is cancelled or dies with its process leaves the last good state.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import type { Daemon } from './engineRig.js';
import { guestBoot, makeProject } from './labGuest.js';

/** Each leaves another word in the RAM of the guest whenever it runs. */
const steps = ['one', 'two', 'three', 'four', 'five'];
const usual = `version: 1
name: shop
vms:
  db:
    image: base.qcow2${guestBoot}
points:
${steps
  .map(
    (step) => `  - title: ${step}
    run:
      - { vm: db, script: "cat /proc/sys/kernel/random/uuid >/run/${step}" }
`,
  )
  .join('')}`;
const changed = usual.replace('>/run/three', '>/run/three; echo more >>/run/three');

describe('the layers of a lab', () => {
  let daemon: Daemon;
  let door: string;
  let project: string;
  let file: string;
  let state: string;

  const start = (...words: readonly string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [door, ...words], {
      env: {
        ...daemon.env,
        VIRT_REWIND_STATE: state,
        VIRT_REWIND_LABS: join(daemon.dir, 'labs'),
        LIBVIRT_DEFAULT_URI: daemon.uri,
        LC_ALL: 'C',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const child = start(...words);
    let out = '';
    child.stdout?.on('data', (data) => (out += String(data)));
    child.stderr?.on('data', (data) => (out += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${out}`);
    return out;
  };
  const lab = (exit: ExitName, ...words: readonly string[]): Promise<string> =>
    cli(exit, 'lab', ...words, '--file', file);
  /** What is in the RAM of the guest: a word of each step that ran. */
  const words = async (): Promise<ReadonlyMap<string, string>> => {
    const script = 'cd /run; for one in one two three four five; do [ -e $one ] && echo $one $(cat $one); done; true';
    const lines = (await cli('done', 'run', 'shop-db', '--', 'sh', '-c', script)).trim().split('\n');
    return new Map(lines.filter(Boolean).map((line) => line.split(/ (.*)/u) as [string, string]));
  };
  /** The steps that ran between the two. */
  const ran = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] =>
    [...after].filter(([step, word]) => before.get(step) !== word).map(([step]) => step);
  /** It stands still while a restore point is made, and nobody can look. */
  const reached = async (child: ReturnType<typeof spawn>, step: string): Promise<void> => {
    const isThere = (): Promise<boolean> =>
      words().then(
        (all) => all.has(step),
        () => false,
      );
    while (!(await isThere())) {
      assert.equal(child.exitCode, null, 'it came through');
    }
  };
  const points = async (): Promise<readonly string[]> => {
    const { systems } = JSON.parse(await cli('done', 'system', 'list', '--json')) as {
      systems: readonly { points: readonly { title: string; undo: boolean }[] }[];
    };
    return systems.flatMap((one) => one.points.flatMap(({ title, undo }) => (undo ? [] : [title])));
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    door = await buildDoor('commandLine', join(daemon.dir, 'program'));
    project = join(daemon.dir, 'project');
    state = join(daemon.dir, 'state');
    file = join(project, 'virt-rewind.yaml');
    await makeProject(project);
    await mkdir(state);
  });
  after(() => daemon.stop());
  afterEach(async () => {
    await cli('done', 'lab', 'destroy', '--yes', '--file', file);
    const { stdout } = await daemon.virsh(['list', '--all', '--name']);
    assert.equal(stdout.trim(), '');
    assert.deepEqual(await readdir(join(state, 'labs')).catch(() => []), []);
  });

  it('are not made again where they are there, and from the changed one on where one changed', async () => {
    await writeFile(file, usual);
    await lab('done', 'create');
    const first = await words();
    assert.deepEqual([...first.keys()], steps);
    assert.match(await lab('done', 'create'), /already exists/u);
    assert.deepEqual(ran(first, await words()), []);

    await writeFile(file, changed);
    assert.match(await lab('wrong', 'check'), /steps of the restore point “three” were changed/u);
    assert.match(await lab('done', 'create', '--plan'), /Reverts all VMs to “two”.*“three”.*“four”.*“five”/su);
    await lab('unanswered', 'create');
    assert.deepEqual(ran(first, await words()), []);
    await lab('done', 'create', '--yes');
    const second = await words();
    assert.deepEqual(ran(first, second), ['three', 'four', 'five']);
    assert.match(second.get('three') ?? '', /more$/u);
    await lab('done', 'check');

    // By its number, or its title: the new one of that title.
    await lab('done', 'reset', '3', '--yes');
    assert.deepEqual([...(await words()).entries()], [...second].slice(0, 3));
    await lab('done', 'reset', 'four', '--yes');
    assert.deepEqual([...(await words()).entries()], [...second].slice(0, 4));

    // The file is as it was: nothing runs.
    await writeFile(file, usual);
    await lab('done', 'create', '--yes');
    assert.deepEqual([...(await words()).entries()], [...first]);
    await lab('done', 'check');

    // Another title is another title, and no step.
    await writeFile(file, usual.replace('title: five', 'title: last'));
    await lab('done', 'create');
    assert.deepEqual(ran(first, await words()), []);
    assert.ok((await points()).includes('last'));

    // The first one, from what was before it; and one more at the end.
    await writeFile(file, usual.replace('>/run/one', '>/run/one; true'));
    await lab('done', 'create', '--yes');
    const third = await words();
    assert.deepEqual(ran(first, third), steps);
    const more = `${usual.replace('>/run/one', '>/run/one; true')}  - title: six\n    run:\n      - { vm: db, command: [touch, /run/six] }\n`;
    await writeFile(file, more);
    await lab('done', 'create', '--yes');
    assert.deepEqual(ran(third, await words()), []);
  });

  it('that nobody named for longer than the trash keeps go', async () => {
    await writeFile(file, usual);
    await lab('done', 'create');
    await writeFile(file, changed);
    await lab('done', 'create', '--yes');
    const all = await points();
    assert.deepEqual([...all].sort(), ['Before the first step', ...steps, 'three', 'four', 'five'].sort());
    // As if that had been long ago.
    const [id = ''] = (await readdir(join(state, 'labs'))).filter((one) => !one.includes('.'));
    const record = join(state, 'labs', id, 'lab.json');
    await writeFile(record, (await readFile(record, 'utf8')).replaceAll(/"leftAt":\s*\d+/gu, '"leftAt":1'));
    await writeFile(file, changed.replace('>/run/five', '>/run/five; true'));
    await lab('done', 'create', '--yes');
    assert.deepEqual([...(await points())].sort(), ['Before the first step', ...steps, 'five'].sort());
    await lab('done', 'check');
  });

  it('leave the last good state where a step fails, hangs or is cancelled, and are continued', async () => {
    const failing = usual.replace('>/run/three"', '>/run/three; echo \\u202eno >&2; exit 3"');
    await writeFile(file, failing);
    const said = await lab('failed', 'create');
    assert.match(said, /sh in shop-db: it exited with code 3.*no”.*reverted to “two”/su);
    assert.doesNotMatch(said, /\u202e/u);
    const two = await words();
    assert.deepEqual([...two.keys()], ['one', 'two']);
    assert.match(await lab('wrong', 'check'), /“three” does not exist/u);
    await lab('done', 'reset', 'one', '--yes');
    assert.deepEqual([...(await words()).keys()], ['one']);

    await writeFile(file, usual.replace('>/run/three"', '>/run/three; sleep 1000", seconds: 2'));
    assert.match(await lab('failed', 'create', '--yes'), /did not end within 2 s.*reverted to “two”/su);
    assert.deepEqual(await words(), two);

    await writeFile(file, usual.replace('>/run/three"', '>/run/three; sleep 1000"'));
    const child = start('lab', 'create', '--yes', '--file', file);
    const ended = once(child, 'close');
    await reached(child, 'three');
    child.kill('SIGINT');
    assert.deepEqual(await ended, [exitCode('cancelled'), null]);
    assert.deepEqual(await words(), two);

    await writeFile(file, usual);
    await lab('done', 'create', '--yes');
    assert.deepEqual(ran(two, await words()), ['three', 'four', 'five']);
    await lab('done', 'check');
  });

  it('are continued where the process died in the middle of a step', async () => {
    await writeFile(file, usual.replace('>/run/four"', '>/run/four; sleep 1000"'));
    const child = start('lab', 'create', '--file', file);
    const ended = once(child, 'close');
    await reached(child, 'four');
    child.kill('SIGKILL');
    await ended;
    const before = await words();
    await lab('notFound', 'reset', '--yes');
    await writeFile(file, usual);
    await lab('done', 'create');
    assert.deepEqual(ran(before, await words()), ['four', 'five']);
    await lab('done', 'check');
  });

  it('hold a file that is copied, and run again where its content changed', async () => {
    await writeFile(join(project, 'seed.txt'), 'one', { mode: 0o750 });
    const text = usual.replace(
      '    run:\n      - { vm: db, script: "cat /proc/sys/kernel/random/uuid >/run/three',
      '    run:\n      - { vm: db, copy: seed.txt, to: /data/seed }\n      - { vm: db, script: "cat /proc/sys/kernel/random/uuid >/run/three',
    );
    await writeFile(file, text);
    await lab('done', 'create');
    const first = await words();
    const seed = (): Promise<string> =>
      cli('done', 'run', 'shop-db', '--', 'sh', '-c', 'cat /data/seed; stat -c %a /data/seed');
    assert.match(await seed(), /one750/u);
    await writeFile(join(project, 'seed.txt'), 'two');
    await lab('done', 'create', '--yes');
    assert.match(await seed(), /two/u);
    assert.deepEqual(ran(first, await words()), ['three', 'four', 'five']);
    await rm(join(project, 'seed.txt'));
    assert.match(await lab('wrong', 'check'), /does not exist/u);
    await lab('refused', 'create', '--yes');
  });
});
