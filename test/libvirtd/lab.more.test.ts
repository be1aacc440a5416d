// Labs, on real guests: made of a file, reset, checked and removed; what broke off; and that nothing is touched that a
// lab did not make.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { readLab } from '../../src/lab/readLab.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { itRarely } from '../allRows.js';
import { generationId } from './generationId.js';
import type { Daemon } from './engineRig.js';
import { guestBoot, makeProject } from './labGuest.js';

interface Answer {
  readonly lab: {
    readonly state: string;
    readonly vms: readonly { readonly name: string; readonly made: boolean }[];
    readonly problems: readonly { readonly line: number; readonly message: string }[];
    readonly differences: readonly { readonly kind: string; readonly vm?: string; readonly message: string }[];
  };
  readonly labPlan: { readonly vms: readonly unknown[]; readonly asks: boolean };
  readonly labDestroyed: { readonly removed: readonly string[] };
  readonly labFile: { readonly text: string };
}

const usual = `version: 1
name: shop
vms:
  db:
    image: base.qcow2${guestBoot}
  idle:
    existing: idle
  server:
    image: base.qcow2
    copy: true
    disks: [16 MiB]${guestBoot}
    cloudInit: { userData: "#cloud-config" }
    after: [db]
points:
  - title: clean
    run:
      - { vm: db, command: [counter, set, "7"] }
  - title: filled
    run:
      - { vm: server, command: [counter, set, "9"] }
`;

describe('a lab', () => {
  let daemon: Daemon;
  let door: string;
  let project: string;
  let file: string;
  let state: string;
  let labs: string;

  const start = (words: readonly string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [door, ...words], {
      env: {
        ...daemon.env,
        VIRT_REWIND_STATE: state,
        VIRT_REWIND_LABS: labs,
        LIBVIRT_DEFAULT_URI: daemon.uri,
        LC_ALL: 'C',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const ran = async (exit: ExitName, words: readonly string[]): Promise<readonly [string, string]> => {
    const child = start([...words, '--file', file]);
    let [out, err] = ['', ''];
    child.stdout?.on('data', (data) => (out += String(data)));
    child.stderr?.on('data', (data) => (err += String(data)));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${out}${err}`);
    return [out, err];
  };
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => (await ran(exit, words)).join('');
  const json = async (exit: ExitName, ...words: readonly string[]): Promise<Answer> => {
    const answer: unknown = JSON.parse((await ran(exit, [...words, '--json']))[0]);
    assert.deepEqual(faultsOf(answer), []);
    return answer as Answer;
  };
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const vms = async (): Promise<readonly string[]> =>
    (await virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();
  const counted = async (vm: string, ...words: readonly string[]): Promise<string> => {
    const child = start(['run', vm, '--', 'counter', ...words]);
    let out = '';
    child.stdout?.on('data', (data) => (out += String(data)));
    await once(child, 'close');
    return out.trim();
  };
  const write = (text: string): Promise<void> => writeFile(file, text);
  const checkpointed = async (): Promise<void> => {
    const [code] = (await once(start(['system', 'checkpoint', 'shop', 'precious']), 'close')) as [number];
    assert.equal(code, exitCode('done'));
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    door = await buildDoor('commandLine', join(daemon.dir, 'program'));
    project = join(daemon.dir, 'project');
    labs = join(daemon.dir, 'labs');
    file = join(project, 'virt-rewind.yaml');
    await makeProject(project);
    await OracleVm.define(daemon, { name: 'idle', disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, 'idle') });
  });
  after(() => daemon.stop());
  let count = 0;
  beforeEach(async () => {
    state = join(daemon.dir, `state-${String(count++)}`);
    await mkdir(state);
    await write(usual);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      // Removes what a test left that failed half way.
      for (const name of (await vms()).filter((one) => one !== 'idle')) {
        await daemon.virsh(['destroy', name]);
        await daemon.virsh(['undefine', name, '--snapshots-metadata', '--managed-save']);
      }
      for (const name of (await virsh('snapshot-list', 'idle', '--name')).split('\n').filter(Boolean)) {
        await daemon.virsh(['snapshot-delete', 'idle', name]);
      }
      await daemon.virsh(['destroy', 'idle']);
      await rm(labs, { recursive: true, force: true });
    }
  });
  /** What is written down whole; who died while it was made has left a part. */
  const whole = async (kind: string, name: string): Promise<readonly string[]> => {
    const all = await readdir(join(state, kind), { recursive: true }).catch((): readonly string[] => []);
    return all.filter((one) => one.endsWith(`/${name}`) && !/^(?:new|old)-/u.test(one));
  };
  const isGone = async (): Promise<void> => {
    for (const left of (await virsh('snapshot-list', 'idle', '--name')).split('\n').filter(Boolean)) {
      // What a reset has kept stays, as that of any revert.
      assert.ok(!['clean', 'filled', 'Before-the-first-step'].includes(left), left);
      await virsh('snapshot-delete', 'idle', left);
    }
    assert.deepEqual(await vms(), ['idle']);
    assert.deepEqual(await readdir(labs).catch(() => []), []);
    assert.deepEqual(await readdir(join(state, 'labs')).catch(() => []), []);
    assert.deepEqual(await whole('systems', 'system.json'), []);
    assert.deepEqual(await whole('groups', 'group.json'), []);
  };

  it('is made of its file, reset, checked and removed, and may be told so twice', async () => {
    assert.equal((await json('wrong', 'lab', 'check')).lab.state, 'absent');
    await cli('notFound', 'lab', 'reset', '--yes');
    await json('done', 'lab', 'create', '--plan');
    assert.deepEqual(await vms(), ['idle']);
    const { lab } = await json('done', 'lab', 'create');
    assert.deepEqual(
      lab.vms.map(({ name, made }) => [name, made]),
      [
        ['shop-db', true],
        ['idle', false],
        ['shop-server', true],
      ],
    );
    assert.deepEqual(await vms(), ['idle', 'shop-db', 'shop-server']);
    assert.match(await cli('done', 'lab', 'create'), /already exists/u);
    const completing = start(['complete-words', '--', 'lab', 'reset', '--file', file, '']);
    let words = '';
    completing.stdout?.on('data', (data) => (words += String(data)));
    await once(completing, 'close');
    assert.equal(words, 'clean\nfilled\n');
    assert.match(await cli('done', 'lab', 'check'), /matches its file/u);
    assert.match(await virsh('dumpxml', 'shop-server'), /seed\.iso/u);
    assert.doesNotMatch(await virsh('dumpxml', 'shop-db'), /<interface/u);
    const born = await generationId({ virsh }, 'shop-db');

    // Its export says what its file does.
    const own = file;
    file = join(project, 'again.yaml');
    const { text } = (await json('done', 'lab', 'export', '--system', 'shop')).labFile;
    assert.deepEqual(readLab(text).lab, readLab(usual).lab);
    assert.equal((await json('wrong', 'lab', 'check')).lab.state, 'absent');
    await rm(file);
    file = own;

    // Two of them are broken, and all are reset.
    await counted('shop-db', 'set', '100');
    await virsh('destroy', 'shop-server');
    assert.deepEqual(
      (await json('wrong', 'lab', 'check')).lab.differences.map(({ kind, vm }) => [kind, vm]),
      [['off', 'server']],
    );
    assert.match(await cli('unanswered', 'lab', 'reset'), /Revert the system shop to “clean”/u);
    await json('done', 'lab', 'reset', '--yes');
    assert.match(await counted('shop-db', 'show'), /memory 7 \| disk 7/u);
    assert.notEqual(await generationId({ virsh }, 'shop-db'), born);
    assert.match(await counted('shop-server', 'show'), /memory 0 \| disk 0/u);
    await cli('done', 'lab', 'reset', 'filled', '--yes');
    assert.match(await counted('shop-server', 'show'), /memory 9 \| disk 9/u);
    await cli('notFound', 'lab', 'reset', 'nothing', '--yes');

    // What somebody changed in libvirt, until the next reset.
    await virsh('setmaxmem', 'shop-db', '192M', '--config');
    await virsh('setmem', 'shop-db', '192M', '--config');
    await virsh('attach-interface', 'shop-db', 'network', 'lan', '--config');
    await virsh('setmem', 'shop-server', '64M', '--config');
    await virsh('detach-disk', 'shop-server', 'vdb', '--config');
    const { differences } = (await json('wrong', 'lab', 'check')).lab;
    assert.deepEqual(
      differences.map(({ kind, vm, message }) =>
        [kind, vm, ...message.matchAll(/\b(?:cpus|memory|disks|network): [\w ]+/gu)].map(String),
      ),
      [
        ['hardware', 'db', 'memory: 192 MiB', 'network: lan', 'memory: 96 MiB', 'network: none'],
        ['hardware', 'server', 'memory: 64 MiB', 'disks: sda', 'memory: 96 MiB', 'disks: sda'],
      ],
    );
    assert.match(await cli('done', 'lab', 'create'), /already exists/u);
    await json('done', 'lab', 'reset', '--yes');
    assert.match(await cli('done', 'lab', 'check'), /matches its file/u);

    // What differs.
    await write(
      usual.replace('[16 MiB]', '[32 MiB]').replace('after: [db]', '').replace('title: filled', 'title: other'),
    );
    assert.deepEqual(
      (await json('wrong', 'lab', 'check')).lab.differences.map(({ kind }) => kind),
      ['parts', 'order', 'point'],
    );
    assert.match(await cli('refused', 'lab', 'create'), /created in another way/u);
    await write(usual);
    await utimes(join(project, 'base.qcow2'), 1, 1);
    assert.deepEqual(
      (await json('wrong', 'lab', 'check')).lab.differences.map(({ kind, vm }) => [kind, vm]),
      [['image', 'db']],
    );

    // What stands on its files is not lost with it.
    const [folder] = (await readdir(labs)).sort();
    const disk = join(labs, folder!, 'disk-a.qcow2');
    await OracleVm.define(daemon, { name: 'other', disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, 'other') });
    await virsh('attach-disk', 'other', disk, 'vdz', '--config');
    assert.match(await cli('refused', 'lab', 'destroy', '--yes'), /VM other needs/u);
    await virsh('detach-disk', 'other', 'vdz', '--config');
    await symlink(join(labs, folder!), join(daemon.dir, 'way'));
    await virsh('attach-disk', 'other', join(daemon.dir, 'way', 'disk-a.qcow2'), 'vdz', '--config');
    assert.match(await cli('refused', 'lab', 'destroy', '--yes'), /VM other needs/u);
    await virsh('undefine', 'other', '--snapshots-metadata');
    // Nor is what somebody has put beside them.
    const mine = [join(labs, folder!, 'own.qcow2'), join(labs, folder!, 'kernel')] as const;
    await writeFile(mine[0], 'mine');
    await rm(mine[1]);
    await writeFile(mine[1], 'mine');

    await cli('unanswered', 'lab', 'destroy');
    await json('done', 'lab', 'destroy', '--plan');
    assert.deepEqual(await vms(), ['idle', 'shop-db', 'shop-server']);
    assert.deepEqual((await json('done', 'lab', 'destroy', '--yes')).labDestroyed.removed, ['shop-db', 'shop-server']);
    assert.deepEqual(await readdir(labs), [folder]);
    assert.deepEqual((await readdir(join(labs, folder!))).sort(), ['kernel', 'own.qcow2']);
    await rm(join(labs, folder!), { recursive: true });
    await isGone();
    assert.deepEqual((await json('done', 'lab', 'destroy', '--yes')).labDestroyed.removed, []);
  });

  for (const moment of ['a VM is made', 'its guests start', 'a restore point is made'] as const) {
    const test = moment === 'a restore point is made' ? itRarely : it;
    test(`is made anew, or removed, where the process died while ${moment}`, async () => {
      for (const way of moment === 'a restore point is made'
        ? (['create', 'destroy'] as const)
        : (['destroy'] as const)) {
        const child = start(['lab', 'create', '--file', file]);
        const ended = once(child, 'close');
        const reached = async (): Promise<boolean> =>
          moment === 'a VM is made'
            ? (await vms()).includes('shop-db')
            : moment === 'its guests start'
              ? (await whole('systems', 'system.json')).length > 0
              : (await whole('groups', 'group.json')).length > 0;
        while (!(await reached())) {
          assert.equal(child.exitCode, null, 'it came through');
        }
        child.kill('SIGKILL');
        await ended;
        assert.equal((await json('wrong', 'lab', 'check')).lab.state, 'unfinished');
        await cli('notFound', 'lab', 'reset', '--yes');
        if (way === 'create') {
          await json('done', 'lab', 'create');
          await cli('done', 'lab', 'check');
          assert.match(await counted('shop-db', 'show'), /memory 7 \| disk 7/u);
        }
        await cli('done', 'lab', 'destroy', '--yes');
        await isGone();
      }
    });
  }

  it('leaves what it made for a look where a guest does not do what the file wants, and goes on anew', async () => {
    await write(usual.replace('[counter, set, "7"]', '[sh, -c, "echo no >&2; exit 3"]'));
    assert.match(await cli('failed', 'lab', 'create'), /sh in shop-db: it exited with code 3.*“no”/su);
    assert.equal((await json('wrong', 'lab', 'check')).lab.state, 'unfinished');
    assert.deepEqual(await vms(), ['idle', 'shop-db', 'shop-server']);
    await write(usual.replace('wait: { agent: true }', 'wait: { port: 1, host: 127.0.0.1, seconds: 1 }'));
    // Its guests have run, and may have been worked in.
    await cli('unanswered', 'lab', 'create');
    assert.match(await cli('failed', 'lab', 'create', '--yes'), /did not start/u);
    // What somebody keeps meanwhile is theirs.
    await checkpointed();
    assert.match(await cli('refused', 'lab', 'create', '--yes'), /shop-db.*“precious”, which this lab did not create/u);
    await cli('done', 'lab', 'destroy', '--yes');
    // Beside what the revert after the step has kept.
    assert.ok((await virsh('snapshot-list', 'idle', '--name')).split('\n').includes('precious'));
    await isGone();
  });

  it('is refused before anything is touched: paths that are traps, names that are taken, VMs that are not there', async () => {
    await writeFile(join(daemon.dir, 'secret'), 'x'.repeat(1024));
    await symlink(join(daemon.dir, 'secret'), join(project, 'link'));
    await runOk('mkfifo', [join(project, 'pipe')]);
    await runOk('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      join(daemon.dir, 'secret'),
      join(project, 'over.qcow2'),
    ]);
    await runOk('qemu-img', ['create', '-q', '-f', 'vmdk', join(project, 'disk.vmdk'), '1M']);
    const [disk = ''] = /\/\S+/u.exec(await virsh('domblklist', 'idle')) ?? [];
    await link(disk, join(project, 'disk.qcow2'));
    const image = (path: string): string => `version: 1\nname: lab\nvms:\n  a: { image: "${path}" }\n`;
    for (const [path, said] of [
      [join(daemon.dir, 'secret'), /outside the folders/u],
      ['link', /outside the folders/u],
      ['over.qcow2', /outside the folders/u],
      ['pipe', /not a readable file|not an image/u],
      ['.', /outside the folders|not a readable file/u],
      ['nothing.qcow2', /does not exist/u],
      ['disk.vmdk', /not an image in the format/u],
      // The disk of a VM, by another name.
      ['disk.qcow2', /a disk that the VM idle writes to/u],
    ] as const) {
      await write(image(path));
      assert.match(await cli('refused', 'lab', 'create'), said, path);
    }
    await write(image('../x'));
    assert.match(await cli('wrong', 'lab', 'create'), /virt-rewind\.yaml:4:15: A path cannot contain/u);
    await write('version: 1\nname: lab\nvms: { a: { existing: nobody } }\n');
    await cli('notFound', 'lab', 'create');
    await OracleVm.define(daemon, { name: 'lab-a', disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, 'taken') });
    await write(image('base.qcow2'));
    assert.match(await cli('refused', 'lab', 'create'), /lab-a already exists/u);
    await virsh('undefine', 'lab-a');
    await isGone();
    for (const name of ['link', 'pipe', 'over.qcow2', 'disk.vmdk', 'disk.qcow2']) {
      await rm(join(project, name));
    }
    await rm(file);
    await cli('notFound', 'lab', 'check');
  });

  it('asks before programs run over ssh, or in a VM that was there before, and makes nothing where nobody answers', async () => {
    const before = await virsh('domstate', 'idle');
    for (const ssh of [', ssh: root', '']) {
      const run = `[{ vm: a, command: [touch, x]${ssh} }]`;
      await write(`version: 1\nname: small\nvms: { a: { existing: idle } }\npoints: [{ title: clean, run: ${run} }]\n`);
      assert.match(await cli('unanswered', 'lab', 'create'), ssh === '' ? /idle/u : /idle.*root/u);
      await json('unanswered', 'lab', 'create');
      assert.equal((await json('done', 'lab', 'create', '--plan')).labPlan.asks, true);
      assert.equal((await json('wrong', 'lab', 'check')).lab.state, 'absent');
    }
    const plain = 'version: 1\nname: small\nvms: { a: { existing: idle } }\npoints: [{ title: clean }]\n';
    await write(plain);
    const given: Readonly<Record<string, unknown>> = { 'virtRewind.protectedVms': ['idle'] };
    await new SharedSettings(state, silentLog).write(parseSettings((key) => given[key]));
    await cli('unanswered', 'lab', 'create', '--yes');
    await cli('declined', 'lab', 'create', '--yes', '--name', 'idle');
    assert.equal((await json('done', 'lab', 'create', '--plan')).labPlan.asks, true);
    assert.equal(await virsh('domstate', 'idle'), before);
    assert.equal(await virsh('snapshot-list', 'idle', '--name'), '');
    await cli('done', 'lab', 'create', '--yes', '--name', 'small');
    await cli('done', 'lab', 'destroy', '--yes', '--name', 'small');
    await rm(join(state, 'settings.json'));
    await isGone();
    await write(usual);
    assert.equal((await json('done', 'lab', 'create', '--plan')).labPlan.asks, false);
  });

  it('is protected where its file says so, and is written of what is there', async () => {
    await write(
      'version: 1\nname: small\nprotected: true\nvms: { a: { existing: idle } }\npoints: [{ title: clean }]\n',
    );
    await cli('done', 'lab', 'create');
    await cli('unanswered', 'lab', 'reset', '--yes');
    await cli('declined', 'lab', 'destroy', '--yes', '--name', 'other');
    const own = file;
    file = join(project, 'written.yaml');
    const { text } = (await json('done', 'lab', 'export', '--system', 'small')).labFile;
    assert.match(text, /existing: idle/u);
    assert.match(text, /title: clean/u);
    await cli('failed', 'lab', 'export', 'idle');
    await rm(file);
    file = own;
    // What it said when it was made holds on, and so does what it says now: taken away and put in.
    const plain = 'version: 1\nname: small\nvms: { a: { existing: idle } }\npoints: [{ title: clean }]\n';
    await write(plain);
    await cli('unanswered', 'lab', 'reset', '--yes');
    await cli('done', 'lab', 'destroy', '--yes', '--name', 'small');
    await cli('done', 'lab', 'create');
    await write(`protected: true\n${plain}`);
    await cli('unanswered', 'lab', 'reset', '--yes');
    await cli('unanswered', 'lab', 'destroy', '--yes');
    await write(plain.replace('small', 'other'));
    const { differences } = (await json('wrong', 'lab', 'check')).lab;
    assert.match(JSON.stringify(differences), /created as small, but the file says other/u);
    await write(`protected: true\n${plain}`);
    await cli('done', 'lab', 'reset', '--yes', '--name', 'small');
    // Also where its file is gone.
    await rm(file);
    await cli('done', 'lab', 'destroy', '--yes', '--name', 'small');
    await isGone();
  });
});
