// A real gdb at a real guest: by the address of the command line, through a revert, and at the end.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram } from '../../scripts/rig/run.mjs';
import { exitCode } from '../../src/cli/exitCodes.js';
import { qemuProcesses } from '../qemuProcesses.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { Daemon } from './engineRig.js';
import { makeSshHost } from './sshRig.js';

/** A program that is talked to, and all that it has said. */
class Spoken {
  #heard = '';
  #look = (): void => undefined;

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        this.#heard += String(bytes);
        this.#look();
      });
    }
    child.once('close', () => this.#look());
  }

  say(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** What it says of that is taken. */
  until(words: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const found = words.exec(this.#heard);
        if (found !== null) {
          this.#heard = this.#heard.slice(found.index + found[0].length);
          this.#look = () => undefined;
          resolve(found);
        } else if (this.child.exitCode !== null) {
          reject(new Error(`it ended without ${String(words)}: ${this.#heard}`));
        }
      };
      this.#look();
    });
  }

  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit') as Promise<[number | null]>;
      if (signal === undefined) {
        this.child.stdin.end();
      } else {
        this.child.kill(signal);
      }
      return (await ended)[0];
    }
    return this.child.exitCode;
  }
}

describe('debuggers of a VM', () => {
  let daemon: Daemon;
  let door: string;
  let guest: OracleVm;
  const started: Spoken[] = [];

  const start = (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Spoken => {
    const env = {
      ...daemon.env,
      VIRT_REWIND_STATE: join(daemon.dir, 'state'),
      LIBVIRT_DEFAULT_URI: daemon.uri,
      LC_ALL: 'C',
      ...more,
    };
    const spoken = new Spoken(spawn(program, args, { env, stdio: 'pipe' }));
    started.push(spoken);
    return spoken;
  };
  const ours = (...words: readonly string[]): Spoken => start(process.execPath, [door, ...words]);
  const gdb = (): Spoken => start('gdb', ['-nx', '-q', '-ex', 'set confirm off', '-ex', 'set pagination off']);
  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const state = async (): Promise<string> => (await virsh('domstate', 'debugged')).trim();
  /** What of QEMU debuggers could connect to. */
  const server = async (): Promise<string | undefined> =>
    /"filename":"([^"]*)","label":"gdb"/u.exec(
      await virsh('qemu-monitor-command', 'debugged', '{"execute":"query-chardev"}'),
    )?.[1];
  const isResumed = async (): Promise<void> => {
    while ((await state()) !== 'running' || (await server()) !== undefined) {
      // Its last words are on their way to QEMU.
    }
  };

  before(async () => {
    assert.ok(await findProgram('gdb'), 'gdb is not installed');
    // In this computer's network, where the ports of its QEMU are reached.
    daemon = await startPrivateDaemon({ host: hostname() });
    door = await buildDoor('commandLine', join(daemon.dir, 'program'));
    await mkdir(join(daemon.dir, 'state'));
    const folder = join(daemon.dir, 'd');
    guest = await OracleVm.define(daemon, { name: 'debugged', disks: ['qcow2'], diskMiB: 4, folder });
    await virsh('start', 'debugged');
    await virsh('snapshot-create-as', 'debugged', 'then');
  });
  after(async () => {
    await Promise.all(started.map((one) => one.end('SIGKILL')));
    await daemon.stop();
  });

  it('attach by an address that outlives a revert, and leave a guest that runs on', async () => {
    const relay = ours('gdb', 'debugged');
    const [address] = await relay.until(/\S+\/vm(?=\n)/u);
    assert.equal(await server(), undefined, 'nothing listens while nobody attaches');
    const debuggers = gdb();
    debuggers.say(`target remote ${address}`);
    debuggers.say('info registers rip');
    await debuggers.until(/rip +0x[\da-f]+/u);
    assert.equal(await state(), 'paused');
    assert.match((await server()) ?? '', /^unix:\S+qemu,/u);
    await virsh('snapshot-revert', 'debugged', 'then', '--running');
    await relay.until(/debugger can attach again/u);
    debuggers.say('disconnect');
    await debuggers.until(/Ending remote debugging/u);
    debuggers.say(`target remote ${address}`);
    debuggers.say('info registers rip');
    await debuggers.until(/rip +0x[\da-f]+/u);
    assert.equal(await state(), 'paused');
    debuggers.say('detach');
    await debuggers.until(/detached/u);
    await isResumed();
    assert.equal(await relay.end('SIGINT'), exitCode('done'));
    assert.equal(await debuggers.end(), 0);
  });

  /** By a port that QEMU listens on, through a revert by another client, to a guest that runs on. */
  const attachByPort = async (relay: Spoken): Promise<void> => {
    const [address] = await relay.until(/\S+\/vm(?=\n)/u);
    const debuggers = gdb();
    for (const isFirst of [true, false]) {
      debuggers.say(`target remote ${address}`);
      debuggers.say('info registers rip');
      await debuggers.until(/rip +0x[\da-f]+/u);
      assert.equal(await state(), 'paused');
      assert.match((await server()) ?? '', /^tcp:127\.0\.0\.1:\d+,/u);
      if (isFirst) {
        await virsh('snapshot-revert', 'debugged', 'then', '--running');
        await relay.until(/debugger can attach again/u);
        debuggers.say('disconnect');
        await debuggers.until(/Ending remote debugging/u);
      }
    }
    debuggers.say('detach');
    await debuggers.until(/detached/u);
    await isResumed();
    assert.equal(await relay.end('SIGINT'), exitCode('done'));
    assert.equal(await debuggers.end(), 0);
  };

  it('attach by a port where QEMU can have no socket', async () => {
    // A path that no command of the monitor may have.
    const folder = join(daemon.dir, 'a+b');
    await mkdir(folder);
    await attachByPort(start(process.execPath, [door, 'gdb', 'debugged'], { TMPDIR: folder }));
  });

  it('attach over ssh', async () => {
    const host = await makeSshHost(daemon);
    const more = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
    await attachByPort(start(process.execPath, [door, 'gdb', 'debugged', '--connect', host.uri()], more));
    assert.ok((await host.logins()) > 0);
    await host.logOut();
  });

  it('cannot end the VM, and do not leave their breakpoints', async () => {
    const relay = ours('gdb', 'debugged', '--json');
    const [, address = ''] = await relay.until(/"address": ?"([^"]+)"/u);
    const killer = gdb();
    killer.say(`target remote ${address}`);
    killer.say('kill');
    await killer.until(/killed/u);
    await isResumed();
    const dying = gdb();
    dying.say(`target remote ${address}`);
    dying.say('info registers rip');
    const [, here = ''] = await dying.until(/rip +(0x[\da-f]+)/u);
    // The guest waits there: it comes by as soon as it is talked to.
    dying.say(`hbreak *${here}`);
    dying.say('continue');
    await dying.until(/Continuing/u);
    await dying.end('SIGKILL');
    await isResumed();
    await guest.talk((talk) => talk.write(0, [[1, 7]]));
    const running = gdb();
    running.say(`target remote ${address}`);
    running.say('continue &');
    running.say('echo on\\n');
    await running.until(/on\n/u);
    assert.equal(await relay.end('SIGTERM'), exitCode('done'));
    await isResumed();
  });

  it('do not end QEMU by its monitor, and see what it shows', async () => {
    const relay = ours('gdb', 'debugged');
    const [address] = await relay.until(/\S+\/vm(?=\n)/u);
    const debuggers = gdb();
    debuggers.say(`target remote ${address}`);
    for (const command of ['quit', 'q', 'system_reset', 'cont', 'migrate_cancel']) {
      debuggers.say(`monitor ${command}`);
      await debuggers.until(new RegExp(`“${command}”[^]*Protocol error with Rcmd`, 'u'));
    }
    debuggers.say('monitor info status');
    await debuggers.until(/VM status: paused/u);
    debuggers.say('detach');
    await debuggers.until(/detached/u);
    await isResumed();
    assert.equal(await relay.end('SIGINT'), exitCode('done'));
    await debuggers.end();
  });

  for (const end of ['recover', 'checkpoint', 'gdb'] as const) {
    it(`leave a guest whose relay was killed to a recovery: ${end}`, async () => {
      const relay = ours('gdb', 'debugged');
      const [address] = await relay.until(/\S+\/vm(?=\n)/u);
      const debuggers = gdb();
      debuggers.say(`target remote ${address}`);
      debuggers.say('info registers rip');
      await debuggers.until(/rip +0x[\da-f]+/u);
      // What else is done to the VM is done beside it.
      assert.equal(await ours('checkpoint', 'debugged', `beside ${end}`).end(), exitCode('done'));
      await relay.end('SIGKILL');
      await debuggers.end('SIGKILL');
      assert.equal(await state(), 'paused');
      assert.match((await server()) ?? '', /^disconnected:/u, 'QEMU listens on');
      const doctor = ours('doctor', 'debugged');
      await doctor.until(/recover/u);
      await doctor.end();
      if (end === 'gdb') {
        const again = ours('gdb', 'debugged');
        const [next] = await again.until(/\S+\/vm(?=\n)/u);
        const other = gdb();
        other.say(`target remote ${next}`);
        other.say('detach');
        await other.until(/detached/u);
        await isResumed();
        await again.end('SIGINT');
        await other.end();
      } else {
        const words = end === 'recover' ? ['recover', 'debugged', '--yes'] : ['checkpoint', 'debugged', 'after'];
        const recovering = ours(...words);
        assert.equal(await recovering.end(), exitCode('done'));
        assert.equal(await server(), undefined);
        assert.equal(await state(), 'running');
      }
      const whole = ours('doctor', 'debugged');
      await whole.end();
      await guest.talk((talk) => talk.write(0, [[2, 8]]));
    });
  }

  for (const when of ['attach to', 'leave'] as const) {
    it(`are told of a QEMU that hangs when they ${when} it, whose guest a recovery lets run on`, async () => {
      const relay = ours('gdb', 'debugged');
      const [address] = await relay.until(/\S+\/vm(?=\n)/u);
      const debuggers = gdb();
      const attach = async (): Promise<void> => {
        debuggers.say(`target remote ${address}`);
        debuggers.say('info registers rip');
        await debuggers.until(/rip +0x[\da-f]+/u);
      };
      const [qemu] = await qemuProcesses(daemon, 'debugged');
      try {
        if (when === 'leave') {
          await attach();
          process.kill(qemu!, 'SIGSTOP');
          await debuggers.end('SIGKILL');
        } else {
          process.kill(qemu!, 'SIGSTOP');
          debuggers.say(`target remote ${address}`);
        }
        await relay.until(/QEMU[^\n]*\n/u);
        assert.equal(await relay.end('SIGINT'), exitCode('done'));
      } finally {
        process.kill(qemu!, 'SIGCONT');
      }
      assert.equal(await ours('checkpoint', 'debugged', `${when} one that hung`).end(), exitCode('done'));
      assert.equal(await server(), undefined);
      assert.equal(await state(), 'running');
    });
  }

  it('are no unfinished operation once their server is gone', async () => {
    const relay = ours('gdb', 'debugged');
    await relay.until(/\S+\/vm(?=\n)/u);
    await relay.end('SIGKILL');
    await virsh('qemu-monitor-command', 'debugged', '--hmp', 'gdbserver none');
    const doctor = ours('doctor', 'debugged', '--json');
    assert.doesNotMatch((await doctor.until(/\{[^]*\n\}\n/u))[0], /unfinishedOperation/u);
    await doctor.end();
    assert.equal(await ours('checkpoint', 'debugged', 'ends it').end(), exitCode('done'));
  });

  it('are let in one at a time, and not at a VM that is off', async () => {
    const relay = ours('gdb', 'debugged');
    const [address] = await relay.until(/\S+\/vm(?=\n)/u);
    const [first, second] = [gdb(), gdb()];
    first.say(`target remote ${address}`);
    first.say('info registers rip');
    await first.until(/rip +0x[\da-f]+/u);
    second.say(`target remote ${address}`);
    await second.until(/closed|Broken pipe|disconnected|reset/iu);
    first.say('info registers rip');
    await first.until(/rip +0x[\da-f]+/u);
    await first.end();
    await isResumed();
    await relay.end('SIGINT');
    await virsh('destroy', 'debugged');
    const refused = ours('gdb', 'debugged');
    assert.equal(((await once(refused.child, 'exit')) as [number])[0], exitCode('refused'));
  });
});
