// Pipes where files are expected: nobody waits for them, and what is told of them leads out.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { GuestVm } from './guestVm.js';
import { runTool } from './insideImages.js';

describe('a pipe', () => {
  let host: CopiesHost;
  let dir: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    host.rig.show();
  });
  after(() => host.rig.stop());

  it('as the RAM of a snapshot is told as a broken file', async () => {
    const vm = await GuestVm.define(host.rig, 'piped');
    await vm.power('start');
    await vm.create('ram', 'memory');
    const file =
      /<memory [^>]*file='([^']+)'/u.exec(await host.rig.virsh('snapshot-dumpxml', 'piped', 'ram'))?.[1] ?? '';
    await rename(file, `${file}.kept`);
    await runTool('mkfifo', file);
    assert.ok((await doctor('piped')).includes(file));
    await vm.isRefused(
      { kind: 'revert', snapshot: 'ram', after: 'running', checkpointFirst: false },
      'memoryFileBroken',
    );
    await rm(file);
    await rename(`${file}.kept`, file);
    await vm.run({ kind: 'revert', snapshot: 'ram', after: 'running', checkpointFirst: false });
    vm.model = vm.model.reverted('ram', 'running');
    await vm.isWhole();
  });

  it('as what a disk is built on is told, and not handed to libvirt', async () => {
    const [base, top] = [join(dir, 'pipe.raw'), join(dir, 'over-pipe.qcow2')];
    await runTool('mkfifo', base);
    await runTool('qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-F', 'raw', '-b', base, top, '1M');
    await defineDiskVm(host.rig, 'based', [{ file: top, format: 'qcow2' }]);
    assert.match(await doctor('based'), /pipe\.raw” is not an image/u);
    assert.match(await host.run('refused', 'start', 'based'), /pipe\.raw/u);
    assert.match(await host.rig.virsh('list', '--all'), /based/u);
  });

  /** It exits as one with problems does, and tells them on its standard output. */
  async function doctor(...words: readonly string[]): Promise<string> {
    const failed: unknown = await promisify(execFile)(process.execPath, [host.door, 'doctor', ...words], {
      env: host.env,
    }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const { code, stdout } = failed as { readonly code: number; readonly stdout: string };
    assert.equal(code, 10, stdout);
    return stdout;
  }

  it('gives a key once, for all that it opens', async () => {
    const repository = join(dir, 'repository');
    const file = join(dir, 'disk.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '1M');
    await defineDiskVm(host.rig, 'stored', [{ file, format: 'qcow2' }]);
    const words = ['backup', 'stored', '--to', repository, '--create', '--password-file'];
    const script = `exec ${[process.execPath, host.door, ...words].map((word) => `'${word}'`).join(' ')} <(cat '${dir}/key')`;
    await promisify(execFile)('bash', ['-c', script], { env: { ...host.env, RESTIC_PASSWORD_FILE: '' } });
    assert.match(await host.run('done', 'backups', '--from', repository), /stored/u);
    const later = join(dir, 'key-pipe');
    await runTool('mkfifo', later);
    await chmod(later, 0o600);
    const every = ['schedule', 'stored', '--to', repository, '--every', 'day', '--keep-last', '1'];
    assert.match(await host.run('notFound', ...every, '--password-file', later), /is not a file/u);
  });

  it('is no manifest of a copy', async () => {
    const [to, folder] = [join(dir, 'exported'), join(dir, 'exported/stored')];
    await host.run('done', 'export', 'stored', '--to', to);
    await rm(join(folder, 'virt-rewind-backup.json'));
    await runTool('mkfifo', join(folder, 'virt-rewind-backup.json'));
    assert.match(
      await host.run('notFound', 'restore', folder, '--folder', join(dir, 'again')),
      /no export or replica/u,
    );
  });
});
