// Snapshots by the clock, and until when: dates are kept to, what is over goes unless something holds it, a system goes
// as a whole, a schedule keeps so many of its own, and takes none where that makes something worse.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, settingKeys } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

interface Listed {
  readonly name: string;
  readonly title: string;
  readonly kept: boolean;
  readonly keptUntil?: string;
  readonly automatic: boolean;
}

interface Run {
  readonly exitCode: number;
  readonly messages: readonly string[];
  readonly snapshots: number;
  readonly deleted: number;
}

describe('snapshots by the clock', () => {
  let host: CopiesHost;
  let state: string;
  let crontab: string;

  before(async () => {
    host = await startCopiesHost();
    state = String(host.env['VIRT_REWIND_STATE']);
    crontab = join(host.rig.daemon.dir, 'crontab');
    writeFileSync(crontab, '');
    makeProgram('systemctl', 'exit 1');
    makeProgram('crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi`);
    makeProgram('logger', ':');
    makeProgram('notify', `printf '%s\\0' "$2" >> '${join(host.rig.daemon.dir, 'told')}'`);
    await set({});
    await host.rig.engine.connect(host.rig.uri);
  });
  after(() => host.rig.stop());

  function makeProgram(program: string, script: string): void {
    const file = join(host.programs, program);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  async function makeVm(name: string): Promise<void> {
    const image = join(host.rig.daemon.dir, `${name}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await defineDiskVm(host.rig, name, [{ file: image, format: 'qcow2' }]);
  }

  const set = (settings: Readonly<Record<string, unknown>>): Promise<void> =>
    new SharedSettings(state, silentLog).write(
      // The disk of a test may be full by any measure.
      parseSettings((key) => ({ [settingKeys.healthFreePercent]: 0, ...settings })[key]),
    );

  async function tree(vm: string): Promise<readonly Listed[]> {
    const answer = await host.json<{ snapshots: readonly Listed[] }>('tree', vm);
    assert.deepEqual(faultsOf(answer), []);
    return answer.snapshots;
  }
  const titles = async (vm: string): Promise<readonly string[]> => (await tree(vm)).map(({ title }) => title);

  interface Mark {
    readonly name: string;
    readonly uuid: string;
    readonly until?: number;
    readonly whole?: true;
  }
  const readMark = (file: string): Mark => JSON.parse(readFileSync(file, 'utf8')) as Mark;

  async function trashOf(vm: string): Promise<readonly Mark[]> {
    const uuid = (await host.rig.virsh('domuuid', vm)).trim();
    return marksIn('trash')
      .map(readMark)
      .filter((mark) => mark.uuid === uuid);
  }
  const inTrash = async (vm: string): Promise<readonly string[]> =>
    (await trashOf(vm)).map(({ name }) => name).toSorted((one, other) => one.localeCompare(other));

  /** The files of one sort of marks. */
  function marksIn(sort: string): readonly string[] {
    const root = join(state, sort);
    return existsSync(root)
      ? readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map(({ parentPath, name }) => join(parentPath, name))
      : [];
  }

  /** As if its day had come, of those of a VM, or of all. */
  function letTimePass(isMeant: (mark: Mark) => boolean = () => true, sort: 'kept' | 'trash' = 'kept'): void {
    for (const file of marksIn(sort)) {
      const mark = readMark(file);
      if (mark.until !== undefined && isMeant(mark)) {
        writeFileSync(file, JSON.stringify({ ...mark, until: Date.now() - 1 }));
      }
    }
  }

  async function runNow(name: string): Promise<Run> {
    const { schedules } = await host.json<{ schedules: readonly { lastRun: Run }[] }>('schedule', '--run', name);
    assert.ok(schedules[0]);
    return schedules[0].lastRun;
  }

  /** The clock of the command line; that of libvirt goes on. */
  async function atClock<T>(daysAhead: number, work: () => Promise<T>): Promise<T> {
    const file = join(host.rig.daemon.dir, 'clock.cjs');
    writeFileSync(
      file,
      `const real = Date, ahead = ${daysAhead} * 86_400_000;
globalThis.Date = class extends real {
  constructor(...given) { given.length === 0 ? super(real.now() + ahead) : super(...given); }
  static now() { return real.now() + ahead; }
};`,
    );
    host.env['NODE_OPTIONS'] = `--require=${file}`;
    try {
      return await work();
    } finally {
      delete host.env['NODE_OPTIONS'];
    }
  }

  /** As soon as its plan is written down. */
  async function killInMiddle(...words: readonly string[]): Promise<void> {
    const watching = watch(state, (_, name) => {
      if (/^[\da-f]{32}$/u.test(name ?? '')) {
        child.kill('SIGKILL');
      }
    });
    const child = spawn(process.execPath, [host.door, ...words], { env: host.env, stdio: 'ignore' });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    watching.close();
    assert.equal(signal, 'SIGKILL');
  }

  it('keeps a snapshot until its date, which is refused where it is over', async () => {
    await makeVm('dated');
    for (const over of ['2020-01-01', '00:00', '0d']) {
      assert.match(await host.run('usage', 'checkpoint', 'dated', 'old', '--until', over), /in the past/u);
    }
    for (const unclear of ['2026-02-30', 'someday', '']) {
      assert.match(await host.run('usage', 'checkpoint', 'dated', 'old', '--until', unclear), /friday/u);
    }
    assert.deepEqual(await titles('dated'), []);
    assert.deepEqual(readFileSync(crontab, 'utf8'), '', 'nothing was set');

    await host.run('done', 'checkpoint', 'dated', 'first', '--until', '3d');
    const [first] = await tree('dated');
    assert.equal(first?.kept, true);
    assert.ok(Math.abs(Date.parse(first.keptUntil ?? '') - Date.now() - 3 * 86_400_000) < 60_000);
    assert.match(readFileSync(crontab, 'utf8'), /schedules\/dates\/run\.sh.* --if-due/u);
    await host.run('done', 'checkpoint', 'dated', 'top');
    await host.run('refused', 'prune', 'dated', '--keep-last', '1', '--yes');
    // Its day has not come.
    assert.deepEqual((await runNow('dates')).deleted, 0);
    assert.deepEqual(await titles('dated'), ['first', 'top']);

    await host.run('done', 'keep', 'dated', 'first', '--until', '2w');
    await host.run('done', 'undo', 'dated', '--yes');
    assert.equal((await tree('dated'))[0]?.keptUntil, first.keptUntil, 'the date before');
  });

  it('moves what is over to the trash, from where it comes back without a date', async () => {
    letTimePass();
    const ended = await runNow('dates');
    assert.deepEqual([ended.exitCode, ended.deleted, await inTrash('dated')], [0, 1, ['first']]);
    assert.deepEqual((await runNow('dates')).deleted, 0, 'it goes once');
    const ref = await host.rig.ref('dated');
    await host.rig.engine.mark({ kind: 'trash', vm: ref, snapshots: ['first'], put: 'out', until: 0 });
    assert.deepEqual((await tree('dated'))[0]?.keptUntil, undefined);
    assert.deepEqual([(await runNow('dates')).deleted, await inTrash('dated')], [0, []]);
  });

  it('loses nothing by a clock that was set ahead, also where the trash is off', async () => {
    await set({ [settingKeys.trashDays]: 0 });
    await makeVm('early');
    await host.run('done', 'checkpoint', 'early', 'dear', '--until', '3d');
    await host.run('done', 'checkpoint', 'early', 'top');
    assert.equal(await atClock(400, async () => (await runNow('dates')).deleted), 1);
    assert.deepEqual(await inTrash('early'), ['dear']);
    // What is over in the trash goes with the next operation.
    await host.run('done', 'checkpoint', 'early', 'later');
    assert.deepEqual(await titles('early'), ['dear', 'top', 'later']);
    await host.run('done', 'keep', 'early', 'dear');
    assert.deepEqual(await inTrash('early'), []);
    // By a clock that was set back, a day may be to come that is over.
    await atClock(-2, () => host.run('refused', 'keep', 'early', 'dear', '--until', '1d'));
    await atClock(-2, () => host.run('refused', 'checkpoint', 'early', 'none', '--until', '1d'));
    assert.deepEqual(await titles('early'), ['dear', 'top', 'later']);
  });

  it('leaves alone what somebody keeps or stands on, and a protected VM', async () => {
    await set({ [settingKeys.trashDays]: 0 });
    await makeVm('held');
    for (const title of ['kept', 'cloned', 'goes', 'current']) {
      await host.run('done', 'checkpoint', 'held', title, '--until', '1h');
    }
    await host.run('done', 'keep', 'held', 'kept');
    letTimePass();
    await set({ [settingKeys.trashDays]: 0, [settingKeys.protectedVms]: ['held'] });
    assert.equal((await runNow('dates')).deleted, 0);
    await set({ [settingKeys.trashDays]: 0, [settingKeys.automaticActions]: 'safe' });
    assert.equal((await runNow('dates')).deleted, 0);
    await set({ [settingKeys.trashDays]: 0 });
    assert.equal((await runNow('dates')).deleted, 2);
    assert.deepEqual(await inTrash('held'), ['cloned', 'goes']);
    const [mark] = await trashOf('held');
    assert.ok((mark?.until ?? 0) > Date.now() + 6 * 86_400_000, 'where the trash is off, as long as usual');
  });

  it('leaves alone the favourite, and a VM with something unfinished', async () => {
    await makeVm('broken');
    for (const title of ['goes', 'favourite', 'top']) {
      await host.run('done', 'checkpoint', 'broken', title, '--style', 'external', '--until', '1h');
    }
    await host.rig.engine.setFavourite(await host.rig.ref('broken'), 'favourite');
    letTimePass();
    await killInMiddle('revert', 'broken', 'favourite', '--yes');
    const ended = await runNow('dates');
    assert.equal(ended.deleted, 0);
    assert.match(ended.messages.join(), /broken: .goes. is not deleted: .*not finished/u);
    await host.run('done', 'recover', 'broken', '--yes');
    await runNow('dates');
    assert.ok(!(await inTrash('broken')).includes('favourite'));
  });

  it('leaves alone what a clone stands on, and says why', async () => {
    await makeVm('based');
    for (const title of ['base', 'top']) {
      await host.run('done', 'checkpoint', 'based', title, '--style', 'external', '--until', '1h');
    }
    await host.run('done', 'clone', 'based', '--from', 'base', '--name', 'stands');
    letTimePass();
    const ended = await runNow('dates');
    assert.deepEqual([ended.exitCode, ended.deleted], [0, 0]);
    assert.match(ended.messages.join(), /based: .base. is not deleted/u);
    assert.deepEqual(await titles('based'), ['base', 'top']);
  });

  it('deletes a restore point of a system as a whole, or not at all', async () => {
    await makeVm('one');
    await makeVm('two');
    await host.run('done', 'system', 'create', 'pair', 'one', 'two');
    await host.run('done', 'system', 'checkpoint', 'pair', 'p1', '--until', '1h');
    await host.run('done', 'system', 'checkpoint', 'pair', 'p2');
    const uuid = (await host.rig.virsh('domuuid', 'one')).trim();
    letTimePass((mark) => mark.uuid === uuid);
    assert.equal((await runNow('dates')).deleted, 0);
    assert.deepEqual(
      [await titles('one'), await titles('two')],
      [
        ['p1', 'p2'],
        ['p1', 'p2'],
      ],
    );
    letTimePass();
    assert.equal((await runNow('dates')).deleted, 1);
    assert.deepEqual([await inTrash('one'), await inTrash('two')], [['p1'], ['p1']]);
    // By no operation on one of its VMs, and not before the time of all is over.
    letTimePass((mark) => mark.uuid === uuid, 'trash');
    await host.run('done', 'checkpoint', 'one', 'alone');
    assert.equal((await runNow('dates')).deleted, 0);
    assert.deepEqual(await titles('one'), ['p1', 'p2', 'alone']);
    letTimePass(() => true, 'trash');
    assert.equal((await runNow('dates')).deleted, 1);
    assert.deepEqual([await titles('one'), await titles('two')], [['p2', 'alone'], ['p2']]);
  });

  it('takes one at each run, and keeps so many of its own', async () => {
    await makeVm('web');
    await host.run('done', 'checkpoint', 'web', 'mine');
    const add = ['schedule', 'web', '--every', 'day', '--as', 'web-day'];
    assert.match(await host.run('usage', ...add), /--checkpoint/u);
    assert.match(await host.run('usage', ...add, '--checkpoint', '--password-file', '/key'), /for backups/u);
    // Words that only add one do not end as a list of those that are there.
    assert.match(await host.run('usage', 'schedule', '--every', 'day', '--checkpoint'), /Name VMs/u);
    await host.run('usage', 'schedule', '--to', '/backups', '--keep-last', '2');
    await host.run('usage', 'schedule', '--replace', '--as', 'web-day');
    // Named twice, by its name and its UUID, it is one VM.
    const again = [...add, 'web', (await host.rig.virsh('domuuid', 'web')).trim()];
    await host.run('done', ...again, '--checkpoint', '--keep-last', '2', '--on-failure', join(host.programs, 'notify'));
    for (const deleted of [0, 0, 1, 1]) {
      const ended = await runNow('web-day');
      assert.deepEqual([ended.exitCode, ended.snapshots, ended.deleted], [0, 1, deleted]);
    }
    const all = await tree('web');
    assert.deepEqual([all.length, all[0]?.title, all.filter(({ automatic }) => automatic).length], [3, 'mine', 2]);
    // What a person names is theirs.
    await host.run('done', 'keep', 'web', all[1]?.name ?? '');
    await runNow('web-day');
    const { messages } = await runNow('web-day');
    assert.match(messages.join(), /is not deleted: .*kept/u);
    assert.equal(messages.length, 1, 'once');
    assert.ok((await tree('web')).some(({ name }) => name === all[1]?.name));
  });

  it('does not count what a clock that was ahead has dated: it would pass for the newest', async () => {
    const ended = await atClock(-2, () => runNow('web-day'));
    assert.deepEqual([ended.exitCode, ended.snapshots, ended.deleted], [0, 1, 0]);
    assert.equal((await runNow('web-day')).deleted, 2);
  });

  it('takes none where that makes something worse, and says so once', async () => {
    await set({ [settingKeys.healthFreePercent]: 100 });
    const before = await titles('web');
    await host.run('refused', 'schedule', '--run', 'web-day');
    await host.run('refused', 'schedule', '--run', 'web-day');
    assert.deepEqual(await titles('web'), before);
    const { schedules } = await host.json<{ schedules: readonly { name: string; lastRun: Run }[] }>('schedule');
    assert.match(schedules.find(({ name }) => name === 'web-day')?.lastRun.messages.join() ?? '', /No snapshot/u);
    // A message of several lines is told in one go.
    const told = readFileSync(join(host.rig.daemon.dir, 'told'), 'utf8').split('\0');
    assert.deepEqual([told.length, told.at(-1)], [2, '']);
    await set({});
  });

  it('takes restore points of a system, and keeps so many', async () => {
    await host.run('done', 'schedule', '--system', 'pair', '--checkpoint', '--every', 'hour', '--keep-last', '1');
    for (const deleted of [0, 1, 1]) {
      const { exitCode, snapshots, messages, ...ended } = await runNow('pair-hour');
      assert.deepEqual([exitCode, snapshots, ended.deleted, messages], [0, 1, deleted, []]);
    }
    assert.equal((await titles('two')).length, 2);
  });
});
