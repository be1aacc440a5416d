// A lab whose programs are run over ssh, by the real ssh at a real sshd: the "guest" is this computer, in the place of
// the VM's address. Each connection has a server of its own, so that none listens and nothing of the machine's is
// changed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import { isOfWing } from '../../src/domain/failure.js';
import { failureText } from '../../src/text/failures/failureText.js';
import { Labs } from '../../src/lab/labs.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { Session } from '../../src/session/session.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './engineRig.js';
import { openSystems, type SystemsHere } from './systemRig.js';

const never = new AbortController().signal;
const { username: user } = userInfo();
/** To which the lab returns when a step fails or is cancelled; what it leaves is kept for an undo. */
const beforeFirstStep = 'Before-the-first-step';
const reverted = ['Before-revert', beforeFirstStep];
const odd = [
  '-n',
  '',
  'a  b',
  `it's`,
  '"',
  '$HOME `id` $(id)',
  '\\',
  '\\n',
  '*',
  '~',
  ';&|<>()',
  'ä☃',
  'x\ny\t',
  '%h',
  '#',
];

describe('a lab with programs over ssh', () => {
  let daemon: Daemon;
  let here: SystemsHere;
  let labs: Labs;
  let server: Server;
  let port: number;
  let agent: number;
  let uuid: string;
  let dir: string;
  let file: string;
  const at = (name: string): string => join(dir, name);

  const create = async (commands: readonly (readonly string[])[], signal = never): Promise<void> => {
    const run = commands.map((command) => ({ vm: 'web', ssh: user, port, command }));
    // What is JSON is YAML too.
    await writeFile(
      file,
      JSON.stringify({
        version: 1,
        name: 'shop',
        vms: { web: { existing: 'web' } },
        points: [{ title: 'clean', run }],
      }),
    );
    const plan = await labs.plan(file);
    assert.ok(plan !== 'ready');
    await labs.create(plan, { signal, onStep: () => undefined });
  };
  const snapshots = async (): Promise<readonly string[]> => {
    const { code, stdout, stderr } = await daemon.virsh(['snapshot-list', 'web', '--name']);
    assert.equal(code, 0, stderr);
    return stdout.trim().split(/\s+/u).filter(Boolean);
  };
  /** Without the time of day in them. */
  const titles = async (): Promise<readonly string[]> =>
    (await snapshots()).map((name) => name.replace(/-\d\d-\d\d.*/u, ''));
  const failed = (error: unknown, said: RegExp): boolean => {
    assert.ok(isOfWing(error, 'lab'), String(error));
    assert.equal(error.kind, 'failed');
    assert.match(failureText(error).sentence, said);
    return true;
  };
  /** Those of ours that still run. */
  const clients = (): readonly string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/u.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`HostKeyAlias=${uuid}`);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });

  before(async () => {
    const [ssh, sshd] = [await findProgram('ssh'), await findProgram('sshd')];
    assert.ok(ssh !== undefined && sshd !== undefined, '"npm run test:deep -- lab ssh" installs what it needs');
    daemon = await startPrivateDaemon();
    dir = join(daemon.dir, 'ssh');
    await mkdir(at('bin'), { recursive: true });
    for (const name of ['host_key', 'other_host_key', 'key']) {
      await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    }
    await writeFile(at('authorized_keys'), await readFile(at('key.pub')), { mode: 0o600 });
    await writeFile(
      at('sshd_config'),
      [
        `HostKey ${at('host_key')}`,
        `AuthorizedKeysFile ${at('authorized_keys')}`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
        'PidFile none',
      ].join('\n'),
    );
    // All of it would lend something to the guest, or lead away from the program.
    await writeFile(
      at('config'),
      [
        'ForwardAgent yes',
        'PermitLocalCommand yes',
        `LocalCommand touch ${at('local')}`,
        'RemoteCommand false',
        'RequestTTY force',
        `LocalForward ${at('forward')} ${at('none')}`,
        'ControlMaster auto',
        `ControlPath ${at('control')}`,
        'ControlPersist 1',
        `UserKnownHostsFile ${at('theirs')}`,
        'StrictHostKeyChecking yes',
      ].join('\n'),
    );
    await writeFile(at('bin/ssh'), `#!/bin/sh\nexec '${ssh}' -F '${at('config')}' "$@"\n`, { mode: 0o755 });
    const environment = {
      ...daemon.env,
      PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`,
      SSH_AUTH_SOCK: at('agent'),
    };
    agent = Number(/SSH_AGENT_PID=(\d+)/u.exec(await runOk('ssh-agent', ['-s', '-a', at('agent')]))?.[1]);
    await runOk('ssh-add', ['-q', at('key')], { env: environment });

    // As root it wants a folder in /run: there in a mount namespace of its own.
    const inNamespace = [
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$@"',
      'sh',
    ];
    const [program, ...first] = process.getuid?.() === 0 ? ['unshare', ...inNamespace, sshd] : [sshd];
    server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined);
      const child = spawn(program, [...first, '-i', '-e', '-f', at('sshd_config')], {
        stdio: [socket, socket, 'ignore'],
      });
      child.once('spawn', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);

    await OracleVm.define(daemon, { name: 'web', disks: ['qcow2'], diskMiB: 4 });
    const journal = join(daemon.dir, 'a journal');
    await mkdir(journal);
    here = await openSystems(daemon.uri, journal, daemon.env);
    uuid = here.engine.findVms('web', daemon.uri)[0]?.ref.uuid ?? '';
    here.engine.guests.addressesOf = () => Promise.resolve([{ address: '127.0.0.1', from: 'lease' }]);
    const session = Session.within(
      here.engine,
      parseSettings(() => undefined),
      journal,
      { systems: () => Promise.resolve(here.systems) },
    );
    labs = new Labs({ session, log: silentLog, shell: 'test', environment });
    file = join(daemon.dir, 'virt-rewind.yaml');
  });
  after(async () => {
    process.kill(agent);
    server.close();
    here.dispose();
    await daemon.stop();
  });
  const destroy = async (): Promise<void> => {
    const record = await labs.planDestroy(file);
    if (record !== undefined) {
      await labs.destroy(record, { signal: never, onStep: () => undefined });
    }
    // They are of the VM, which was there before the lab.
    for (const name of await snapshots()) {
      assert.match(name, /^Before-revert-/u);
      const { code, stderr } = await daemon.virsh(['snapshot-delete', 'web', name]);
      assert.equal(code, 0, stderr);
    }
  };
  afterEach(destroy);

  it('runs them as they are written, lends nothing, and makes the restore point', async () => {
    await create([
      ['sh', '-c', 'printf "%s\\0" "$@" >"$0"', at('words'), ...odd],
      ['sh', '-c', 'echo "$SSH_AUTH_SOCK$DISPLAY" >"$0"; if test -t 0 || test -t 1; then exit 1; fi', at('lent')],
    ]);
    assert.deepEqual((await readFile(at('words'), 'utf8')).split('\0').slice(0, -1), odd);
    assert.equal(await readFile(at('lent'), 'utf8'), '\n');
    assert.deepEqual(
      ['local', 'forward', 'control', 'theirs'].filter((name) => existsSync(at(name))),
      [],
    );
    assert.deepEqual(await titles(), [beforeFirstStep, 'clean']);
    const known = await readFile(
      join(daemon.dir, 'a journal/labs', (await labs.find(file))?.id ?? '', 'known_hosts'),
      'utf8',
    );
    assert.ok(known.startsWith(`${uuid} ssh-ed25519 `) || known.startsWith('|1|'), known);
  });

  it('makes none where one fails, and says what it said', async () => {
    await assert.rejects(
      create([['true'], ['sh', '-c', 'echo "no such table" >&2; exit 3'], ['touch', at('after')]]),
      (error) => failed(error, / 3\b.*no such table/u),
    );
    assert.ok(!existsSync(at('after')));
    assert.deepEqual(await titles(), reverted);
  });

  it('gives nothing to a server that has become another', async () => {
    const become = ['cp', at('other_host_key'), at('host_key')];
    await assert.rejects(create([become, ['touch', at('other')]]), (error) => failed(error, / 255\b/u));
    assert.ok(!existsSync(at('other')));
    // The lab that is made next begins with no key.
    await destroy();
    await create([['touch', at('other')]]);
    assert.ok(existsSync(at('other')));
  });

  it('ends ssh when it is cancelled', async () => {
    await runOk('mkfifo', [at('fifo')]);
    await writeFile(at('stays'), '');
    const stop = new AbortController();
    // Nobody tells it that ssh is gone: it ends with its file.
    const making = create(
      [['sh', '-c', 'echo there >"$0"; while test -e "$1"; do sleep 0.1; done', at('fifo'), at('stays')]],
      stop.signal,
    );
    try {
      await Promise.race([readFile(at('fifo')), making]);
      assert.equal(clients().length, 1);
      stop.abort();
      await assert.rejects(making, (error) => error instanceof Failure && error.kind === 'cancelled');
      assert.deepEqual(clients(), []);
      assert.deepEqual(await titles(), reverted);
    } finally {
      await rm(at('stays'));
    }
  });
});
