// What removes a VM that we made, or what is left of one, asks first who else rests on its files: whatever path leads
// to them, and wherever that VM is defined.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { seenAs } from '../../src/domain/labVm.js';
import { LabStore } from '../../src/journal/labStore.js';
import { removeLab } from '../../src/lab/removeLab.js';
import type { Session } from '../../src/session/session.js';
import { newVmStore, recordOf, removeNewVm } from '../../src/wings/guest/make/removeNewVm.js';
import { keepIn } from '../../src/journal/persistence.js';
import { itRarely } from '../allRows.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { startNewVmRig } from './newVmRig.js';
import { head } from '../unit/journal/plans.js';
import { openEditor } from './faults/editor.js';

describe('the removal of a VM that we made', () => {
  let daemon: Daemon;
  let session: Session;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  let image: string;
  let uuid = '';
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const folder = (): string => at('labs', 'virt-rewind-lab-0123456789ab');
  const disk = (): string => join(folder(), 'disk-a.qcow2');
  const images = (): string => at('labs', 'virt-rewind-lab-images');
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const vms = async (): Promise<readonly string[]> =>
    (await virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();
  const overlay = (file: string, on: string): Promise<string> =>
    runOk('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', on, file, '8M']);
  /** As anybody defines one. */
  const define = async (name: string, source: string, id: string = randomUUID()): Promise<void> => {
    const devices = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${source}'/><target dev='vda' bus='virtio'/></disk>`;
    const xml = `<domain type='qemu'><name>${name}</name><uuid>${id}</uuid><memory unit='MiB'>32</memory><os><type arch='x86_64'>hvm</type></os><devices>${devices}</devices></domain>`;
    await writeFile(at(`${name}.xml`), xml);
    await virsh('define', at(`${name}.xml`));
  };
  /** A folder of the host in a VM. */
  const share = async (shared: string): Promise<void> => {
    const devices = `<filesystem type='mount'><source dir='${shared}'/><target dir='shared'/></filesystem>`;
    const xml = `<domain type='qemu'><name>other</name><memory unit='MiB'>32</memory><os><type arch='x86_64'>hvm</type></os><devices>${devices}</devices></domain>`;
    await writeFile(at('other.xml'), xml);
    await virsh('define', at('other.xml'));
  };
  /** Without its start. */
  const make = async (
    phase: 'making' | 'ready' | 'removing' = 'ready',
    { store = newVmStore(session, silentLog, 'test'), names = ['prod'] } = {},
  ): Promise<string> => {
    const id = randomBytes(16).toString('hex');
    const open = await store.begin({ id, file: 'prod', name: 'prod', isProtected: false, phase: 'making', vms: [] });
    const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await stat(image);
    const parts = {
      ...{ cpus: 1, memoryMiB: 64, disksMiB: [] },
      image: { path: image, format: 'qcow2', how: 'linked' } as const,
      seen: { [image]: seenAs({ real: `${dev}:${ino}`, bytes, modifiedAt }) },
    };
    for (const [at, name] of names.entries()) {
      uuid = randomUUID();
      const vm = { connection: daemon.uri, uuid, name, folder: folder().replace(/-0123/u, `-${String(at)}123`) };
      const before = open.record.vms;
      const recorded = { ...vm, key: name, parts: uuid };
      await open.put({ vms: [...before, recorded] });
      const definition = await session.engine.labVms.make(vm, parts, (made) =>
        open.put({ vms: [...before, { ...recorded, made }] }),
      );
      await open.put({ vms: [...before, { ...open.record.vms[at]!, definition }] });
    }
    await open.put({ phase });
    await open.leave();
    return id;
  };
  const remove = async (): Promise<readonly string[]> => {
    const notes: string[] = [];
    const store = newVmStore(session, silentLog, 'test');
    await removeNewVm(store, await recordOf(store, session, 'prod'), {
      ...{ session, environment, signal: new AbortController().signal },
      ...{ onStep: () => undefined, onNote: (line) => notes.push(line) },
    });
    return notes;
  };
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const refused = async (reason: string): Promise<void> => {
    await assert.rejects(remove(), (error: { details?: { refusal?: { reason: string } } }) => {
      assert.equal(error.details?.refusal?.reason, reason);
      return true;
    });
    assert.ok((await vms()).includes('prod'));
    assert.ok(existsSync(disk()));
    const [record] = await newVmStore(session, silentLog, 'test').list();
    assert.equal(record?.phase, 'ready');
  };

  before(async () => {
    ({ daemon, environment, program, session } = await startNewVmRig());
    image = at('image.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M']);
  });
  after(async () => {
    await session.close();
    await daemon.stop();
  });
  afterEach(async () => {
    for (const name of await vms()) {
      await daemon.virsh(['destroy', name]);
      await virsh('undefine', name, '--snapshots-metadata');
    }
    const force = { recursive: true, force: true };
    await Promise.all(
      [at('labs'), at('state', 'new-vms'), at('state', 'labs'), at('own')].map((path) => rm(path, force)),
    );
    await mkdir(at('own'));
  });

  const own = (): string => at('own', 'own.qcow2');
  const rows: readonly (readonly [string, () => Promise<unknown>, string, typeof itRarely])[] = [
    ['an image beside it that no VM names', () => overlay(join(folder(), 'mine.qcow2'), disk()), 'usedByImage', it],
    [
      'one that names it from its own folder',
      () => overlay(join(folder(), 'mine.qcow2'), 'disk-a.qcow2'),
      'usedByImage',
      itRarely,
    ],
    [
      'a VM by a relative path',
      () => overlay(own(), '../labs/virt-rewind-lab-0123456789ab/disk-a.qcow2').then(() => define('other', own())),
      'usedByOtherVm',
      it,
    ],
    [
      'a VM by a link to its folder',
      () =>
        symlink(folder(), at('own', 'link'))
          .then(() => overlay(own(), at('own', 'link', 'disk-a.qcow2')))
          .then(() => define('other', own())),
      'usedByOtherVm',
      itRarely,
    ],
    [
      'a VM by another name of it',
      () =>
        link(disk(), at('own', 'named.qcow2'))
          .then(() => overlay(own(), at('own', 'named.qcow2')))
          .then(() => define('other', own())),
      'usedByOtherVm',
      itRarely,
    ],
    [
      'only a snapshot of another VM',
      async () => {
        await overlay(own(), disk());
        await define('other', own());
        await virsh('snapshot-create-as', 'other', 'then', '--disk-only', '--diskspec', `vda,file=${at('own', 'top')}`);
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('own', 'alone.qcow2'), '8M']);
        await define('other', at('own', 'alone.qcow2')).catch(() => undefined);
        const xml = (await virsh('dumpxml', 'other')).replace(at('own', 'top'), at('own', 'alone.qcow2'));
        await writeFile(at('other.xml'), xml);
        await virsh('define', at('other.xml'));
      },
      'usedByOtherVm',
      itRarely,
    ],
    ['a VM that shares its folder', () => share(folder()), 'usedByOtherVm', it],
  ];
  for (const [what, use, reason, test] of rows) {
    test(`is refused where ${what} rests on it`, async () => {
      await make();
      await use();
      await refused(reason);
    });
  }

  it('is refused while a program has its disk open', async () => {
    await make();
    const socket = at('nbd');
    const child = spawn('qemu-nbd', ['-f', 'qcow2', '-k', socket, '-t', disk()], { stdio: 'ignore' });
    try {
      while (!existsSync(socket)) {
        await new Promise(setImmediate);
      }
      await refused('heldByProgram');
    } finally {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    await remove();
    assert.deepEqual(await vms(), []);
  });

  it('leaves the image below its disk to whoever rests on that', async () => {
    await make();
    const [base = ''] = await readdir(images());
    await overlay(own(), join(images(), base));
    await define('other', own());
    await remove();
    assert.deepEqual(await vms(), ['other']);
    assert.deepEqual(await readdir(images()), [base]);
    // The next one that goes, when nobody needs it.
    await virsh('undefine', 'other');
    await rm(own());
    await make();
    await remove();
    assert.deepEqual(await readdir(at('labs')), []);
  });

  it('leaves that image too to whoever rests on it by its name in the folder', async () => {
    await make();
    const kept = await readdir(images());
    await overlay(own(), join(folder(), 'image-0'));
    await define('other', own());
    await remove();
    assert.deepEqual(await readdir(images()), kept);
  });

  it('leaves another file under the name of one that we made', async () => {
    await make();
    await rename(disk(), own());
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk(), '1M']);
    assert.equal((await remove()).length, 1);
    assert.ok(existsSync(disk()));
    assert.ok(existsSync(own()));
  });

  it('is refused while somebody else is at work on it, and goes afterwards', async () => {
    await make();
    let reached!: () => void;
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const editor = openEditor({
      ...{ uri: daemon.uri, journal: at('state'), editor: 'Code', env: daemon.env, at: { step: 0, moment: 'before' } },
      act: () => {
        reached();
        return new Promise((resolve) => {
          goOn = () => resolve(undefined);
        });
      },
    });
    await editor.engine.connect(daemon.uri);
    const { ref: vm } = editor.engine.findVms('prod')[0]!;
    const taking = editor.engine.runOperation({ kind: 'create', vm, snapshotKind: 'offline', title: 'mine' });
    await held;
    assert.match(await cli('busy', 'new', 'prod', '--remove', '--yes'), /Code/u);
    assert.deepEqual([await vms(), existsSync(disk())], [['prod'], true]);
    assert.equal((await newVmStore(session, silentLog, 'test').list())[0]?.phase, 'ready');
    goOn();
    await taking;
    editor.engine.dispose();
    assert.equal(await virsh('snapshot-list', 'prod', '--name'), 'mine');
    await remove();
    assert.deepEqual(await vms(), []);
  });

  it('of several VMs holds all of them to its end', async () => {
    const store = new LabStore(at('state'), silentLog, 'test');
    const open = await store.lock(await make('ready', { store, names: ['first', 'second'] }));
    assert.ok(typeof open === 'object');
    const codes: unknown[] = [];
    await removeLab(
      open,
      {
        ...{ session, environment, signal: new AbortController().signal },
        // Another process, while this one is between two of its removals.
        onStep: (what) => {
          if (what.includes('second')) {
            codes.push(spawnSync(process.execPath, [program, 'start', 'second'], { env: environment }).status);
          }
        },
      },
      'asked',
    );
    assert.deepEqual([codes, await vms(), await store.list()], [[exitCode('busy')], [], []]);
  });

  it('is refused for another VM with its UUID, and goes when that one is gone', async () => {
    await make();
    await virsh('undefine', 'prod');
    await define('theirs', own(), uuid);
    assert.match(await cli('refused', 'new', 'theirs', '--remove', '--yes'), /theirs.*undefine/su);
    assert.deepEqual([await vms(), existsSync(disk())], [['theirs'], true]);
    assert.equal((await newVmStore(session, silentLog, 'test').list())[0]?.phase, 'ready');
    await virsh('undefine', 'theirs');
    await cli('done', 'new', 'prod', '--remove', '--yes');
    assert.deepEqual(await readdir(at('labs')), []);
  });

  it('asks with what is lost, and is refused before it asks', async () => {
    await make();
    await virsh('snapshot-create-as', 'prod', 'precious');
    assert.match(await cli('unanswered', 'new', 'prod', '--remove'), /precious/u);
    await overlay(join(folder(), 'mine.qcow2'), disk());
    assert.match(await cli('refused', 'new', 'prod', '--remove'), /mine\.qcow2/u);
  });

  it('of an image of the catalogue is refused where a VM of somebody rests on it by its name', async () => {
    await mkdir(images(), { recursive: true });
    const kept = join(images(), `tiny@${'0'.repeat(32)}@${'0'.repeat(64)}`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', kept, '8M']);
    await overlay(own(), kept);
    await define('other', own());
    assert.match(await cli('refused', 'images', 'remove', 'tiny'), /other/u);
    assert.ok(existsSync(kept));
    await virsh('undefine', 'other');
    await cli('done', 'images', 'remove', 'tiny');
    assert.ok(!existsSync(kept));
  });

  it('of an image of the catalogue is refused where a VM that we made of another one rests on it', async () => {
    await make();
    const kept = join(images(), `tiny@${'0'.repeat(32)}@${'0'.repeat(64)}`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', kept, '8M']);
    await overlay(own(), kept);
    await virsh('attach-disk', 'prod', own(), 'vdb', '--config', '--subdriver', 'qcow2');
    assert.match(await cli('refused', 'images', 'remove', 'tiny'), /prod/u);
    assert.ok(existsSync(kept));
  });

  it('takes along what libvirt keeps of it besides, but for the file of its UEFI variables', async () => {
    await make();
    const [code, variables] = [at('own', 'code.fd'), at('own', 'variables.fd')];
    await Promise.all([code, variables].map((file) => writeFile(file, 'UEFI')));
    const firmware = `<loader readonly='yes' type='pflash'>${code}</loader><nvram>${variables}</nvram></os>`;
    const xml = (await virsh('dumpxml', 'prod')).replace('</os>', firmware);
    await writeFile(at('prod.xml'), xml);
    await virsh('define', at('prod.xml'));
    const disks = `<disks><disk name='vda' checkpoint='bitmap' bitmap='then'/></disks>`;
    const checkpoint = `<name>then</name><creationTime>1700000000</creationTime>${disks}${await virsh('dumpxml', 'prod')}`;
    await writeFile(at('then.xml'), `<domaincheckpoint>${checkpoint}</domaincheckpoint>`);
    await virsh('checkpoint-create', 'prod', at('then.xml'), '--redefine');
    await remove();
    assert.deepEqual([await vms(), existsSync(disk()), existsSync(variables)], [[], false, true]);
  });

  describe('that broke off', () => {
    const record = async (): Promise<string | undefined> =>
      (await newVmStore(session, silentLog, 'test').list())[0]?.phase;

    it('is ended by recover, which asks, and by no command about another VM', async () => {
      await make('making');
      await cli('notFound', 'new', 'other', '--from', at('nothing'));
      assert.deepEqual([await vms(), await record()], [['prod'], 'making']);
      assert.match(await cli('refused', 'new', 'prod', '--from', image), /recover prod/u);
      assert.match(await cli('done', 'recover', 'prod', '--plan'), /prod/u);
      await cli('unanswered', 'recover', 'prod');
      assert.deepEqual([await vms(), await record()], [['prod'], 'making']);
      await cli('done', 'recover', 'prod', '--yes');
      assert.deepEqual([await vms(), await record()], [[], undefined]);
      assert.deepEqual(await readdir(at('labs')), []);
    });

    it('is over where somebody has used the VM since: it counts as made', async () => {
      await make('making');
      await virsh('snapshot-create-as', 'prod', 'work');
      assert.match(await cli('done', 'recover', 'prod', '--yes'), /used since/u);
      assert.deepEqual([await vms(), await record()], [['prod'], 'ready']);
    });

    it('is ended where libvirt has no VM any more, unless somebody rests on its files', async () => {
      await make('removing');
      await virsh('undefine', 'prod');
      await overlay(own(), disk());
      await define('other', own());
      await cli('done', 'recover', 'prod', '--yes');
      assert.ok(existsSync(disk()));
      await virsh('undefine', 'other');
      await rm(own());
    });

    it('is ended with what broke off on a VM that libvirt has no more', async () => {
      await make();
      const { plan, ...begun } = head();
      const request = { ...begun.request, vm: { connection: daemon.uri, uuid } };
      const { journal } = keepIn(at('state'), silentLog);
      const left = { connection: daemon.uri, vm: { uuid, name: 'prod' }, request, plan: { ...plan, request } };
      await (await journal.begin({ ...begun, ...left })).leave();
      await virsh('undefine', 'prod');
      await cli('done', 'new', 'prod', '--remove', '--yes');
      assert.deepEqual(await readdir(at('labs')), []);
      assert.deepEqual((await journal.readInterrupted()).entries, []);
    });

    it('stays as it is where a person says so', async () => {
      await make('making');
      await cli('unanswered', 'recover', 'prod', '--dismiss');
      await cli('done', 'recover', 'prod', '--dismiss', '--yes');
      assert.deepEqual([await vms(), await record()], [['prod'], 'ready']);
      assert.ok(existsSync(disk()));
    });
  });
});
