// Backups on servers: by sftp with the real ssh, by REST, and what is said where the server or the login is wrong.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findProgram } from '../../scripts/rig/run.mjs';
import { faultsOf } from '../answerFaults.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';
import { makeSshHost, type SshHost } from './sshRig.js';

interface Server {
  /** What `--to` is told. */
  readonly target: string;
  /** Its folder on this computer. */
  readonly folder: string;
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

describe('backups on servers', () => {
  let host: CopiesHost;
  let dir = '';
  let ssh: SshHost;
  let sftp: Server;
  let rest: Server;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    ssh = await makeSshHost(host.rig.daemon);
    symlinkSync(ssh.at('client'), join(host.programs, 'ssh'));
    await ssh.configureServer('Subsystem sftp internal-sftp');
    await ssh.configure('HostName 127.0.0.1', 'ProxyCommand none');
    sftp = await sftpServer();
    rest = await restServer();
    await sftp.start();
    await rest.start();
    const random = join(dir, 'random');
    await runTool('sh', '-c', `head -c 16M /dev/urandom > ${random}`);
    const image = join(dir, 'web.img');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', random, image);
    await defineDiskVm(host.rig, 'web', [{ file: image, format: 'qcow2' }]);
    await host.run('done', 'checkpoint', 'web', 'first', '--style', 'external');
    mkdirSync(join(dir, 'images'));
  });
  after(async () => {
    await sftp.kill();
    await rest.kill();
    await host.rig.stop();
  });
  afterEach(() => {
    host.unwrap('restic');
  });

  /** In processes of its own, all of which end with it. */
  function server(port: number, command: string): Pick<Server, 'start' | 'kill'> {
    let child: ChildProcess | undefined;
    return {
      start: async () => {
        const words = ['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', 'sh', '-c', `exec ${command}`];
        child = spawn('unshare', words, { stdio: 'ignore' });
        while (!(await answers(port))) {
          assert.equal(child.exitCode, null, command);
        }
      },
      kill: async () => {
        if (child?.exitCode === null && child.signalCode === null) {
          const ended = once(child, 'close');
          child.kill('SIGKILL');
          await ended;
        }
      },
    };
  }

  async function sftpServer(): Promise<Server> {
    const port = await freePort();
    const folder = join(dir, 'by-sftp');
    const sshd = (await findProgram('sshd')) ?? '';
    mkdirSync('/run/sshd', { recursive: true });
    const words = `-D -f '${ssh.at('sshd_config')}' -E '${ssh.at('sshd.log')}' -p ${port} -o ListenAddress=127.0.0.1`;
    return { target: `sftp://root@far-host:${port}/${folder}`, folder, ...server(port, `${sshd} ${words}`) };
  }

  async function restServer(): Promise<Server> {
    const port = await freePort();
    const folder = join(dir, 'by-rest');
    const login = '--user somebody --pass secret';
    return {
      target: `rest:http://somebody:secret@127.0.0.1:${port}/`,
      folder,
      ...server(port, `rclone serve restic '${folder}' --addr 127.0.0.1:${port} ${login}`),
    };
  }

  it('have as many connections as backups to the server measured to be fast', async () => {
    const random = join(dir, 'random');
    await runTool('sh', '-c', `head -c 170M /dev/urandom > ${random}`);
    const image = join(dir, 'large.img');
    await runTool('qemu-img', 'convert', '-O', 'qcow2', random, image);
    await defineDiskVm(host.rig, 'large', [{ file: image, format: 'qcow2' }]);
    const calls = join(dir, 'calls');
    host.wrap('restic', `if [ "$1" = backup ]; then echo "$@" >> '${calls}'; fi`);
    const target = `${sftp.target}-large`;
    await host.run('done', 'backup', 'large', '--to', target, '--create');
    const [first] = readFileSync(calls, 'utf8').split('\n');
    assert.doesNotMatch(first ?? '', /connections=/u);
    const answer = await host.json<{
      readonly connections: { readonly next: number; readonly measured: readonly { readonly connections: number }[] };
    }>('backups', '--from', target);
    assert.deepEqual(faultsOf(answer), []);
    const { next, measured } = answer.connections;
    assert.deepEqual([next, measured.map(({ connections }) => connections)], [10, [5]]);
    await host.run('done', 'backup', 'web', '--to', target);
    assert.match(readFileSync(calls, 'utf8'), /--option=sftp\.connections=10/u);
  });

  const list = async ({ target }: Server): Promise<readonly ListedBackup[]> =>
    (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', target)).backups;

  async function bringsBack(one: Server, name: string): Promise<void> {
    await host.run('done', 'backup', 'web', '--to', one.target, '--create');
    const [backup] = await list(one);
    const folder = join(dir, 'images');
    await host.run('done', 'restore', backup!.id, '--from', one.target, '--folder', folder, '--as', name);
    for (const snapshot of ['first', undefined]) {
      const files = [await contentFile(host, 'web', snapshot), await contentFile(host, name, snapshot)];
      await runTool('qemu-img', 'compare', '-f', 'qcow2', '-F', 'qcow2', ...files);
    }
  }

  /** The server ends when it has got some of the data. */
  async function cut(one: Server, exit: 'failed' | 'cancelled'): Promise<string> {
    // It remembers what it had.
    await one.kill();
    await runTool('rm', '-r', one.folder);
    await one.start();
    await host.run('notFound', 'backups', '--from', one.target);
    const pid = join(dir, 'pid');
    host.wrap('restic', `case "$*" in *unfinished*) echo $PPID >'${pid}'; set -- --limit-upload=1000 "$@" ;; esac`);
    const running = host.run(exit, 'backup', 'web', '--to', one.target, '--create');
    const begun = (): boolean => {
      const data = join(one.folder, 'data');
      return existsSync(data) && readdirSync(data, { recursive: true, withFileTypes: true }).some((it) => it.isFile());
    };
    while (!begun()) {
      await wait(20);
    }
    await one.kill();
    if (exit === 'cancelled') {
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGINT');
    }
    const said = await running;
    host.unwrap('restic');
    await one.start();
    assert.deepEqual(await list(one), []);
    await host.run('done', 'backup', 'web', '--to', one.target);
    assert.equal((await list(one)).length, 1);
    return said;
  }

  it('come back by sftp, from a port that is named', () => bringsBack(sftp, 'by-sftp'));
  it('come back by REST', () => bringsBack(rest, 'by-rest'));

  it('are not there where the server is not, and no repository is created for that', async () => {
    const dead = `127.0.0.1:${await freePort()}`;
    const create = (target: string): Promise<string> => host.run('failed', 'backup', 'web', '--to', target, '--create');
    const noServer = await create(`rest:http://${dead}/`);
    assert.match(noServer, /restic failed: .*connection refused/u);
    assert.doesNotMatch(noServer, /create repository|Is there a repository/u);
    assert.match(await create(rest.target.replace('secret', 'wrong')), /restic failed: .*401 Unauthorized/u);
    assert.match(await create(`sftp://root@${dead}//nowhere`), /cannot be reached.*ssh yourself.*sftp session/u);
    await ssh.know('other_host_key');
    const stranger = await create(sftp.target);
    await ssh.know('host_key');
    assert.match(stranger, /cannot be reached.*ssh yourself/u);
  });

  it('show no password of a server', async () => {
    const elsewhere = rest.target.replace(/\/$/u, '/elsewhere/');
    const said = await host.run('notFound', 'backups', '--from', elsewhere);
    assert.match(said, /no restic repository/u);
    assert.doesNotMatch(said, /secret/u);
  });

  it('fail where the ssh is lost in the middle, and the next one is whole', async () => {
    assert.match(await cut(sftp, 'failed'), /restic failed/u);
  });

  it('can be cancelled where the server is lost in the middle, and the next one is whole', async () => {
    assert.match(await cut(rest, 'cancelled'), /Cancelled/u);
  });

  it('fail where the server does not come back', async () => {
    const lines = ['552.3ms: broken pipe', '44.9s: no route', '1m2.5s: connection refused'];
    const say = lines.map((line) => `echo 'Save(<data/1>) returned error, retrying after ${line}' >&2`).join('; ');
    host.wrap('restic', `case "$*" in *unfinished*) ${say}; exec sleep 1d ;; esac`);
    const said = await host.run('failed', 'backup', 'web', '--to', sftp.target);
    assert.match(said, /restic failed: Save\(<data\/1>\) .*connection refused/u);
    assert.doesNotMatch(said, /broken pipe|no route/u);
  });
});

/** Whether somebody listens. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const listens = createServer().listen(0, '127.0.0.1');
  await once(listens, 'listening');
  const { port } = listens.address() as AddressInfo;
  const closed = once(listens, 'close');
  listens.close();
  await closed;
  return port;
}
