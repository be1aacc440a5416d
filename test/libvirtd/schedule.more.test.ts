// Old backups are deleted by a rule, and nothing else of the repository is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { faultsOf } from '../jsonSchema.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

const runFile = promisify(execFile);

interface Pruned {
  readonly deleted: readonly ListedBackup[];
  readonly stays: readonly ListedBackup[];
}

describe('a rule for backups', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    for (const name of ['web', 'db']) {
      const image = join(dir, `${name}.qcow2`);
      await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
      await writePattern(image, 1, '0');
      await defineDiskVm(host.rig, name, [{ file: image, format: 'qcow2' }]);
    }
  });
  after(() => host.rig.stop());

  async function restic(...words: readonly string[]): Promise<string> {
    const env = { ...process.env, RESTIC_PASSWORD_FILE: join(dir, 'key') };
    const { stdout } = await runFile('/usr/bin/restic', [`--repo=${repository}`, ...words], { env, cwd: dir });
    return stdout;
  }

  async function list(): Promise<readonly ListedBackup[]> {
    const answer = await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
    assert.deepEqual(faultsOf(answer), []);
    return answer.backups;
  }

  const prune = (...words: readonly string[]): readonly string[] => [
    'backups',
    'prune',
    '--from',
    repository,
    ...words,
  ];

  function bytesOfRepository(): number {
    return readdirSync(repository, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  }

  it('keeps what it names of each VM, kept backups, and the snapshots of others', async () => {
    for (const at of [1, 2, 3, 4]) {
      const random = join(dir, 'random');
      await runTool('sh', '-c', `head -c 1M /dev/urandom > ${random}`);
      await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${random} ${at}M 1M`, await contentFile(host, 'web'));
      await host.run('done', 'backup', 'web', '--to', repository, '--create');
    }
    await host.run('done', 'backup', 'db', '--to', repository);
    await restic('backup', '--tag', 'mine', join(dir, 'key'));
    // Of another program, or of a backup that is under way.
    await restic('backup', '--tag', 'virt-rewind-unfinished,backup:00000000', join(dir, 'key'));
    const all = await list();
    const [first, second, third, fourth, database] = all.map(({ id }) => id);
    assert.ok(
      all.slice(1, 4).every(({ addedBytes }) => addedBytes >= 1024 * 1024),
      JSON.stringify(all),
    );
    assert.deepEqual(faultsOf(await host.json('backups', 'keep', first!, '--from', repository)), []);
    assert.deepEqual((await list()).map(({ id }) => id).sort(), all.map(({ id }) => id).sort());

    assert.match(await host.run('usage', ...prune()), /--keep-daily/u);
    assert.match(await host.run('usage', 'backups', '--from', repository, '--keep-daily', '3'), /prune/u);
    assert.match(await host.run('unanswered', ...prune('--keep-last', '1')), /--yes/u);
    assert.match(await host.run('notFound', ...prune('--keep-last', '1'), 'api'), /no backups of api/u);
    const plan = await host.json<{ prunePlan: { going: readonly ListedBackup[] } }>(
      ...prune('--keep-last', '1', '--plan'),
    );
    assert.deepEqual(faultsOf(plan), []);
    assert.deepEqual(
      plan.prunePlan.going.map(({ id }) => id),
      [second, third],
    );
    assert.equal((await list()).length, 5);

    const before = bytesOfRepository();
    const answer = await host.json<{ pruned: Pruned }>(...prune('--keep-daily', '1', '--free', '--yes'));
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(
      answer.pruned.deleted.map(({ id }) => id),
      [second, third],
    );
    assert.deepEqual((await list()).map(({ id }) => id).sort(), [first, fourth, database].sort());
    assert.ok(bytesOfRepository() < before - 1024 * 1024, 'no space was freed');
    const others = await restic('snapshots', '--json');
    assert.match(others, /"mine"/u);
    assert.match(others, /"virt-rewind-unfinished"/u);
    await restic('check', '--read-data');

    await host.run('done', 'backups', 'release', first!, '--from', repository);
    await host.run('done', ...prune('--keep-last', '1', '--yes'), 'web');
    assert.deepEqual((await list()).map(({ id }) => id).sort(), [fourth, database].sort());
    const folder = join(dir, 'restored');
    await host.run('done', 'restore', fourth!, '--from', repository, '--folder', folder, '--as', 'again');
    await runTool('qemu-img', 'compare', await contentFile(host, 'again'), await contentFile(host, 'web'));
  });
});
