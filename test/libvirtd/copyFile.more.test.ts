// Files into a real guest and out of it: byte by byte the same, under their names only when they are whole, and no
// handle is left.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { Failure } from '../../src/domain/failure.js';
import { leftOf } from '../../src/text/guests/copyFailure.js';
import { Session } from '../../src/session/session.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { defineDeafGuest } from './hypervisorRig.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const size = 3_000_001;
const never = new AbortController().signal;

interface AgentInfo {
  readonly return: { readonly supported_commands: readonly { readonly name: string; readonly enabled: boolean }[] };
}

describe('files of a guest', () => {
  let rig: LiveRig;
  let guest: Guest;
  let program: string;
  let session: Session;
  let environment: NodeJS.ProcessEnv;
  let folder: string;

  const inGuest = async (script: string): Promise<string> => {
    const { stdout, stderr, code } = await guest.run('sh', ['-c', script]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const run = (...words: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram(process.execPath, [program, ...words], { env: environment });
  const is = ({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>, exit: ExitName): void =>
    assert.equal(code, exitCode(exit), `${stdout}${stderr}`);
  /** The files that the agent holds open, beside its own. */
  const held = (): Promise<string> => inGuest('ls -l /proc/$(pidof qemu-ga)/fd | grep -c "/tmp/" || true');
  const names = (): Promise<string> => inGuest('ls -A /tmp');
  const stopped = async (work: Promise<unknown>): Promise<Failure> => {
    const error = await work.then(
      () => assert.fail('it was copied'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Failure, String(error));
    return error;
  };
  const factsOf = ({ details }: Failure): Readonly<Record<string, unknown>> => ({ ...details.reason?.facts });
  const copy = async (
    to: 'guest' | 'host',
    hostPath: string,
    guestPath: string,
    more: { readonly overwrite?: boolean; readonly signal?: AbortSignal; readonly onProgress?: () => void } = {},
  ): Promise<{ readonly path: string; readonly bytes: number }> => {
    const { overwrite = false, signal = never, onProgress } = more;
    const view = await session.vm('files');
    await session.engine.refresh({ vm: view.ref });
    const asked = { signal, ...(onProgress && { onProgress }) };
    return session.copyFile(session.view(view), { to, hostPath, guestPath, overwrite }, asked);
  };
  /** Ended, it is started again by the guest, and reads what it may not. */
  const agentThatMayNot = async (...commands: readonly string[]): Promise<void> => {
    const keys = ['blacklist', 'block-rpcs'].map((key) => `${key}=${commands.join(',')}`);
    const write = `mkdir -p /etc/qemu && printf '[general]\\n${keys.join('\\n')}\\n' > /etc/qemu/qemu-ga.conf`;
    // Not at once: it has to answer yet.
    await inGuest(`${write}; (sleep 1; kill $(pidof qemu-ga)) >/dev/null 2>&1 </dev/null &`);
    for (;;) {
      const ask = ['qemu-agent-command', 'files', '{"execute":"guest-info"}', '--timeout', '5'];
      const { code, stdout } = await rig.daemon.virsh(ask);
      const known = code === 0 ? (JSON.parse(stdout) as AgentInfo).return.supported_commands : [];
      if (commands.every((name) => known.some((one) => one.name === name && !one.enabled))) {
        return;
      }
    }
  };

  before(async () => {
    rig = await startLiveRig();
    folder = join(rig.daemon.dir, 'here');
    mkdirSync(folder, { recursive: true });
    const state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    guest = await rig.guest({ name: 'files' });
    session = await Session.open({ connections: [rig.uri], environment, log: silentLog, shell: 'test' });
  });
  after(async () => {
    await session.close();
    await rig.stop();
  });

  it('are not copied while the VM is off', async () => {
    writeFileSync(join(folder, 'small'), 'small');
    assert.equal((await stopped(copy('guest', join(folder, 'small'), '/tmp/'))).reason, 'notRunning');
    is(await run('copy', join(folder, 'small'), 'files:/tmp/'), 'refused');
    await guest.start();
  });

  it('arrive as they were, with their mode, and come back', async () => {
    const bytes = randomBytes(size);
    const source = join(folder, 'in.bin');
    writeFileSync(source, bytes, { mode: 0o750 });
    const ran = await run('copy', '--json', source, 'files:/tmp');
    is(ran, 'done');
    const answer = JSON.parse(ran.stdout) as { readonly copied: object };
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(answer.copied, { to: 'guest', path: '/tmp/in.bin', bytes: size });
    const sum = createHash('md5').update(bytes).digest('hex');
    assert.equal(await inGuest('md5sum < /tmp/in.bin'), `${sum}  -`);
    assert.match(await inGuest('ls -l /tmp/in.bin'), /^-rwxr-x---/u);

    const back = await run('copy', 'files:/tmp/in.bin', `${folder}/out.bin`);
    is(back, 'done');
    assert.match(back.stdout, /^Copied 2\.9 MB to .*out\.bin\.$/mu);
    assert.ok(readFileSync(join(folder, 'out.bin')).equals(bytes));
    assert.deepEqual([await names(), await held()], ['in.bin', '0']);
  });

  it('that are there are replaced only where that was said, and keep whose they are', async () => {
    const source = join(folder, 'new');
    writeFileSync(source, 'new', { mode: 0o600 });
    await inGuest('echo old > /tmp/there; chmod 644 /tmp/there; ln -s /tmp/there /tmp/link');
    assert.equal((await stopped(copy('guest', source, '/tmp/there'))).reason, 'exists');
    assert.equal(await inGuest('cat /tmp/there'), 'old');
    is(await run('copy', '--force', source, 'files:/tmp/link'), 'done');
    assert.equal(await inGuest('cat /tmp/there'), 'new');
    assert.match(await inGuest('ls -l /tmp/there; ls -l /tmp/link'), /^-rw-r--r--[^]*^l/mu);

    writeFileSync(join(folder, 'kept'), 'kept');
    assert.equal((await stopped(copy('host', join(folder, 'kept'), '/tmp/there'))).kind, 'exists');
    assert.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'kept');
    assert.equal((await copy('host', join(folder, 'kept'), '/tmp/there', { overwrite: true })).bytes, 3);
    assert.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'new');
    await inGuest('rm /tmp/there /tmp/link');
  });

  it('that tell no size are read to their end, and no further than that may be', async () => {
    assert.ok((await copy('host', join(folder, 'cpu'), '/proc/cpuinfo')).bytes > 100);
    assert.match(readFileSync(join(folder, 'cpu'), 'utf8'), /^processor/u);
    assert.equal((await stopped(copy('host', join(folder, 'zero'), '/dev/zero'))).reason, 'endless');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('zero')),
      [],
    );
  });

  it('are refused with what is wrong: none, a folder, no space', async () => {
    const none = await stopped(copy('host', join(folder, 'none'), '/tmp/none'));
    assert.deepEqual([none.reason, factsOf(none)['at']], ['missing', 'guest']);
    is(await run('copy', 'files:/tmp/none', folder), 'notFound');
    assert.equal((await stopped(copy('host', join(folder, 'etc'), '/tmp'))).kind, 'invalid');
    assert.equal((await stopped(copy('guest', folder, '/tmp/'))).kind, 'invalid');
    assert.equal((await stopped(copy('guest', join(folder, 'nowhere'), '/tmp/'))).kind, 'notFound');
    assert.equal((await stopped(copy('guest', join(folder, 'small'), '/nowhere/small'))).kind, 'notFound');
    await inGuest('mkdir /tmp/tiny && mount -t tmpfs -o size=1m none /tmp/tiny');
    const full = await stopped(copy('guest', join(folder, 'in.bin'), '/tmp/tiny/'));
    assert.deepEqual([full.kind, leftOf(full)], ['noSpace', undefined]);
    assert.equal(await inGuest('ls -A /tmp/tiny; umount /tmp/tiny; rmdir /tmp/tiny'), '');
    assert.equal(await held(), '0');
  });

  for (const to of ['guest', 'host'] as const) {
    it(`leave nothing in the ${to} when they are cancelled, no part and no open handle`, async () => {
      const before = [await names(), readdirSync(folder).sort()];
      const controller = new AbortController();
      const hostPath = join(folder, to === 'guest' ? 'in.bin' : 'cancelled');
      const guestPath = to === 'guest' ? '/tmp/cancelled' : '/tmp/in.bin';
      let count = 0;
      const onProgress = (): void => {
        count += 1;
        controller.abort();
      };
      const error = await stopped(copy(to, hostPath, guestPath, { signal: controller.signal, onProgress }));
      assert.deepEqual([error.reason, leftOf(error), count], ['cancelled', undefined, 1]);
      assert.deepEqual([await names(), readdirSync(folder).sort()], before);
      assert.equal(await held(), '0');
    });
  }

  it('are written in place where the agent runs no programs, and a part is told of', async () => {
    await agentThatMayNot('guest-exec');
    const { path } = await copy('guest', join(folder, 'small'), '/tmp/');
    assert.equal(path, '/tmp/small');
    assert.equal((await stopped(copy('guest', join(folder, 'small'), '/tmp/small'))).kind, 'exists');
    const controller = new AbortController();
    const error = await stopped(
      copy('guest', join(folder, 'in.bin'), '/tmp/half', {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      }),
    );
    assert.deepEqual(leftOf(error), { path: '/tmp/half', is: 'inPlace' });
    await copy('host', join(folder, 'small.back'), '/tmp/small');
    assert.equal(readFileSync(join(folder, 'small.back'), 'utf8'), 'small');
    assert.ok(statSync(join(folder, 'small.back')).isFile());
  });

  it('are refused with the commands that are blocked, and where there is no agent', async () => {
    await rig.virsh('destroy', 'files');
    await guest.start();
    await agentThatMayNot('guest-file-open', 'guest-file-write');
    const blocked = await stopped(copy('guest', join(folder, 'small'), '/tmp/'));
    assert.deepEqual(
      [blocked.reason, factsOf(blocked)['commands']],
      ['blocked', ['guest-file-open', 'guest-file-write']],
    );
    is(await run('copy', join(folder, 'small'), 'files:/tmp/'), 'refused');
    const deaf = await defineDeafGuest(rig.daemon, 'deaf');
    await rig.virsh('start', deaf);
    const told = await run('copy', join(folder, 'small'), 'deaf:/tmp/');
    is(told, 'refused');
    assert.match(told.stderr, /guest agent of deaf/u);
    await rig.virsh('destroy', deaf);
  });
});
