// VMs whose QEMU is killed, and the command that watches them: as processes of their own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { keepIn } from '../../src/journal/persistence.js';
import { SystemStore } from '../../src/journal/systemStore.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { faultsOf } from '../answerFaults.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { head } from '../unit/journal/plans.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { Spoken } from './spoken.js';

describe('a VM that crashes', () => {
  let rig: LiveRig;
  let program: string;
  let state: string;
  let back: OracleVm;

  const start = (...words: readonly string[]): Spoken => {
    const own = { VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    return new Spoken(
      spawn(process.execPath, [program, ...words], { env: { ...rig.daemon.env, ...own }, stdio: 'pipe' }),
    );
  };
  const watching = async (...words: readonly string[]): Promise<Spoken> => {
    const watch = start('watch', ...words);
    await watch.until(/^Watching /mu);
    return watch;
  };
  const operations = async (name: string): Promise<readonly string[]> =>
    (await rig.engine.readLog(await rig.ref(name))).map(({ request }) => request.kind);
  const runs = (name: string): Promise<number> => rig.until(() => rig.vm(name)?.vm.power === 'running');
  const stateOf = (name: string): Promise<string> => rig.virsh('domstate', '--reason', name);

  async function crash(name: string): Promise<void> {
    await runs(name);
    const { uuid } = await rig.ref(name);
    const pids = (await readdir('/proc')).filter((pid) => /^\d+$/u.test(pid));
    const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    const qemu = pids.filter((_, at) => lines[at]!.includes(`guest=${name},`) && lines[at]!.includes(uuid));
    assert.equal(qemu.length, 1);
    process.kill(Number(qemu[0]), 'SIGKILL');
  }

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    for (const name of ['again', 'still', 'twice']) {
      await OracleVm.define(rig.daemon, { name, disks: ['qcow2'] });
    }
    back = await OracleVm.define(rig.daemon, { name: 'back', disks: ['qcow2'] });
    await rig.engine.connect(rig.uri);
    rig.show();
  });
  after(() => rig.stop());

  it('is restarted so many times, which a new start of the program goes on counting', async () => {
    await rig.virsh('start', 'again');
    const first = await watching('again', '--restart', '--most', '2');
    await crash('again');
    await first.until(/\(1 of 2\)/u);
    assert.match(await stateOf('again'), /^running/u);
    first.interrupt();
    await first.is('cancelled');
    const second = await watching('again', '--restart', '--most', '2', '--json');
    await crash('again');
    await second.until(/\(2 of 2\)/u);
    await rig.until(() => rig.vm('again')?.vm.power === 'running');
    await crash('again');
    await second.is('wrong');
    assert.equal(await stateOf('again'), 'shut off (crashed)');
    const answer = JSON.parse(second.said.slice(second.said.indexOf('{'))) as {
      readonly acts: readonly unknown[];
      readonly left: readonly unknown[];
    };
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual([answer.acts.length, answer.left.length], [1, 1]);
    await start('watch', 'again', '--restart', '--most', '2').is('wrong');
    assert.equal(await stateOf('again'), 'shut off (crashed)');
    // It crashed before it was watched, and may be started once more.
    const third = await watching('again', '--restart');
    await third.until(/\(3 of 3\)/u);
    third.interrupt();
    await third.is('cancelled');
    assert.deepEqual(await operations('again'), ['power', 'power', 'power']);
  });

  it('is not said to be left by one of two that watch it', async () => {
    await rig.virsh('start', 'twice');
    const watches = await Promise.all([watching('twice', '--restart'), watching('twice', '--restart')]);
    await crash('twice');
    await Promise.race(watches.map((watch) => watch.until(/crashed\. It was restarted/u)));
    assert.match(await stateOf('twice'), /^running/u);
    // The other one has seen the crash by then, or never.
    await start('tree', 'twice').is('done');
    for (const watch of watches) {
      watch.interrupt();
      await watch.is('cancelled');
      assert.doesNotMatch(watch.said, /as it is/u);
    }
  });

  it('is reverted to its favourite, which can be undone', async () => {
    await rig.virsh('snapshot-create-as', 'back', 'clean');
    const ref = await rig.ref('back');
    await rig.engine.setFavourite(ref, 'clean');
    await rig.virsh('start', 'back');
    await back.talk((guest) => guest.write(0, [[3, 77]]));
    const watch = await watching('back', '--revert');
    await crash('back');
    await watch.until(/reverted to “clean” \(1 of 3\)/u);
    assert.match(await stateOf('back'), /^running/u);
    const { snapshots, current } = await rig.engine.readTree(ref);
    assert.equal(current, 'clean');
    assert.equal(snapshots.length, 2, 'the disks as they were when it crashed');
    watch.interrupt();
    await watch.is('cancelled');
    assert.deepEqual(await operations('back'), ['favourite', 'revert']);
    await start('undo', 'back', '--yes').is('done');
    assert.match(await stateOf('back'), /^shut off/u);
  });

  it('is left alone where it did not crash, or something was interrupted on it', async () => {
    await rig.virsh('start', 'still');
    const watch = await watching('still', 'again', '--restart', '--most', '5');
    await runs('still');
    await rig.virsh('destroy', 'still');
    await rig.until(() => rig.vm('still')?.vm.power === 'off');
    // What is seen of the other one is later than what was seen of this one.
    await crash('again');
    await watch.until(/again crashed[^]*\(4 of 5\)/u);
    assert.equal(await stateOf('still'), 'shut off (destroyed)');
    assert.doesNotMatch(watch.said, /still crashed/u);
    await rig.virsh('undefine', 'still');
    await watch.until(/still no longer exists/u);
    // Nobody knows how often it was.
    const { uuid, connection } = await rig.ref('again');
    const counts = join(state, 'crashes', `${uuid}.json`);
    await writeFile(counts, 'no record');
    await crash('again');
    await watch.until(/again crashed, and was left as it is/u);
    watch.interrupt();
    await watch.is('cancelled');
    await rm(counts);
    assert.equal(await stateOf('again'), 'shut off (crashed)');
    const { request: other, plan } = head();
    const request = { ...other, vm: { connection, uuid } };
    const vm = { uuid, name: 'again' };
    const { capabilities } = await rig.engine.connect(rig.uri);
    const { hostname, hostUuid } = capabilities!;
    const broken = await keepIn(state, silentLog).journal.begin({
      ...{ connection, vm, request, plan: { ...plan, request } },
      daemon: { hostname, ...(hostUuid !== undefined && { hostUuid }) },
    });
    await broken.markBegun(0);
    const busy = await watching('again', '--restart');
    await busy.until(/again crashed\. Another operation/u);
    busy.interrupt();
    await busy.is('cancelled');
    await broken.leave();
    const interrupted = await watching('again', '--restart');
    await interrupted.until(/again crashed, and was left as it is/u);
    interrupted.interrupt();
    await interrupted.is('cancelled');
    assert.equal(await stateOf('again'), 'shut off (crashed)');
    assert.ok(!existsSync(counts), 'it was not counted');
  });

  it('is not watched where that is not to be done to it', async () => {
    await start('watch', 'again').is('usage');
    await start('watch', '--restart').is('usage');
    await start('watch', 'again', '--restart', '--revert').is('usage');
    await start('watch', 'again', '--restart', '--most', '0').is('usage');
    await start('watch', 'nobody', '--restart').is('notFound');
    await start('watch', 'again', '--revert').is('refused');
    const members = [{ ...(await rig.ref('back')), name: 'back' }];
    await new SystemStore(state, silentLog).put({ id: 'a'.repeat(32), name: 'shop', members });
    await start('watch', 'back', '--revert').is('refused');
    const settings = new SharedSettings(state, silentLog);
    const all: readonly Readonly<Record<string, unknown>>[] = [
      { 'virtRewind.protectedVms': ['back'] },
      { 'virtRewind.automaticActions': 'safe' },
    ];
    for (const given of all) {
      await settings.write(parseSettings((key) => given[key]));
      await start('watch', 'back', '--restart').is('refused');
    }
    // Also by what is set while it is watched.
    await settings.write(parseSettings(() => undefined));
    await rm(join(state, 'crashes', `${(await rig.ref('again')).uuid}.json`), { force: true });
    await start('recover', 'again', '--dismiss', '--yes').is('done');
    const watch = await watching('again', '--restart');
    await watch.until(/\(1 of 3\)/u);
    await settings.write(parseSettings((key) => ({ 'virtRewind.protectedVms': ['again'] })[key]));
    await crash('again');
    await watch.until(/again crashed, and was left as it is\. again is protected/u);
    watch.interrupt();
    await watch.is('cancelled');
    assert.equal(await stateOf('again'), 'shut off (crashed)');
    await settings.write(parseSettings(() => undefined));
  });
});
