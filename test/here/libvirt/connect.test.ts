import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '../../../src/libvirt/connect.js';
import { type AskLogin, HostUnreachable } from '../../../src/hosts/login.js';
import { AuthenticationFailed, errorCodes, LibvirtError, Unreachable } from '../../../src/libvirt/libvirtError.js';
import { silentLog } from '../../silentLog.js';
import { errorTo, type FakeCall, FakeDaemon, greet, replyTo } from '../../unit/libvirt/fakeDaemon.js';

/** Permissions say nothing to root, so root tries as nobody. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) {
    return act();
  }
  process.seteuid!(65_534);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

describe('a socket that cannot be used', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'sock-'))));
  afterEach(() => rm(directory, { recursive: true }));

  const open = (): Promise<unknown> =>
    openConnection(`qemu+unix:///system?socket=${join(directory, 'sock')}`, { log: silentLog });
  const unreachable =
    (reason: string) =>
    (error: unknown): boolean =>
      error instanceof Unreachable && error.reason === reason && error.path === join(directory, 'sock');

  it('is not there', () => assert.rejects(open(), unreachable('noSocket')));

  it('has nobody behind it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory, 'old'), resolve));
    const { rename } = await import('node:fs/promises');
    await rename(join(directory, 'old'), join(directory, 'sock'));
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(open(), unreachable('refused'));
  });

  it('is no socket', async () => {
    await writeFile(join(directory, 'sock'), '');
    await assert.rejects(open(), unreachable('refused'));
  });

  it('is forbidden', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory, 'sock'), resolve));
    await chmod(join(directory, 'sock'), 0);
    await chmod(directory, 0o755);
    await asOrdinaryUser(() => assert.rejects(open(), unreachable('denied')));
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('opening', () => {
  let daemon: FakeDaemon;
  let answer: (call: FakeCall) => Buffer | 'nothing' | undefined;
  beforeEach(async () => {
    daemon = await FakeDaemon.start((call, socket) => {
      const bytes = answer(call);
      if (bytes === undefined) {
        greet(call, socket);
      } else if (bytes !== 'nothing') {
        socket.write(bytes);
      }
    });
  });
  afterEach(() => daemon.stop());

  const offering = (type: number) => (call: FakeCall) =>
    call.name === 'authList' ? replyTo('authList', call.serial, { types: [type] }) : undefined;

  it('goes through polkit where the daemon wants it', async () => {
    answer = (call) =>
      call.name === 'authPolkit' ? replyTo('authPolkit', call.serial, { complete: 1 }) : offering(2)(call);
    const told: string[] = [];
    const connection = await daemon.connect({
      onLogin: (stage) => told.push(`${stage} after ${daemon.calls.at(-1)?.name ?? ''}`),
    });
    assert.deepEqual(
      daemon.calls.slice(0, 3).map((call) => call.name),
      ['authList', 'authPolkit', 'connectOpen'],
    );
    assert.deepEqual(told, ['asked after authList', 'given after authPolkit']);
    connection.close();
  });

  for (const code of ['VIR_ERR_AUTH_FAILED', 'VIR_ERR_AUTH_CANCELLED', 'VIR_ERR_AUTH_UNAVAILABLE'] as const) {
    it(`fails as authentication when polkit says ${code}`, async () => {
      answer = (call) =>
        call.name === 'authPolkit' ? errorTo('authPolkit', call.serial, errorCodes[code]) : offering(2)(call);
      await assert.rejects(daemon.connect(), (error) => {
        assert.ok(error instanceof AuthenticationFailed && error.mechanism === 'polkit');
        return error.cause instanceof LibvirtError && error.cause.code === errorCodes[code];
      });
    });
  }

  it('can be aborted while polkit asks a person', async () => {
    answer = (call) => (call.name === 'authPolkit' ? 'nothing' : offering(2)(call));
    const abort = new AbortController();
    const opening = daemon.connect({ signal: abort.signal });
    await daemon.next((call) => call.name === 'authPolkit');
    abort.abort(new Error('never mind'));
    await assert.rejects(opening, { message: 'never mind' });
  });

  it('is not tried with a signal that is aborted already', async () => {
    answer = () => undefined;
    await assert.rejects(daemon.connect({ signal: AbortSignal.abort(new Error('late')) }), { message: 'late' });
    assert.equal(daemon.sockets.length, 0);
  });

  describe('where the daemon wants SASL', () => {
    const environment = { LIBVIRT_AUTH_FILE: '/nonexistent/auth.conf' };
    const sasl = (mechlist: string, more: (call: FakeCall) => Buffer | undefined) => (call: FakeCall) =>
      call.name === 'authSaslInit'
        ? replyTo('authSaslInit', call.serial, { mechlist })
        : (more(call) ?? offering(1)(call));
    const answerWith = (name: 'authSaslStart' | 'authSaslStep', call: FakeCall, text: string, complete = 0): Buffer =>
      replyTo(name, call.serial, { complete, nil: 0, data: [...Buffer.from(text)] });
    const sent = (name: string): string[] =>
      daemon.calls.flatMap((call) =>
        call.name === name
          ? [Buffer.from((call.args as { data: number[] }).data.map((byte) => byte & 0xff)).toString('utf8')]
          : [],
      );
    const person =
      (...answers: readonly string[]): AskLogin =>
      ({ kind }) => {
        asked.push(kind);
        return Promise.resolve(answers[asked.length - 1]);
      };
    const asked: string[] = [];
    beforeEach(() => (asked.length = 0));
    const fails = (reason: string) => (error: unknown) => error instanceof HostUnreachable && error.reason === reason;

    it('asks the person who they are, and gives PLAIN where nothing better is offered', async () => {
      answer = sasl('GSSAPI,PLAIN', (call) =>
        call.name === 'authSaslStart' ? answerWith('authSaslStart', call, '', 1) : undefined,
      );
      const told: string[] = [];
      const connection = await daemon.connect({
        environment,
        answers: person('fred', 'päss'),
        onLogin: (stage) => told.push(stage),
      });
      assert.deepEqual(asked, ['userName', 'password']);
      assert.deepEqual(sent('authSaslStart'), ['\0fred\0päss']);
      assert.deepEqual(told, ['asked', 'asked', 'given']);
      connection.close();
    });

    it('says what is wrong with the login', async () => {
      answer = sasl('GSSAPI DIGEST-MD5', () => undefined);
      await assert.rejects(daemon.connect({ environment }), fails('noMechanism'));
      answer = sasl('PLAIN', (call) =>
        call.name === 'authSaslStart'
          ? errorTo('authSaslStart', call.serial, errorCodes.VIR_ERR_AUTH_FAILED)
          : undefined,
      );
      await assert.rejects(daemon.connect({ environment }), fails('noCredentials'));
      await assert.rejects(daemon.connect({ environment, answers: person('fred', 'no') }), fails('badCredentials'));
    });

    it('believes no server that lets in without knowing the password', async () => {
      for (const end of ['v=AAAA', 'e=other-error', '']) {
        asked.length = 0;
        answer = sasl('SCRAM-SHA-256,PLAIN', (call) => {
          if (call.name === 'authSaslStart') {
            const nonce = sent('authSaslStart').at(-1)!.split('r=')[1]!;
            return answerWith('authSaslStart', call, `r=${nonce}more,s=${btoa('salt')},i=4096`);
          }
          return call.name === 'authSaslStep' ? answerWith('authSaslStep', call, end, 1) : undefined;
        });
        await assert.rejects(daemon.connect({ environment, answers: person('fred', 'secret') }), fails('notProven'));
      }
    });
  });

  it('fails with what libvirt says of the hypervisor', async () => {
    answer = (call) =>
      call.name === 'connectOpen' ? errorTo('connectOpen', call.serial, errorCodes.VIR_ERR_INTERNAL_ERROR) : undefined;
    await assert.rejects(daemon.connect(), (error) => error instanceof LibvirtError && error.code === 1);
  });

  it('asks for reading only when told so', async () => {
    answer = () => undefined;
    const connection = await daemon.connect({ readOnly: true });
    assert.equal(connection.readOnly, true);
    assert.deepEqual(daemon.calls[1]?.args, { name: 'test:///default', flags: 1 });
    connection.close();
  });

  it('does without a close callback where the driver has none', async () => {
    answer = (call) =>
      call.name === 'connectRegisterCloseCallback'
        ? errorTo('connectRegisterCloseCallback', call.serial, errorCodes.VIR_ERR_NO_SUPPORT)
        : undefined;
    (await daemon.connect()).close();
  });
});

describe("the user's own daemon", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'home-'));
    await chmod(home, 0o777);
  });
  afterEach(() => rm(home, { recursive: true }));

  /** A program that listens where a session daemon would, says how it was started, and leaves. */
  async function standIn(listens: boolean): Promise<string> {
    const path = join(home, 'libvirtd');
    const program = `#!${process.execPath}
      const { mkdirSync, writeFileSync } = require('node:fs');
      const directory = process.env.XDG_RUNTIME_DIR + '/libvirt';
      mkdirSync(directory, { recursive: true });
      writeFileSync(directory + '/started', process.argv.slice(2).join(' '));
      const server = require('node:net').createServer((socket) => { server.close(); socket.destroy(); });
      if (${listens}) server.listen(directory + '/libvirt-sock');`;
    await writeFile(path, program, { mode: 0o755 });
    return path;
  }

  const open = (environment: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<unknown> =>
    openConnection('qemu:///session', {
      log: silentLog,
      signal,
      environment: { HOME: home, XDG_RUNTIME_DIR: home, ...environment },
    });

  it('is started when nobody listens, with the time limit that libvirt gives it', async () => {
    const path = await standIn(true);
    await asOrdinaryUser(() => assert.rejects(open({ LIBVIRTD_PATH: path }), { reason: 'ended' }));
    assert.equal(await readFile(join(home, 'libvirt/started'), 'utf8'), '--timeout=120');
  });

  it('is not started against LIBVIRT_AUTOSTART=0', async () => {
    const path = await standIn(true);
    const environment = { LIBVIRTD_PATH: path, LIBVIRT_AUTOSTART: '0' };
    await asOrdinaryUser(() => assert.rejects(open(environment), { reason: 'noSocket' }));
    await assert.rejects(readFile(join(home, 'libvirt/started')), { code: 'ENOENT' });
  });

  it('that cannot be started is named as the cause', async () => {
    const missing = join(home, 'not-there');
    await asOrdinaryUser(() =>
      assert.rejects(open({ LIBVIRTD_PATH: missing }), (error) => {
        assert.ok(error instanceof Unreachable && error.reason === 'noSocket');
        return (error.cause as NodeJS.ErrnoException).code === 'ENOENT';
      }),
    );
  });

  it('is waited for no longer than the signal allows', async () => {
    const path = await standIn(false);
    const abort = new AbortController();
    const opening = asOrdinaryUser(() => open({ LIBVIRTD_PATH: path }, abort.signal));
    setImmediate(() => abort.abort(new Error('enough')));
    await assert.rejects(opening);
  });
});
