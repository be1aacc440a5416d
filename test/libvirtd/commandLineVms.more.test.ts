// The commands that open the console of a VM, let others go on beside it, or lend one for a while: as processes of
// their own, in a terminal and without one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import { faultsOf } from '../answerFaults.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { Spoken } from './spoken.js';

const leave = '\u001D';
/** Orders to the guest and what it answers, as scripts/guest/oracle.asm has them. */
const isThere = 'P 1';
const counts = 'C 5';

describe('the command line at VMs', () => {
  let rig: LiveRig;
  let program: string;
  let state: string;

  const env = (): NodeJS.ProcessEnv => ({
    ...rig.daemon.env,
    VIRT_REWIND_STATE: state,
    LIBVIRT_DEFAULT_URI: rig.uri,
    LC_ALL: 'C',
    TERM: 'xterm',
  });
  const start = (...words: readonly string[]): Spoken =>
    new Spoken(spawn(process.execPath, [program, ...words], { env: env(), stdio: ['pipe', 'pipe', 'pipe'] }));
  /** script(1), which makes the terminal, is a part of each Debian and Fedora. */
  const onTerminal = (...words: readonly string[]): Spoken => {
    const line = [process.execPath, program, ...words].map((word) => `'${word}'`).join(' ');
    const args = ['-qec', line, '/dev/null'];
    return new Spoken(spawn('/usr/bin/script', args, { env: env(), stdio: ['pipe', 'pipe', 'pipe'] }));
  };
  const vms = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '');
  const domstate = (name: string): Promise<string> => rig.virsh('domstate', name);
  /** Disks, RAM and variables; what libvirt logs of a QEMU is elsewhere. */
  const filesOf = async (name: string): Promise<readonly string[]> =>
    (await readdir(rig.daemon.dir)).filter((file) => file.startsWith(name));

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    await OracleVm.define(rig.daemon, { name: 'talks', disks: ['qcow2'], console: true });
    await OracleVm.define(rig.daemon, { name: 'mute', disks: ['qcow2'] });
  });
  after(() => rig.stop());

  describe('console', () => {
    it('waits for a VM that is off, hands bytes on without a terminal, and ends at Ctrl+C', async () => {
      const reader = start('console', 'talks');
      await reader.until(/talks is off/u);
      await rig.virsh('start', 'talks');
      await reader.until(/Serial console of talks/u);
      // What is typed while it boots may be no order.
      reader.type(`\n${isThere}\n`);
      await reader.until(/^P 1\r?$/mu);
      reader.type(`${counts}\n`);
      await reader.until(/^C 5\r?$/mu);
      reader.interrupt();
      await reader.is('cancelled');
      assert.equal(await domstate('talks'), 'running');
    });

    it('is left by Ctrl+] in a terminal, which it says', async () => {
      const reader = onTerminal('console', 'talks');
      await reader.until(/Ctrl\+\] leaves the console[^]*Serial console of talks/u);
      reader.type('?\r');
      await reader.until(/\? 5 0 0 whole/u);
      reader.type(leave);
      await reader.is('done');
    });

    it('takes the console from another client only by force, who is told', async () => {
      const first = start('console', 'talks');
      await first.until(/Serial console of talks/u);
      const second = start('console', 'talks');
      await second.is('failed');
      assert.match(second.said, /in use by another client/u);
      const third = start('console', 'talks', '--force');
      await third.until(/Serial console of talks/u);
      await first.is('failed');
      assert.match(first.said, /Another client took the console of talks/u);
      third.interrupt();
      await third.is('cancelled');
    });

    it('says of a VM without one what is missing, and of none that there is none', async () => {
      await rig.virsh('start', 'mute');
      const mute = start('console', 'mute');
      await mute.is('failed');
      assert.match(mute.said, /mute has no serial console that can be opened/u);
      await start('console', 'nobody').is('notFound');
      await start('console').is('usage');
    });
  });

  describe('fork', () => {
    it('lets several go on beside a VM, tells of them, and they are thrown away by name', async () => {
      const forking = start('fork', 'mute', '--count', '2', '--json');
      await forking.is('done');
      const answer = JSON.parse(forking.said.slice(forking.said.indexOf('{'))) as {
        readonly forks: readonly { readonly name: string; readonly state: string }[];
      };
      assert.deepEqual(faultsOf(answer), []);
      assert.deepEqual(
        answer.forks.map(({ name, state: power }) => [name, power]),
        [
          ['mute-fork', 'running'],
          ['mute-fork-2', 'running'],
        ],
      );
      assert.deepEqual([...(await vms())].sort(), ['mute', 'mute-fork', 'mute-fork-2', 'talks']);
      await start('discard', 'mute-fork').is('unanswered');
      for (const { name } of answer.forks) {
        assert.equal(await domstate(name), 'running');
        await start('discard', name, '--yes').is('done');
      }
      assert.deepEqual([...(await vms())].sort(), ['mute', 'talks']);
      assert.deepEqual(await filesOf('mute-fork'), []);
      assert.equal(await domstate('mute'), 'running');
      await start('discard', 'mute', '--yes').is('refused');
    });

    it('begins with a snapshot that keeps RAM in the way that was asked for', async () => {
      const ways: unknown[] = [];
      for (const how of ['auto', 'never']) {
        const forking = start('fork', 'mute', '--name', how, '--seamless', how);
        await forking.is('done');
        ways.push(/^Ram-Written: (\w+)$/mu.exec(await rig.virsh('snapshot-current', 'mute'))?.[1]);
        await start('discard', how, '--yes').is('done');
      }
      const { capabilities } = await rig.engine.connect(rig.uri);
      const isPossible = capabilities!.externalRevert && capabilities!.hypervisor >= versionOf(10, 0);
      assert.deepEqual(ways, [isPossible ? 'seamless' : 'live', 'live']);
      await start('fork', 'mute', '--seamless', 'sometimes').is('usage');
    });

    it('is told in words, and makes none of a wrong number, or of a VM that is off', async () => {
      const forking = start('fork', 'mute', '--name', 'beside');
      await forking.is('done');
      assert.match(forking.said, /^beside +running$/mu);
      assert.match(forking.said, /The snapshot “Fork point[^”]*” stays on/u);
      await start('discard', 'beside', '--yes').is('done');
      await start('fork', 'mute', '--count', '0').is('usage');
      await start('fork', 'mute', '--count', 'x').is('usage');
      await rig.virsh('destroy', 'mute');
      await start('fork', 'mute').is('refused');
      await start('fork', 'nobody').is('notFound');
      assert.deepEqual([...(await vms())].sort(), ['mute', 'talks']);
    });
  });

  describe('sandbox', () => {
    const isGone = async (name: string): Promise<void> => {
      assert.deepEqual([...(await vms())].sort(), ['mute', 'talks']);
      assert.deepEqual(await filesOf(name), []);
    };

    it('lends a fork of a VM that runs, and it goes with its console', async () => {
      const lent = onTerminal('sandbox', 'talks', '--name', 'lent');
      await lent.until(/lent is deleted when you close its console[^]*Serial console of lent/u);
      assert.equal(await domstate('lent'), 'running');
      // It goes on from where the VM stood, and for itself.
      lent.type('?\r');
      await lent.until(/\? 5 0 0 whole/u);
      lent.type('C 9\r');
      await lent.until(/^C 9\r?$/mu);
      lent.type(leave);
      await lent.is('done');
      await isGone('lent');
      const own = onTerminal('console', 'talks');
      await own.until(/Serial console of talks/u);
      own.type('?\r');
      await own.until(/\? 5 0 0 whole/u);
      own.type(leave);
      await own.is('done');
    });

    it('lends a clone of a VM that is off, and it goes at Ctrl+C too', async () => {
      await rig.virsh('destroy', 'talks');
      const lent = start('sandbox', 'talks', '--name', 'lent');
      await lent.until(/Serial console of lent/u);
      lent.type(`\n${isThere}\n`);
      await lent.until(/^P 1\r?$/mu);
      assert.equal(await domstate('talks'), 'shut off');
      lent.interrupt();
      await lent.is('cancelled');
      await isGone('lent');
    });

    for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
      it(`goes at ${signal}`, async () => {
        const lent = start('sandbox', 'talks', '--name', 'lent');
        await lent.until(/Serial console of lent/u);
        lent.end(signal);
        await lent.is('cancelled');
        await isGone('lent');
      });
    }

    it('stays where somebody has a snapshot of it, or another disk in it, which is said', async () => {
      const disk = join(rig.daemon.dir, 'theirs.qcow2');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '1M']);
      for (const words of [
        ['snapshot-create-as', 'lent', 'mine', '--disk-only'],
        ['attach-disk', 'lent', disk, 'vdz', '--config', '--live', '--subdriver', 'qcow2'],
      ] as const) {
        const lent = start('sandbox', 'talks', '--name', 'lent');
        await lent.until(/Serial console of lent/u);
        await rig.virsh(...words);
        lent.interrupt();
        await lent.is('cancelled');
        assert.match(lent.said, /lent stays/u);
        assert.equal(await domstate('lent'), 'running');
        await start('discard', 'lent', '--yes').is('done');
      }
      assert.ok(existsSync(disk));
      await isGone('lent');
    });

    it('goes with the terminal that it is in', async () => {
      const lent = onTerminal('sandbox', 'talks', '--name', 'lent');
      await lent.until(/Serial console of lent/u);
      await rig.engine.connect(rig.uri);
      rig.show(await rig.ref('lent'));
      lent.end('SIGKILL');
      await rig.until(() => rig.vm('lent') === undefined);
      await isGone('lent');
    });

    it('is shown as temporary where its program was killed, and can be deleted', async () => {
      const lent = start('sandbox', 'talks', '--name', 'lent');
      await lent.until(/Serial console of lent/u);
      lent.end('SIGKILL');
      const list = start('list');
      await list.is('done');
      assert.match(list.said, /lent +running, deleted when off/u);
      const doctor = start('doctor', 'lent', '--json');
      await doctor.is('done');
      assert.match(doctor.said, /"temporaryClone"/u);
      await start('discard', 'lent', '--yes').is('done');
      await isGone('lent');
    });

    it('lends nothing of a snapshot that is not there', async () => {
      await start('sandbox', 'talks', '--from', 'nothing').is('notFound');
      await start('sandbox', 'nobody').is('notFound');
      await isGone('talks-clone');
    });
  });
});
