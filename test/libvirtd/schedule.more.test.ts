// Backups by the clock: what systemd and cron are given runs and says how it went. Old backups are deleted by a rule,
// and nothing else of the repository is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { faultsOf } from '../answerFaults.js';
import {
  contentFile,
  type CopiesHost,
  type ListedBackup,
  ownBackup,
  runRestic,
  startCopiesHost,
  writePattern,
} from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

const runFile = promisify(execFile);

interface ListedSchedule {
  readonly name: string;
  readonly installed: boolean;
  readonly state: string;
  readonly nextAt: string;
  readonly missedAt?: string;
  readonly lastRun?: {
    readonly exitCode: number;
    readonly messages: readonly string[];
    readonly backups: readonly string[];
    readonly deleted: number;
  };
}

async function makeVm(host: CopiesHost, name: string): Promise<void> {
  const image = join(host.rig.daemon.dir, `${readdirSync(host.rig.daemon.dir).length}.qcow2`);
  await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
  await writePattern(image, 1, '0');
  await defineDiskVm(host.rig, name, [{ file: image, format: 'qcow2' }]);
}

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
      await makeVm(host, name);
    }
  });
  after(() => host.rig.stop());

  const restic = (...words: readonly string[]): Promise<string> => runRestic(host, repository, words);

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
    // At one place, lest a later backup needs what an earlier one added.
    for (let made = 0; made < 4; made += 1) {
      const random = join(dir, 'random');
      await runTool('sh', '-c', `head -c 1M /dev/urandom > ${random}`);
      await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${random} 1M 1M`, await contentFile(host, 'web'));
      await host.run('done', 'backup', 'web', '--to', repository, '--create');
    }
    await host.run('done', 'backup', 'db', '--to', repository);
    await restic('backup', '--tag', 'mine', join(dir, 'key'));
    // A backup of another program, or one that still runs.
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

    // As a clock that was ahead made it: each rule would keep it alone.
    const { uuid } = all[3] as unknown as { readonly uuid: string };
    const tags = `virt-rewind,backup:0000000f,vm:${uuid}`;
    await ownBackup(host, '0000000f');
    await restic('backup', '--time', '2222-01-01 00:00:00', '--tag', tags, join(dir, 'key'));
    assert.match(await host.run('refused', ...prune('--keep-last', '1', '--yes')), /0000000f.*future/u);
    await host.run('done', ...prune('--keep-last', '1', '--yes'), 'db');
    assert.equal((await list()).length, 6);
    const [future] = JSON.parse(await restic('snapshots', '--json', '--tag=backup:0000000f')) as {
      readonly id: string;
    }[];
    await restic('forget', future!.id);

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
    assert.match(await host.run('usage', 'backups', 'check', 'web', 'db', '--from', repository), /Several VMs/u);
    await host.run('notFound', ...prune('--keep-last', '1', '--yes'), 'web', 'api');
    assert.equal((await list()).length, 3);
    await host.run('done', ...prune('--keep-last', '1', '--yes'), 'web', 'db');
    assert.deepEqual((await list()).map(({ id }) => id).sort(), [fourth, database].sort());
    const folder = join(dir, 'restored');
    await host.run('done', 'restore', fourth!, '--from', repository, '--folder', folder, '--as', 'again');
    await runTool('qemu-img', 'compare', await contentFile(host, 'again'), await contentFile(host, 'web'));
  });
});

for (const by of ['cron', 'systemd'] as const) {
  // Neither runs on the machines of the tests, so what they are called by only keeps what it is given.
  describe(`a schedule by ${by}`, () => {
    // A name that quotes would end, and cron and systemd read as something else.
    const name = `it's 100% "$HOME"`;
    let host: CopiesHost;
    let dir: string;
    let repository: string;
    let told: string;
    let folder: string;

    before(async () => {
      host = await startCopiesHost((own) => ({
        // And where systemd's own are.
        SYSTEMD_UNIT_PATH: `${join(own, 'units')}:`,
        VIRT_REWIND_STATE: join(own, 'state 100% of "it"'),
      }));
      ({ dir } = host.rig.daemon);
      repository = join(dir, 'repository');
      told = join(dir, 'told');
      folder = join(dir, 'state 100% of "it"', 'schedules', 'it-day');
      mkdirSync(join(dir, 'state 100% of "it"'));
      const crontab = join(dir, 'crontab');
      writeFileSync(crontab, 'MAILTO=me\n');
      makeProgram('systemctl', by === 'systemd' ? `echo "$@" >> '${join(dir, 'systemctl')}'` : 'exit 1');
      makeProgram('crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi`);
      makeProgram('logger', ':');
      makeProgram('notify', `printf '%s\\n' "$@" > '${told}'`);
      await makeVm(host, name);
      await host.run('done', 'backup', name, '--to', repository, '--create');
      // A VM of another schedule, or of none.
      await makeVm(host, 'other');
      for (let made = 0; made < 3; made += 1) {
        await host.run('done', 'backup', 'other', '--to', repository);
      }
    });
    after(() => host.rig.stop());

    function makeProgram(program: string, script: string): void {
      const file = join(dir, 'programs', program);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }

    async function schedules(...words: readonly string[]): Promise<readonly ListedSchedule[]> {
      const answer = await host.json<{ schedules: readonly ListedSchedule[] }>('schedule', ...words);
      assert.deepEqual(faultsOf(answer), []);
      return answer.schedules;
    }

    function readRun(): { readonly startedAt: number; readonly by: { readonly pid: number } } {
      return JSON.parse(readFileSync(join(folder, 'lastRun.json'), 'utf8')) as ReturnType<typeof readRun>;
    }

    /** As the one of both starts it, with nothing in its environment. */
    async function startRun(signal?: 'SIGINT'): Promise<number> {
      const line =
        by === 'cron'
          ? (readFileSync(join(dir, 'crontab'), 'utf8').split('\n')[1] ?? '').split(' ').slice(5).join(' ')
          : '';
      // cron takes the sign before a percent sign away; `--if-due` would wait for the next day.
      const command =
        by === 'cron' ? line.replaceAll('\\%', '%').replace('--if-due', '') : `/bin/sh '${join(folder, 'run.sh')}'`;
      if (signal !== undefined) {
        const before = readRun();
        const watcher = watch(folder, () => {
          const run = readRun();
          if (run.startedAt !== before.startedAt) {
            watcher.close();
            process.kill(run.by.pid, signal);
          }
        });
      }
      return new Promise((done) => {
        execFile('/bin/sh', ['-c', command], { env: {} }, (error) => done(error === null ? 0 : Number(error.code)));
      });
    }

    it('is given to it, runs, and says how it went', async () => {
      const add = ['schedule', '--to', repository, '--every', 'day', '--keep-last', '2', '--as', 'it-day'];
      add.push('--on-failure', join(dir, 'programs', 'notify'));
      assert.match(await host.run('notFound', ...add, 'none'), /none/u);
      assert.match(await host.run('refused', ...add, '--on-failure', 'notify', name), /full path/u);
      assert.match(await host.run('notFound', ...add, '--to', join(dir, 'none'), name), /no restic repository/u);
      assert.match(await host.run('refused', ...add, '--every', 'now and then', name), /hour, day/u);
      assert.deepEqual(await schedules(), []);
      await host.run('done', ...add, name);
      assert.match(await host.run('refused', ...add, name), /already/u);
      const again = await host.run('refused', ...add, '--every', 'week', '--as', 'it-week', name);
      assert.match(again, /it-day backs up the same VM/u);
      const [added] = await schedules();
      assert.deepEqual([added?.state, added?.installed, added?.missedAt], ['never', true, undefined]);
      assert.ok(Date.parse(added?.nextAt ?? '') > Date.now());
      if (by === 'systemd') {
        const units = readdirSync(join(dir, 'units')).map((unit) => join(dir, 'units', unit));
        assert.equal(units.length, 2);
        const { stderr } = await runFile('systemd-analyze', ['verify', '--recursive-errors=no', ...units]);
        assert.equal(stderr, '');
        assert.match(readFileSync(join(dir, 'systemctl'), 'utf8'), /enable --now virt-rewind-it-day\.timer/u);
      }

      for (const deleted of [0, 1]) {
        assert.equal(await startRun(), 0);
        const [status] = await schedules();
        assert.deepEqual([status?.state, status?.lastRun?.deleted], ['done', deleted]);
      }
      const { backups } = await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
      assert.deepEqual(
        backups.map(({ vm }) => vm),
        ['other', 'other', 'other', name, name],
      );
      if (by === 'cron') {
        await host.run('done', 'schedule', '--run', 'it-day', '--if-due');
        assert.equal(
          (await host.json<{ backups: readonly unknown[] }>('backups', '--from', repository)).backups.length,
          5,
        );
      }
      assert.equal(existsSync(told), false);

      assert.equal(await startRun('SIGINT'), 130);
      const [cancelled] = await schedules();
      assert.deepEqual([cancelled?.state, cancelled?.lastRun?.exitCode], ['failed', 130]);
      assert.equal(existsSync(told), false);

      renameSync(repository, `${repository}-away`);
      assert.equal(await startRun(), 3);
      const [failed] = await schedules();
      assert.deepEqual([failed?.state, failed?.lastRun?.exitCode], ['failed', 3]);
      assert.match(failed?.lastRun?.messages.join() ?? '', /no restic repository/u);
      assert.match(readFileSync(told, 'utf8'), /^it-day\n.*no restic repository/u);

      await host.run('done', 'schedule', '--remove', 'it-day');
      assert.deepEqual(await schedules(), []);
      assert.equal(readFileSync(join(dir, 'crontab'), 'utf8'), 'MAILTO=me\n');
      assert.deepEqual(by === 'systemd' ? readdirSync(join(dir, 'units')) : [], []);
      assert.match(await host.run('notFound', 'schedule', '--remove', '../..'), /no schedule/u);
      assert.match(await host.run('notFound', 'schedule', '--run', 'it-day'), /no schedule/u);
    });
  });
}
