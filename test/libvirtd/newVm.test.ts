// A VM of an image in one step, on real guests: told when the guest says that it is ready; removed where it fails; and
// nothing else is touched.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import {
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { makeTinyCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { Failure } from '../../src/domain/failure.js';
import { type LabVmParts, seenAs } from '../../src/domain/labVm.js';
import { endLeft } from '../../src/session/leftWork.js';
import type { Session } from '../../src/session/session.js';
import { type MadeVm, newVm, type NewVm } from '../../src/wings/guest/make/newVm.js';
import { leftInGuest, newVmStore, recordOf, removeNewVm } from '../../src/wings/guest/make/removeNewVm.js';
import type { VirtRewind } from '../../src/api/publicApi.js';
import { connect } from '../readers.js';
import { itRarely } from '../allRows.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { startNewVmRig } from './newVmRig.js';

describe('a new VM of an image', () => {
  let daemon: Daemon;
  let session: Session;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  let image: string;
  let withCloud: (words: string) => Promise<string>;
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const vms = async (): Promise<readonly string[]> =>
    (await virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();
  const wanted = (name: string, more: Partial<NewVm> = {}): NewVm => ({
    ...{ connection: daemon.uri, name, image: { file: image }, cpus: 1, memoryMiB: 96, network: 'none' },
    ...{ packages: [], seconds: 120 },
    ...more,
  });
  const wish = (signal = new AbortController().signal) => ({
    ...{ session, log: silentLog, shell: 'test', environment, signal },
    ...{ onStep: () => undefined, onNote: () => undefined, onProgress: () => undefined, onFetched: () => undefined },
  });
  const linkedParts = async (): Promise<LabVmParts> => {
    const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await stat(image);
    const seen = { [image]: seenAs({ real: `${dev}:${ino}`, bytes, modifiedAt }) };
    const from = { path: image, format: 'qcow2', how: 'linked' } as const;
    return { cpus: 1, memoryMiB: 96, disksMiB: [], image: from, seen };
  };
  const make = (of: NewVm, signal?: AbortSignal): Promise<MadeVm> => newVm(of, wish(signal));
  const remove = async (name: string): Promise<void> => {
    const store = newVmStore(session, silentLog, 'test');
    await removeNewVm(store, await recordOf(store, session, name), wish());
  };
  /** What broke off is ended, as when a person has agreed. */
  const endLeftOf = async (of: string, onNote: (line: string) => unknown = () => undefined): Promise<void> => {
    for (const { lines, answer } of await endLeft(await leftInGuest(session, of, silentLog), 'finish')) {
      lines.slice(JSON.stringify(answer).includes('"deleted":true') ? 1 : 0).forEach(onNote);
    }
  };
  const fails = async (kind: string, making: Promise<unknown>): Promise<void> => {
    await assert.rejects(making, { reason: kind });
  };
  /** The library looks for its folders in the environment of its process. */
  const inLibrary = async <T>(work: (rewind: VirtRewind) => Promise<T>): Promise<T> => {
    const own = process.env;
    process.env = { ...own, ...environment };
    try {
      const rewind = await connect(daemon.uri);
      try {
        return await work(rewind);
      } finally {
        await rewind.close();
      }
    } finally {
      process.env = own;
    }
  };
  const isClean = async (): Promise<void> => {
    assert.deepEqual(await vms(), []);
    assert.deepEqual(await readdir(at('labs')).catch(() => []), []);
    assert.deepEqual(await readdir(at('state', 'new-vms', 'labs')).catch(() => []), []);
  };
  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  before(async () => {
    ({ daemon, environment, program, session } = await startNewVmRig());
    withCloud = (words) => makeTinyCloudImage(at(`${words}.qcow2`), words);
    image = await withCloud('cloud=done');
  });
  after(async () => {
    await session.close();
    await daemon.stop();
  });

  itRarely('is made by the library too, which says why not with a kind', async () => {
    await inLibrary(async (rewind) => {
      const options = { memoryMiB: 96, network: 'none', user: 'dev', seconds: 120 } as const;
      const { vm, ...made } = await rewind.newVm({ file: image }, 'lib', options);
      assert.deepEqual(made, { ready: 'agent', user: 'dev', partly: false });
      assert.equal((await vm.info()).state, 'running');
      await assert.rejects(rewind.newVm({ file: image }, 'lib', options), { kind: 'refused' });
      await assert.rejects(rewind.newVm('no-such-system', 'other', options), { kind: 'notFound' });
    });
    await remove('lib');
    await isClean();
  });

  it('is told when the guest is ready, has what it should, and goes with all that it got', async () => {
    const made = await make(wanted('web', { network: 'user', packages: ['git'], diskMiB: 256 }));
    assert.deepEqual([made.by, made.isPartly], ['agent', false]);
    const xml = await virsh('dumpxml', 'web');
    assert.match(xml, /<mac address='52:54:00:/u);
    const seed = /'([^']+seed\.iso)'/u.exec(xml)?.[1] ?? '';
    const text = (await readFile(seed)).toString('latin1');
    assert.ok(text.includes('CD001') && text.includes('cidata'));
    assert.match(text, /instance-id: [\da-f-]{36}\nlocal-hostname: web\n/u);
    assert.match(text, /"qemu-guest-agent",\s+"git"/u);
    const mac = /<mac address='([^']+)'/u.exec(xml)?.[1] ?? '';
    assert.ok(text.includes(`"match":{"macaddress":"${mac}"}`));
    // Ours is known before the first login, and nobody else may read the keys.
    const ours = (await runOk('ssh-keygen', ['-y', '-f', at('state', 'ssh', 'id_ed25519')])).trim();
    assert.ok(text.includes(ours));
    const hosts = (await readFile(at('state', 'ssh', 'known_hosts'), 'utf8')).split('\n');
    const [, type, key, user] = hosts.find((line) => line.startsWith(`${made.ref.uuid} `))?.split(' ') ?? [];
    assert.equal(user, made.user);
    assert.ok(text.includes(`${type} ${key}`));
    for (const file of ['id_ed25519', 'known_hosts']) {
      assert.equal((await stat(at('state', 'ssh', file))).mode & 0o077, 0, file);
    }
    assert.deepEqual((await readdir(at('state', 'ssh'))).toSorted(), ['id_ed25519', 'known_hosts']);

    await fails('nameTaken', make(wanted('web')));
    await make(wanted('other'));
    const images = at('labs', 'virt-rewind-lab-images');
    assert.equal((await readdir(images)).length, 1);
    await virsh('snapshot-create-as', 'web', 'one', '--disk-only');
    await remove('web');
    assert.deepEqual(await vms(), ['other']);
    assert.equal((await readdir(images)).length, 1);
    await remove('other');
    await isClean();
  });

  for (const [words, kind, packages] of [
    ['cloud=failed', 'notConfigured', ['git']],
    ['cloud=other', 'notSeeded', []],
  ] as const) {
    itRarely(`stays for a look where it runs, and is not told as ready: ${kind}`, async () => {
      await fails(kind, make(wanted('web', { packages, image: { file: await withCloud(words) } })));
      assert.deepEqual(await vms(), ['web']);
      await remove('web');
      await isClean();
    });
  }

  itRarely('is ready where parts of its configuration failed, and says so', async () => {
    for (const words of ['cloud=partly', 'cloud=failed']) {
      assert.equal((await make(wanted('web', { image: { file: await withCloud(words) } }))).isPartly, true, words);
      await remove('web');
    }
  });

  it('is removed where it cannot be started, where it is cancelled, and what a crash left', async () => {
    // libvirt takes the definition; QEMU has no such RAM.
    await assert.rejects(make(wanted('web', { memoryMiB: 1_000_000_000 })), (error: unknown) => {
      assert.ok(error instanceof Failure);
      // It was never on, and is not there any more.
      assert.equal(error.details.stateNow, undefined);
      return true;
    });
    await isClean();
    const controller = new AbortController();
    const stopped = newVm(wanted('web'), {
      ...wish(controller.signal),
      onStep: (what) => (what.includes('creating') ? controller.abort() : undefined),
    });
    await assert.rejects(stopped);
    await isClean();

    const store = newVmStore(session, silentLog, 'test');
    const vm = {
      ...{ connection: daemon.uri, uuid: '11111111-2222-3333-4444-555555555555', name: 'web' },
      folder: at('labs', 'virt-rewind-lab-0123456789ab'),
    };
    const recorded = { ...vm, key: 'web', parts: 'x' };
    const record = { id: 'a'.repeat(32), file: 'web', name: 'web', isProtected: false } as const;
    const open = await store.begin({ ...record, phase: 'making', vms: [recorded] });
    const parts = await linkedParts();
    await session.engine.labVms.make(vm, parts, (files) => open.put({ vms: [{ ...recorded, made: files }] }));
    await open.leave();
    // In the middle of its import, and of a key.
    const part = `.${createHash('sha256').update(vm.folder).digest('hex').slice(0, 16)}.part`;
    await mkdir(at('labs', 'virt-rewind-lab-images'), { recursive: true });
    await writeFile(at('labs', 'virt-rewind-lab-images', part), 'half');
    for (const [name, minutes] of [
      ['new-old', 10],
      ['new-young', 0],
    ] as const) {
      await mkdir(at('state', 'ssh', name), { recursive: true });
      const then = new Date(Date.now() - minutes * 60_000);
      await utimes(at('state', 'ssh', name), then, then);
    }
    assert.deepEqual(await vms(), ['web']);
    await assert.rejects(make(wanted('web')), { kind: 'refused' });
    await endLeftOf('web');
    const made = await make(wanted('web'));
    assert.notEqual(made.ref.uuid, vm.uuid);
    assert.deepEqual((await readdir(at('labs'))).length, 2);
    assert.deepEqual((await readdir(at('labs', 'virt-rewind-lab-images'))).includes(part), false);
    const keys = (await readdir(at('state', 'ssh'))).filter((name) => name.startsWith('new-'));
    assert.deepEqual(keys, ['new-young']);
    await rmdir(at('state', 'ssh', 'new-young'));
    await remove('web');
    await isClean();
  });

  describe('that was interrupted', () => {
    let uuid = '';
    const force = { recursive: true, force: true };
    const folder = (): string => at('labs', 'virt-rewind-lab-0123456789ab');
    const disk = (): string => join(folder(), 'disk-a.qcow2');
    const ref = () => ({ connection: daemon.uri, uuid });
    /** As a process leaves it that is killed behind its definition, or behind its start. */
    const interrupt = async (phase: 'making' | 'removing'): Promise<void> => {
      uuid = randomUUID();
      const recorded = { ...ref(), name: 'prod', folder: folder(), key: 'prod', parts: uuid };
      const record = { id: 'c'.repeat(32), file: 'prod', name: 'prod', isProtected: false, phase } as const;
      const open = await newVmStore(session, silentLog, 'test').begin({ ...record, vms: [recorded] });
      const definition = await session.engine.labVms.make(
        { ...ref(), name: 'prod', folder: folder() },
        await linkedParts(),
        (made) => open.put({ vms: [{ ...recorded, made }] }),
      );
      await open.put({ vms: open.record.vms.map((one) => ({ ...one, definition })) });
      await open.leave();
    };
    const power = async (action: 'start' | 'forceOff'): Promise<void> => {
      await session.engine.refresh({ connection: daemon.uri });
      const view = session.engine.findVm(ref())!;
      await session.run(await session.plan(view, { kind: 'power', vm: view.ref, action }));
    };
    const end = async (): Promise<readonly string[]> => {
      const notes: string[] = [];
      await endLeftOf(uuid, (line) => notes.push(line));
      return notes;
    };
    const define = async (name: string, change: (xml: string) => string): Promise<void> => {
      await writeFile(at(`${name}.xml`), change(await virsh('dumpxml', '--inactive', 'prod')));
      await virsh('define', at(`${name}.xml`));
    };
    const rest = (): Promise<string> =>
      runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', disk(), join(folder(), 'resting.qcow2')]);
    const standby = (xml: string): string =>
      xml
        .replaceAll('prod', 'standby')
        .replaceAll(uuid, randomUUID())
        .replaceAll(disk(), join(folder(), 'resting.qcow2'));

    afterEach(async () => {
      for (const name of await vms()) {
        await daemon.virsh(['destroy', name]);
        await virsh('undefine', name, '--snapshots-metadata');
      }
      await Promise.all([at('labs'), at('state', 'new-vms')].map((path) => rm(path, force)));
    });
    const rows: readonly (readonly [string, () => Promise<unknown>, typeof itRarely])[] = [
      ['runs', () => power('start'), it],
      ['has a snapshot', () => virsh('snapshot-create-as', 'prod', 'work'), it],
      [
        'has a VM on its disk',
        async () => {
          await rest();
          await define('standby', standby);
        },
        it,
      ],
      ['has an image on its disk', rest, itRarely],
      ['has run', () => power('start').then(() => power('forceOff')), itRarely],
      ['was changed', () => virsh('desc', 'prod', '--config', 'the shop'), itRarely],
      ['was renamed', () => virsh('domrename', 'prod', 'shop'), itRarely],
    ];
    for (const [what, use, test] of rows) {
      test(`stays as made where it ${what}, and is told`, async () => {
        await interrupt('making');
        await use();
        const before = await vms();
        assert.equal((await end()).length, 1);
        assert.deepEqual(await vms(), before);
        await stat(disk());
        const [record] = await newVmStore(session, silentLog, 'test').list();
        assert.equal(record?.phase, 'ready');
        assert.deepEqual(await end(), []);
      });
    }

    it('goes where nobody used it', async () => {
      await interrupt('making');
      assert.deepEqual(await end(), []);
      await isClean();
    });

    it('stays, used or not, where its removal removed nothing', async () => {
      await interrupt('removing');
      assert.equal((await end()).length, 1);
      assert.deepEqual(await vms(), ['prod']);
      const store = newVmStore(session, silentLog, 'test');
      const stopped = removeNewVm(store, await recordOf(store, session, 'prod'), wish(AbortSignal.abort()));
      await assert.rejects(stopped, { kind: 'cancelled' });
      assert.equal((await store.list())[0]?.phase, 'ready');
      assert.deepEqual(await end(), []);
      await remove('prod');
      await isClean();
    });

    it('leaves files that its removal had still to remove to the VM that has them by now', async () => {
      await interrupt('removing');
      await define('standby', (xml) => xml.replaceAll('prod', 'standby').replaceAll(uuid, randomUUID()));
      await virsh('undefine', 'prod');
      assert.equal((await end()).length, 1);
      await stat(disk());
      await virsh('undefine', 'standby');
      await remove('prod');
      await isClean();
    });
  });

  itRarely('is made where a crash left one on a host that cannot be reached', async () => {
    const store = newVmStore(session, silentLog, 'test');
    const connection = `qemu+unix:///system?socket=${at('nobody')}`;
    const vm = { connection, uuid: randomUUID(), name: 'web', folder: at('labs', 'virt-rewind-lab-0123456789ab') };
    const record = { id: 'b'.repeat(32), file: 'web', name: 'web', isProtected: false, phase: 'making' } as const;
    const open = await store.begin({ ...record, vms: [{ ...vm, key: 'web', parts: 'x' }] });
    await open.leave();
    await make(wanted('web'));
    await remove('web');
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [record.id],
    );
    await fails('notOurs', remove('web'));
    await open.forget();
    await isClean();
  });

  itRarely('is removed by the name that it has now, and on its connection alone', async () => {
    await make(wanted('web'));
    await virsh('destroy', 'web');
    await virsh('domrename', 'web', 'prod');
    await fails('notOurs', remove('web'));
    const { ref } = await make(wanted('web'));
    await virsh('destroy', 'web');
    await virsh('undefine', 'web');
    const again = await make(wanted('web'));
    await remove('web');
    assert.deepEqual(await vms(), ['prod']);
    assert.notEqual(again.ref.uuid, ref.uuid);
    // What is left of the one that somebody undefined.
    await remove('web');
    await fails('notOurs', remove('web'));
    await remove('prod');
    await isClean();
  });

  it('is refused before anything is made', async () => {
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, at('resting.qcow2')]);
    await runOk('qemu-img', ['create', '-q', '-f', 'vmdk', at('other.vmdk'), '1M']);
    await fails('badImage', make(wanted('web', { image: { file: at('resting.qcow2') } })));
    await assert.rejects(make(wanted('web', { image: { file: at('other.vmdk') } })), { kind: 'refused' });
    await fails('noFile', make(wanted('web', { image: { file: at('nothing') } })));
    await writeFile(at('empty.img'), '');
    await fails('badImage', make(wanted('web', { image: { file: at('empty.img') } })));
    await writeFile(at('page.img'), '<html>'.repeat(120));
    await fails('badImage', make(wanted('web', { image: { file: at('page.img') } })));
    // Marks in the header of a qcow2: its last writer died, QEMU found it damaged.
    for (const mark of [1, 2]) {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('marked.qcow2'), '16M']);
      const image = await openFile(at('marked.qcow2'), 'r+');
      await image.write(Buffer.of(mark), 0, 1, 79);
      await image.close();
      await fails('badImage', make(wanted('web', { image: { file: at('marked.qcow2') } })));
    }
    // As a download that broke off: the header is whole, the data ends early.
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', at('cut.qcow2'), '16M']);
    await runOk('qemu-io', ['-c', 'write -q 0 4M', at('cut.qcow2')]);
    await truncate(at('cut.qcow2'), 2 * 1024 ** 2);
    await fails('badImage', make(wanted('web', { image: { file: at('cut.qcow2') } })));
    await fails('rootUser', make(wanted('web', { user: 'root' })));
    await fails('smallDisk', make(wanted('web', { diskMiB: 1 })));
    await fails('unknownImage', make(wanted('web', { image: { name: 'debian-0' } })));
    for (const name of ['-web', 'we b', 'a'.repeat(64), '']) {
      await fails('badName', make(wanted(name)));
    }
    await fails('badName', make(wanted('web', { user: 'Me' })));
    await isClean();
  });

  it('is made and removed by the command line, which waits no longer than it is told', async () => {
    await cli('usage', 'new', 'debian-13');
    await cli('usage', 'new', 'web', '--from', image, '--memory', 'much');
    await cli('notFound', 'new', 'debian-0', 'web');
    await cli('late', 'new', 'web', '--from', image, '--memory', '96M', '--network', 'none', '--seconds', '0');
    assert.deepEqual(await vms(), ['web']);
    await cli('refused', 'new', 'web', '--from', image);
    await cli('notFound', 'new', 'webs', '--remove', '--yes');
    await cli('unanswered', 'new', 'web', '--remove');
    const answer: unknown = JSON.parse(await cli('done', 'new', 'web', '--remove', '--yes', '--json'));
    assert.deepEqual(faultsOf(answer), []);
    const listed: unknown = JSON.parse(await cli('done', 'images', '--json'));
    assert.deepEqual(faultsOf(listed), []);
    await cli('notFound', 'images', 'remove', 'debian-13');
    await cli('usage', 'images', 'fetch');
    await mkdir(at('labs', 'virt-rewind-lab-images'), { recursive: true });
    const kept = at('labs', 'virt-rewind-lab-images', `tiny@${'0'.repeat(32)}@${'0'.repeat(64)}`);
    await writeFile(kept, '');
    await writeFile(at('state', 'images.json'), '{');
    await cli('refused', 'images', 'remove', 'tiny');
    await stat(kept);
    await rm(at('state', 'images.json'));
    await cli('done', 'images', 'remove', 'tiny');
    await rmdir(at('labs', 'virt-rewind-lab-images'));
    await isClean();
  });
});
