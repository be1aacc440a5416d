// Files through a shell, as on another host, beside the same files seen directly.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, runOk } from '../../../scripts/rig/run.mjs';
import { Failure } from '../../../src/domain/failure.js';
import { errnoOf } from '../../../src/base/errno.js';
import type { HostFiles, MadeFile } from '../../../src/domain/hostFiles.js';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { localContents } from '../../../src/driver/files/localContents.js';
import { type ShellFiles, shellFiles } from '../../../src/driver/files/shellHost.js';
import type { HostLogin } from '../../../src/hosts/hostLogin.js';
import { shellLogin } from '../../shellLogin.js';
import { silentLog } from '../../silentLog.js';
import { someRows } from '../../allRows.js';

const root = process.getuid?.() === 0;
const strange = [
  'plain',
  'a b',
  '-n',
  `it's`,
  '"$HOME" `id` \\ !x',
  'line\nend',
  'ends\n',
  'ü 漢',
  'x: Permission denied',
];

describe('files through a shell', () => {
  let folder: string;
  let shells: ChildProcess[] = [];
  let far: ShellFiles;
  const local = localFiles(process.env);
  const at = (name: string): string => join(folder, name);
  const img = (...args: readonly string[]): Promise<string> => runOk('qemu-img', args);
  const never = new AbortController().signal;
  const ignore = (): void => undefined;
  const open = (words: readonly string[] = ['sh'], environment = process.env): ShellFiles =>
    openAt(shellLogin({ words, environment, onShell: (shell) => shells.push(shell) }));
  const openAt = (login: HostLogin): ShellFiles => shellFiles({ login, log: silentLog });
  const sameLook = async (look: (files: HostFiles) => Promise<unknown>): Promise<void> => {
    const [theirs, ours] = [await look(far.files).catch(kindOf), await look(local).catch(kindOf)];
    assert.deepEqual(inOwnWords(theirs), inOwnWords(ours));
  };
  /** Whether the first process may be read is not the same on all machines. */
  const kindOf = (error: unknown): string => {
    assert.ok(error instanceof Failure, String(error));
    return error.kind;
  };

  /** Why something cannot be is told by each in its words. */
  const inOwnWords = (seen: unknown): unknown => (hasReason(seen) ? seen.why : seen);
  const hasReason = (seen: unknown): seen is { readonly why: string } =>
    typeof seen === 'object' && seen !== null && 'why' in seen;

  before(() => {
    far = open();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-shell-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  after(() => {
    far.dispose();
    shells = [];
  });

  for (const name of strange) {
    it(`the same of a file named ${JSON.stringify(name)}`, async () => {
      await writeFile(at(name), 'content');
      await img('create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', at(name), at('top'), '1M');
      for (const path of [at(name), at('top'), at(`${name}gone`), join(at(name), 'below'), at('no/folder')]) {
        await sameLook((files) => files.file(path));
        await sameLook((files) => files.image(path));
        await sameLook((files) => files.identity(path));
        await sameLook((files) => files.canChange(path));
      }
      await sameLook(async (files) => [await files.list(folder)].flat().sort());
      await far.files.copy(at(name), at(`${name} copy`), 'keep');
      assert.equal(await readFile(at(`${name} copy`), 'utf8'), 'content');
      await far.files.trash(at(`${name} copy`));
      await far.files.remove(at(name));
      assert.deepEqual(await readdir(folder), ['.virt-rewind-trash', 'top']);
    });
  }

  it('the same of images of all kinds, to their last field', async () => {
    await img('create', '-q', '-f', 'qcow2', at('base'), '64M');
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 3M', '-c', 'write -P 8 40M 64k', at('base')]);
    await img('snapshot', '-c', 'tag', at('base'));
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 1M 64k', at('base')]);
    await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base', at('top'));
    await img('create', '-q', '-f', 'vmdk', at('other.vmdk'), '4M');
    await img('create', '-q', '-f', 'vdi', at('other.vdi'), '4M');
    await writeFile(at('raw'), Buffer.alloc(1_000_001, 3));
    await truncate(at('raw'), 2 ** 33);
    await writeFile(at('read-only'), 'x', { mode: 0o444 });
    await writeFile(at('empty'), '');
    await writeFile(at('broken'), Buffer.from('QFI\xfb\0\0\0\x03 and no more', 'latin1'));
    await symlink('base', at('link'));
    await symlink('gone', at('nowhere'));
    await symlink('loop', at('loop'));
    await link(at('base'), at('second'));
    await mkdir(at('folder'));
    await runOk('mkfifo', [at('pipe')]);
    for (const name of someRows(await readdir(folder), 3)) {
      for (const depth of ['head', 'tags', 'whole'] as const) {
        await sameLook((files) => files.image(at(name), undefined, depth));
      }
      await sameLook((files) => files.image(at(name), 'raw'));
      await sameLook((files) => files.image(at(name), 'qcow2'));
      await sameLook((files) => files.file(at(name)));
      await sameLook((files) => files.identity(at(name)));
      await sameLook((files) => files.list(at(name)));
      await sameLook((files) => files.canAct(at(name)));
      const contents = localContents(process.env);
      for (const [format, states] of [
        ['qcow2', [{}, { tag: 'tag' }, { after: 'tag' }]],
        ['raw', [{}]],
      ] as const) {
        assert.deepEqual(
          await far.contents.extents(at(name), format, states),
          await contents.extents(at(name), format, states),
        );
      }
      assert.deepEqual(
        await far.contents.internalSizes(at(name), 'still'),
        await contents.internalSizes(at(name), 'still'),
      );
    }
    // Denied to root too, unless the first process is one of ours, as in a container.
    const memory = '/proc/1/mem';
    const isDenied = await readFile(memory).catch((error: unknown) => errnoOf(error) === 'EACCES');
    for (const path of ['/dev/null', ...(isDenied === true ? [memory] : []), '/', '', 'relative', '/a\0b']) {
      await sameLook((files) => files.image(path));
      await sameLook((files) => files.canAct(path));
    }
    const [here, there] = await Promise.all([local.space(folder), far.files.space(folder)]);
    assert.equal(there?.total, here?.total);
  });

  it('what is made is whole, and its maker was told of it', async () => {
    await img('create', '-q', '-f', 'qcow2', at('base'), '4M');
    await chmod(at('base'), 0o640);
    const made: MadeFile[] = [];
    const onMade = (one: MadeFile): Promise<void> => Promise.resolve(void made.push(one));
    await far.files.createOverlay({ file: at('top'), backing: at('base'), backingFormat: 'qcow2' }, onMade);
    assert.deepEqual(
      made.map(({ path }) => path.replace(/[\da-f]{16}/u, '')),
      [at('.virt-rewind-.part'), at('top')],
    );
    assert.equal(made[1]!.identity, await local.identity(at('top')));
    assert.equal((await stat(at('top'))).mode & 0o777, 0o640);
    await assert.rejects(far.files.createOverlay({ file: at('top'), backing: at('base'), backingFormat: 'qcow2' }), {
      kind: 'exists',
    });
    await assert.rejects(far.files.copy(at('base'), at('top'), 'keep'), { kind: 'exists' });
    await assert.rejects(far.files.copy(at('gone'), at('new'), 'keep'), { kind: 'notFound' });
    await assert.rejects(far.files.createOverlay({ file: at('new'), backing: at('gone'), backingFormat: 'qcow2' }), {
      kind: 'notFound',
    });
    await far.files.copy(at('base'), at('top'), 'replace');
    assert.deepEqual(await readFile(at('top')), await readFile(at('base')));
    await assert.rejects(
      far.files.copy(at('base'), at('new'), 'keep', () => Promise.reject(new Error('kept from it'))),
      /kept from it/u,
    );
    assert.deepEqual((await readdir(folder)).sort(), ['base', 'top']);
  });

  it('layers are merged and copied, tags removed, names changed', async () => {
    await img('create', '-q', '-f', 'qcow2', at('base'), '4M');
    await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('top'));
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 1M', at('top')]);
    await img('snapshot', '-c', 'tag', at('base'));
    const fractions: number[] = [];
    await far.files.copyImage({ file: at('copy'), from: at('top'), fromFormat: 'qcow2' }, never, (fraction) =>
      fractions.push(fraction),
    );
    assert.equal(fractions.at(-1), 1);
    await far.files.copyImage({ file: at('old'), from: at('base'), fromFormat: 'qcow2', tag: 'tag' }, never, ignore);
    await far.files.removeTag(at('base'), 'tag');
    await far.files.commit({ top: at('top'), base: at('base') }, never, ignore);
    for (const name of ['copy', 'base']) {
      await runOk('qemu-io', ['-f', 'qcow2', '-c', 'read -P 7 0 1M', at(name)]);
    }
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'read -P 0 0 1M', at('old')]);
    await far.files.rebase({ file: at('top'), backing: at('copy'), backingFormat: 'qcow2' });
    const top = await local.image(at('top'));
    assert.equal(typeof top === 'object' && top.backing?.file, at('copy'));
  });

  describe('ended in the middle', () => {
    /** Qemu-img that waits where it would end. */
    const slow = async (): Promise<ShellFiles> => {
      const real = (await findProgram('qemu-img'))!;
      await mkdir(at('bin'));
      const lines = ['#!/bin/sh', `echo $$ > ${at('pid')}`, 'echo "(1.00/100%)"', 'exec sleep 1000'];
      await writeFile(
        at('bin/qemu-img'),
        lines
          .join('\n')
          .replace('exec sleep', `[ "$1" = commit ] || [ "$1" = convert ] || exec ${real} "$@"\nexec sleep`),
        {
          mode: 0o755,
        },
      );
      return open(['sh'], { ...process.env, PATH: `${at('bin')}:${process.env['PATH']}` });
    };
    const hasEnded = async (): Promise<void> => {
      const pid = Number(await readFile(at('pid'), 'utf8'));
      for (;;) {
        try {
          process.kill(pid, 0);
        } catch {
          return;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };

    for (const how of ['by the signal', 'by the end of the connection'] as const) {
      it(`${how}: the program ends too`, async () => {
        const files = await slow();
        await img('create', '-q', '-f', 'qcow2', at('base'), '4M');
        await img('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('top'));
        const aborted = new AbortController();
        const onFraction = (): void => {
          if (how === 'by the signal') {
            aborted.abort();
          } else {
            shells.forEach((shell) => shell.stdin?.destroy());
            files.dispose();
          }
        };
        const kind = how === 'by the signal' ? 'cancelled' : 'lost';
        await assert.rejects(files.files.commit({ top: at('top'), base: at('base') }, aborted.signal, onFraction), {
          kind,
        });
        await hasEnded();
        files.dispose();
      });
    }
  });

  it('a shell that gives no answer hides its folder and no other', async () => {
    const some = open();
    assert.equal(typeof (await some.files.file(folder + '/')), 'string');
    shells.at(-1)!.kill('SIGSTOP');
    const looks = some.files.file(at('x'));
    shells.at(-1)!.kill('SIGKILL');
    // Asked again at another shell.
    assert.equal(await looks, 'missing');
    some.dispose();
  });

  it('tells what the host itself uses as a program there sees it', async () => {
    await sameLook((files) => files.hostUses(false));
    await sameLook((files) => files.hostUses(true));
  });

  it('repairs an image whose writer died, and leaves its time', async () => {
    await img('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', at('killed'), '16M');
    const handle = await openFile(at('killed'), 'r+');
    await handle.write(Buffer.of(1), 0, 1, 79);
    await handle.close();
    const { mtimeMs } = await stat(at('killed'));
    const unclosed = async (): Promise<boolean> => {
      const image = await local.image(at('killed'));
      return typeof image === 'object' && image.unclosed === true;
    };
    assert.ok(await unclosed());
    await far.files.repair(at('killed'));
    assert.ok(!(await unclosed()));
    assert.ok(Math.abs((await stat(at('killed'))).mtimeMs - mtimeMs) < 1);
    await assert.rejects(far.files.repair(at('gone')), { kind: 'notFound' });
  });

  it('says why there is none', async () => {
    await writeFile(at('there'), 'x');
    const poor = await mkdtemp(join(tmpdir(), 'vr-poor-'));
    for (const [files, why] of [
      [openAt({ hostname: hostname(), openShell: () => Promise.reject(new Error('Permission denied')) }), 'otherHost'],
      [openAt({ ...shellLogin(), hostname: 'another' }), 'otherHost'],
      [open(['false']), 'otherHost'],
      [open(['/bin/sh'], { PATH: poor }), 'otherHost'],
    ] as const) {
      assert.equal(await files.files.file(at('there')), 'unknown');
      assert.equal(await files.files.image(at('there')), 'unknown');
      assert.equal(await files.files.list(folder), 'unseen');
      assert.equal(await files.files.imageLocks(), undefined);
      const can = await files.files.canAct(folder);
      assert.equal(typeof can === 'object' && can.why, why);
      await assert.rejects(files.files.remove(at('there')), { kind: 'unsupported' });
      assert.equal(await files.contents.internalSizes(at('there'), 'still'), 'otherHost');
      files.dispose();
    }
    await rm(poor, { recursive: true });
  });

  it('is ready once it is logged in, or cannot be', async () => {
    let letIn: () => void = () => undefined;
    const login = new Promise<void>((resolve) => (letIn = resolve));
    const slow = openAt({ ...shellLogin(), openShell: () => login.then(() => shellLogin().openShell()) });
    let isReady = false;
    const ready = slow.files.ready!().then(() => (isReady = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!isReady);
    letIn();
    await ready;
    slow.dispose();
    const none = openAt({ ...shellLogin(), openShell: () => Promise.reject(new Error('Permission denied')) });
    await none.files.ready!();
    none.dispose();
  });

  it('ends its shells', async () => {
    const some = open();
    await some.files.file(at('x'));
    await some.files.remove(at('x'));
    const ends = shells.slice(-2).map((shell) => once(shell, 'exit'));
    some.dispose();
    await Promise.all(ends);
  });

  it('what another user may not is denied', async function () {
    if (!root) {
      this.skip();
    }
    await writeFile(at('secret'), 'x', { mode: 0o600 });
    await chmod(folder, 0o755);
    const other = open(['setpriv', '--reuid=65534', '--clear-groups', '--', 'sh']);
    assert.equal(await other.files.image(at('secret')), 'unknown');
    for (const can of [await other.files.canAct(folder), await other.files.canChange(at('secret'))]) {
      assert.equal(typeof can === 'object' && can.why, 'denied');
    }
    await assert.rejects(other.files.remove(at('secret')), { kind: 'denied' });
    await assert.rejects(other.files.copy(at('secret'), at('new'), 'keep'), { kind: 'denied' });
    other.dispose();
  });
});
