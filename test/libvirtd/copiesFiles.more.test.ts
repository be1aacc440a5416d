// `virt-rewind files` on backups, exports and replicas: what their restore points hold, without a restore.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentFile, type CopiesHost, type ListedBackup, runRestic, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { makeFolder, runTool } from './insideImages.js';

describe('the files in a backup', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;
  let block: number;

  before(async () => {
    // Other files of tests mount theirs beside it.
    host = await startCopiesHost((folder) => ({ TMPDIR: folder }));
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    const [raw, image] = [join(dir, 'raw'), join(dir, 'web.qcow2')];
    const folder = join(dir, 'content');
    await makeFolder(folder, { links: true });
    await runTool('mke2fs', '-q', '-F', '-t', 'ext4', '-d', folder, raw, '120M');
    block = Number(await runTool('debugfs', '-R', 'bmap /etc/hosts 0', raw));
    await runTool('qemu-img', 'convert', '-O', 'qcow2', raw, image);
    await defineDiskVm(host.rig, 'web', [{ file: image, format: 'qcow2' }]);
    await host.run('done', 'checkpoint', 'web', 'first', '--style', 'external');
    await change('second');
    await host.run('done', 'checkpoint', 'web', 'second', '--style', 'external');
    await change('third');
  });
  after(() => host.rig.stop());
  afterEach(() => {
    host.unwrap('restic');
    assert.ok(!isMounted(), 'nothing stays mounted');
  });

  function isMounted(): boolean {
    return readFileSync('/proc/mounts', 'utf8').includes(`${dir}/virt-rewind-`);
  }

  /** The first block of /etc/hosts, as the VM has it now. */
  async function change(text: string, vm = 'web'): Promise<void> {
    const bytes = join(dir, 'bytes');
    await writeFile(bytes, text.padEnd(512, '\0'));
    const file = await contentFile(host, vm);
    await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${bytes} ${block * 1024} 512`, file);
  }

  const backUp = async (vm: string, ...words: readonly string[]): Promise<string> => {
    const answer = await host.json<{ backup: ListedBackup }>('backup', vm, '--to', repository, ...words);
    return answer.backup.id;
  };
  const from = (): readonly string[] => ['--from', repository];
  const hosts = (place: string, ...words: readonly string[]): Promise<string> =>
    host.run('done', 'files', place, 'cat', '/etc/hosts', ...words);

  it('are those of each restore point and of its current state, after the VM is gone', async () => {
    const id = await backUp('web', '--create');
    await change('fourth');
    assert.match(await hosts(`${id}@first`, ...from()), /^127\.0\.0\.1 localhost/u);
    assert.match(await hosts(`${id}@second`, ...from()), /^second/u);
    assert.match(await hosts(id, ...from()), /^third/u);
    assert.match(await host.run('done', 'files', id, ...from()), /^vda .* ext4/mu);
    assert.match(await host.run('done', 'files', `${id}@second`, 'find', 'big', '/etc', ...from()), /deep\/er\/big/u);
    const to = join(dir, 'out');
    await host.run('done', 'files', `${id}@second`, 'copy', '/etc', to, ...from());
    assert.ok((await readFile(join(to, 'deep/er/big'))).equals(await readFile(join(dir, 'content/etc/deep/er/big'))));
    assert.match(await host.run('notFound', 'files', `${id}@none`, 'ls', '/', ...from()), /none/u);
    assert.match(await host.run('notFound', 'files', '0000000f', 'ls', '/', ...from()), /no backup 0000000f/u);
    assert.match(await host.run('usage', 'files', id, 'restore', '/etc/hosts', ...from()), /Copy them out/u);
    assert.match(await host.run('usage', 'files', id, '--now', ...from()), /--now/u);
  });

  it('are those of its own files alone, whatever somebody put in their place', async () => {
    const id = await backUp('web');
    const listed = await runRestic(host, repository, ['snapshots', '--json', `--tag=virt-rewind,backup:${id}`]);
    const [{ id: snapshot, tags }] = JSON.parse(listed) as [{ readonly id: string; readonly tags: readonly string[] }];
    const web = join(dir, 'web.qcow2');
    renameSync(web, `${web}.away`);
    symlinkSync(`${web}.away`, web);
    try {
      const manifest = join(dir, 'virt-rewind-backup.json');
      writeFileSync(manifest, await runRestic(host, repository, ['dump', snapshot, '/virt-rewind-backup.json']));
      const other = tags.map((tag) => tag.replace(`backup:${id}`, 'backup:0000000e')).join(',');
      const files = readdirSync(dir).filter((name) => /^web\.\w+\.?/u.test(name) && !name.endsWith('.away'));
      await runRestic(host, repository, [
        ...['backup', `--tag=${other}`, 'virt-rewind-backup.json'],
        ...files.map((name) => join(dir, name)),
      ]);
    } finally {
      rmSync(web);
      renameSync(`${web}.away`, web);
    }
    assert.match(
      await host.run('failed', 'files', '0000000e@first', 'ls', '/', ...from()),
      /web\.qcow2.* is missing or damaged/u,
    );
  });

  it('are those of a snapshot inside an image', async () => {
    const image = join(dir, 'inside.qcow2');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', join(dir, 'raw'), image);
    await defineDiskVm(host.rig, 'inside', [{ file: image, format: 'qcow2' }]);
    await host.rig.virsh('snapshot-create-as', 'inside', 'tagged');
    await change('later', 'inside');
    const id = await backUp('inside');
    assert.match(await hosts(`${id}@tagged`, ...from()), /^127\.0\.0\.1/u);
    assert.match(await hosts(id, ...from()), /^later/u);
  });

  it('have no current state where the VM ran', async () => {
    await host.rig.virsh('start', 'web');
    const id = await backUp('web');
    await host.rig.virsh('destroy', 'web');
    assert.match(await host.run('refused', 'files', id, 'ls', '/', ...from()), /one of its snapshots: first, second/u);
    assert.match(await hosts(`${id}@second`, ...from()), /^second/u);
  });

  it('are read from an export, which may lie', async () => {
    const out = join(dir, 'exports');
    await host.run('done', 'export', 'web', '--to', out);
    const folder = join(out, 'web');
    assert.match(await hosts(`${folder}@second`), /^second/u);
    assert.match(await hosts(folder), /^fourth/u);
    const secret = join(dir, 'secret');
    writeFileSync(secret, 'secret'.padEnd(4096));
    const base = join(folder, 'disks', 'web.qcow2');
    const whole = await readFile(base);
    await runTool('qemu-img', 'rebase', '-u', '-F', 'raw', '-b', secret, base);
    assert.match(
      await host.run('failed', 'files', `${folder}@first`, 'ls', '/'),
      /disks\/web\.qcow2.* is missing or damaged/u,
    );
    rmSync(base);
    symlinkSync(join(dir, 'web.qcow2'), base);
    assert.match(
      await host.run('failed', 'files', `${folder}@first`, 'ls', '/'),
      /disks\/web\.qcow2.* is missing or damaged/u,
    );
    rmSync(base);
    assert.match(
      await host.run('failed', 'files', `${folder}@first`, 'ls', '/'),
      /disks\/web\.qcow2.* is missing or damaged/u,
    );
    writeFileSync(base, whole);
    assert.match(await hosts(`${folder}@first`), /^127\.0\.0\.1/u);
  });

  it('leave nothing mounted where the program is killed', async () => {
    const { backups } = await host.json<{ backups: readonly ListedBackup[] }>('backups', ...from());
    const id = `${backups[0]!.id}@first`;
    host.wrap('qemu-nbd', 'kill -9 $PPID; exit');
    await assert.rejects(host.run('done', 'files', id, 'ls', '/', ...from()));
    host.unwrap('qemu-nbd');
    while (isMounted()) {
      // The kernel tells nobody.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.match(await hosts(id, ...from()), /^127\.0\.0\.1/u);
  });

  it('are said not to be read where restic can mount nothing', async () => {
    const { backups } = await host.json<{ backups: readonly ListedBackup[] }>('backups', ...from());
    host.wrap('restic', '[ "$1" != mount ] || { echo "exec: fusermount: executable file not found" >&2; exit 1; }');
    const said = await host.run('failed', 'files', backups[0]!.id, 'ls', '/', ...from());
    assert.match(said, /needs FUSE.*fusermount: executable file not found/u);
  });
});
