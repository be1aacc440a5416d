// A libvirt on another host, by the real ssh at a real sshd.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { AskLogin, LoginAnswers } from '../../src/hosts/login.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import { failureText } from '../../src/text/failures/failureText.js';
import { silentLog } from '../silentLog.js';
import type { VmRef } from '../../src/domain/vm.js';
import { requireVmByName } from '../../src/engine/findTargets.js';
import { shownInPlaceOf } from '../../src/live/sameDaemon.js';
import type { ConnectionView } from '../../src/live/views.js';
import { type Daemon, type LiveRig, startLiveRig } from './engineRig.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const host = 'far-host';
const noisy = `ForceCommand echo "Welcome to ${host}"; echo 'Motd' >&2; eval "$SSH_ORIGINAL_COMMAND"`;

describe('a libvirt behind ssh', () => {
  let daemon: Daemon;
  let far: SshHost;
  const opened: Hypervisor[] = [];

  const open = async (uri: string, answers: LoginAnswers = 'nobody', signal?: AbortSignal): Promise<Hypervisor> => {
    const environment = { ...daemon.env, PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
    const connect = libvirtHypervisor(silentLog, environment, { answers });
    const hypervisor = await connect(uri, signal ?? new AbortController().signal);
    opened.push(hypervisor);
    return hypervisor;
  };
  const refused = async (opening: Promise<Hypervisor>): Promise<Failure> => {
    const failure: unknown = await opening.then(
      () => assert.fail('it was opened'),
      (error: unknown) => error,
    );
    assert.ok(failure instanceof Failure, String(failure));
    return failure;
  };
  const why = async (opening: Promise<Hypervisor>): Promise<string> => {
    const failure = await refused(opening);
    return `${failure.details.login?.why}: ${failureText(failure).sentence}`;
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    far = await makeSshHost(daemon, host);
    const file = join(daemon.dir, 'web.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await defineDiskVm(daemon, 'web', [{ file, format: 'qcow2' }]);
  });
  afterEach(async () => {
    opened.splice(0).forEach((hypervisor) => hypervisor.close());
    await far.logOut();
    await far.configure();
    await far.configureServer();
    await far.know('host_key');
  });
  after(() => daemon.stop());

  for (const [way, ...parameters] of [
    ['the helper'],
    ['nc', 'proxy=netcat'],
    ['nc to a socket of another name', 'socket=/run/libvirt/libvirt-sock'],
  ] as const) {
    it(`is reached by ${way}`, async () => {
      const [vm] = await (await open(far.uri(...parameters))).listVms();
      assert.equal(vm?.name, 'web');
    });
  }

  it('is asked for one login by all connections to it', async () => {
    const before = await far.logins();
    await open(far.uri());
    await open(far.uri());
    assert.equal((await far.logins()) - before, 1);
  });

  it('uses a login that the user shares already', async () => {
    const path = `${daemon.dir}/own-%C`;
    await far.configure('ControlMaster auto', `ControlPath ${path}`, 'ControlPersist 60');
    await runOk(far.at('client'), [host, 'true']);
    const before = await far.logins();
    await open(far.uri());
    assert.equal((await far.logins()) - before, 0);
    await runOk(far.at('client'), ['-O', 'exit', host]);
  });

  it('is reached beside a shared login that was stopped, ours and the user’s', async () => {
    await open(far.uri());
    const stopped: number[] = [];
    const stop = async (...options: readonly string[]): Promise<void> => {
      const { stderr } = await run(far.at('client'), ['-O', 'check', ...options, host]);
      const pid = Number(/pid=(\d+)/u.exec(stderr)?.[1]);
      process.kill(pid, 'SIGSTOP');
      stopped.push(pid);
    };
    try {
      await stop('-o', `ControlPath=${join(daemon.dir, 'virt-rewind', '%C')}`);
      const before = await far.logins();
      assert.equal((await (await open(far.uri())).listVms()).length, 1);
      assert.equal((await far.logins()) - before, 1);
      await far.configure('ControlMaster auto', `ControlPath ${daemon.dir}/own-%C`, 'ControlPersist 60');
      await runOk(far.at('client'), [host, 'true']);
      await stop();
      assert.equal((await (await open(far.uri())).listVms()).length, 1);
    } finally {
      stopped.forEach((pid) => process.kill(pid, 'SIGKILL'));
    }
  });

  it('is not in the way of what a configuration wants for terminals, nor of what a shell prints', async () => {
    await far.configure('RequestTTY force', 'RemoteCommand top', 'LocalForward 127.0.0.1:1 127.0.0.1:1');
    await far.configureServer(`Banner ${far.at('sshd_config')}`, noisy);
    assert.equal((await (await open(far.uri())).listVms()).length, 1);
  });

  describe('asks the person', () => {
    const asked: string[] = [];
    const answering =
      (...answers: readonly (string | undefined)[]): AskLogin =>
      async ({ kind, text }) => {
        asked.push(`${kind}: ${text}`);
        return Promise.resolve(answers[asked.length - 1]);
      };
    beforeEach(() => (asked.length = 0));

    it('for the passphrase of a key', async () => {
      await far.identify('key');
      await open(far.uri(), answering('wrong', 'open sesame'));
      assert.equal(asked.length, 2);
      assert.match(asked[0]!, /^secret: Enter passphrase for key/u);
    });

    it('whether a new host is trusted, once', async () => {
      await far.know();
      await open(far.uri(), answering('yes'));
      assert.match(asked[0]!, /^confirm: The authenticity of host .*fingerprint is SHA256:/su);
      await far.logOut();
      await open(far.uri(), answering());
      assert.equal(asked.length, 1);
    });

    it('and takes no for an answer', async () => {
      await far.know();
      assert.match(await why(open(far.uri(), answering('no'))), /^refused: .*Host key verification failed/u);
    });

    it('until nobody waits any more', async () => {
      await far.know();
      const cancelled = new AbortController();
      const ended: Promise<unknown>[] = [];
      const opening = open(
        far.uri(),
        async (_question, signal) => {
          ended.push(once(signal, 'abort'));
          cancelled.abort(new Failure('cancelled'));
          await ended[0];
          return undefined;
        },
        cancelled.signal,
      );
      assert.equal((await refused(opening)).kind, 'cancelled');
      await ended[0];
    });
  });

  describe('says why there is no way', () => {
    it('to a host whose key has changed, in ssh’s own words', async () => {
      await far.know('other_host_key');
      const said = await why(open(far.uri(), () => assert.fail('it is not asked')));
      assert.match(said, /^refused: .*REMOTE HOST IDENTIFICATION HAS CHANGED/u);
    });

    it('with a key that the host does not know', async () => {
      await copyFile(far.at('other_host_key'), far.at('unknown_key'));
      await far.identify('unknown_key');
      assert.match(await why(open(far.uri())), /^refused: .*Permission denied \(publickey\)/u);
    });

    it('without a helper and nc on the host', async () => {
      await mkdir(far.at('bin'));
      for (const program of ['sh', 'stat']) {
        await symlink((await findProgram(program))!, far.at(`bin/${program}`));
      }
      await far.configureServer(`SetEnv PATH=${far.at('bin')}`);
      assert.match(await why(open(far.uri())), /^noRelay: /u);
    });

    it('to a socket that is not there', async () => {
      assert.match(await why(open(far.uri('socket=/run/nobody'))), /^noLibvirt: /u);
    });

    it('to a host that nobody answers for', async () => {
      await far.configure('ProxyCommand false');
      assert.match(await why(open(far.uri())), /^noAnswer: .*Connection closed/u);
    });

    it('without a client', async () => {
      assert.match(await why(open(`qemu+ssh://${host}/system?command=/nonexistent`)), /^noProgram: /u);
    });
  });

  describe('beside the libvirt of this computer', () => {
    let here: LiveRig;
    let farUri: string;
    const farView = (): ConnectionView => here.engine.connections.find(({ uri }) => uri === farUri)!;
    const isSilent = (): boolean => farView().lastSeenAt !== undefined;
    const isBack = (): boolean => farView().state === 'connected' && !isSilent();

    before(async () => {
      farUri = far.uri();
      const environment = { ...daemon.env, PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
      here = await startLiveRig(environment);
      await here.guest({ name: 'near' });
      here.engine.setConnections([here.uri, { uri: farUri, name: 'far' }]);
      here.engine.setAttention({ visible: true, connections: new Set([here.uri, farUri]), vms: new Set() });
      await here.until(() => isBack() && farView().loaded && here.vm('near') !== undefined);
    });
    after(() => here.stop());
    afterEach(() => daemon.unhangDaemon());

    it('falls silent while VMs are listed, and slows nobody', async () => {
      await daemon.hangDaemon();
      await here.until(isSilent);
      await here.engine.refresh({ connection: here.uri });
      assert.equal((await requireVmByName(here.engine, 'near')).vm.name, 'near');
      await daemon.unhangDaemon();
      await here.until(isBack);
    });

    it('is given up in the middle of an operation, says when it is tried again, and comes back by itself', async () => {
      const [web] = farView().vms;
      await daemon.hangDaemon();
      const ended = here.engine
        .runOperation({ kind: 'create', vm: web!.ref, snapshotKind: 'auto', title: 'first' })
        .then(
          () => assert.fail('it was done'),
          (error: unknown) => error,
        );
      await here.until(() => farView().nextTryAt !== undefined);
      const failure = await ended;
      assert.ok(failure instanceof Failure);
      assert.ok(['lost', 'unreachable'].includes(failure.kind), failure.kind);
      await here.engine.refresh({ connection: here.uri });
      await daemon.unhangDaemon();
      await here.until(isBack);
      const { snapshots } = await here.engine.readTree(web!.ref);
      assert.ok(snapshots.length <= 1);
      await here.engine.runOperation({ kind: 'create', vm: web!.ref, snapshotKind: 'auto', title: 'second' });
    });

    it('has the same VMs as its own libvirt under another name, and one lock for them', async () => {
      here.engine.setConnections([
        { uri: daemon.uri, name: 'straight' },
        { uri: farUri, name: 'far' },
      ]);
      here.engine.setAttention({ visible: true, connections: new Set([daemon.uri, farUri]), vms: new Set() });
      const straight = await here.engine.connect(daemon.uri);
      await here.engine.connect(farUri);
      const same = shownInPlaceOf(farView(), here.engine.connections);
      assert.equal(same?.name, 'straight');
      const waits: string[] = [];
      const create = (vm: VmRef, title: string): Promise<unknown> =>
        here.engine.runOperation(
          { kind: 'create', vm, snapshotKind: 'auto', title },
          { onWait: (forWhat) => waits.push('title' in forWhat ? forWhat.title : forWhat.kind) },
        );
      await Promise.all([create(straight.vms[0]!.ref, 'one'), create(farView().vms[0]!.ref, 'two')]);
      assert.deepEqual(waits, ['one']);
      assert.equal((await requireVmByName(here.engine, 'web')).ref.connection, daemon.uri);
    });
  });

  it('tells that the connection ended with the host', async () => {
    const hypervisor = await open(far.uri());
    const closed = new Promise<Failure>((resolve) => hypervisor.onDidClose(resolve));
    await far.logOut();
    assert.equal((await closed).kind, 'lost');
  });
});
