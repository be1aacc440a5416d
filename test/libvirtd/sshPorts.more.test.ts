// ssh into guests of a network "user", where nobody else is: by a port of the loopback that QEMU opens when it is
// asked. After reverts, beside a fork and a clone; and ports of this computer that lead to the guest's own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildDoor } from '../../scripts/build.mjs';
import { makeTinyCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { page, sshServer, sshServerWords } from '../../scripts/guest/sshServer.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode } from '../../src/cli/exitCodes.js';
import { ownPublicKey, rememberHost } from '../../src/wings/guest/make/sshKeys.js';
import { faultsOf } from '../answerFaults.js';
import type { Daemon } from './engineRig.js';
import { inNetworkOf } from './networkRig.js';

interface Created {
  readonly vm: { readonly uuid: string };
  readonly address?: string;
  readonly port?: number;
  readonly login?: string;
}

const isRoot = process.getuid?.() === 0;
const loopback = '127.0.0.1';

describe('ssh into a network where nobody else is', () => {
  let daemon: Daemon;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  let image: string;
  let hostKey: string;
  /** The words before a program that shall be in the network of QEMU. */
  let inNetwork: readonly string[] = [];
  let first: Created;
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const inside = (...words: readonly string[]): ReturnType<typeof runProgram> => {
    const [name = '', ...rest] = [...inNetwork, ...words];
    return runProgram(name, rest, { env: environment });
  };
  const call = (...words: readonly string[]): ReturnType<typeof runProgram> =>
    inside(process.execPath, program, ...words);
  const cli = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const inGuest = (name: string, command: string): Promise<string> => cli('ssh', name, '--', command);
  /** As `ADDRESS:PORT`, by what the kernel says. */
  const listening = async (): Promise<readonly string[]> =>
    (await inside('cat', '/proc/net/tcp', '/proc/net/tcp6')).stdout
      .split('\n')
      .flatMap((line) => /^\s*\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:0000 0A /u.exec(line) ?? [])
      .filter((_, index) => index % 3 !== 0)
      .flatMap((part, index, all) => (index % 2 === 0 ? [`${part}:${parseInt(all[index + 1] ?? '', 16)}`] : []));
  const at127 = (port: number | string): string => `0100007F:${port}`;
  const portsOf = async (port: number | string): Promise<readonly string[]> =>
    (await listening()).filter((one) => one.endsWith(`:${port}`));
  /** The port by which ssh comes to it now. */
  const portOf = async (name: string): Promise<string> => {
    const { stdout, stderr, code } = await inside('ssh', '-F', at('home/.ssh/config'), '-G', `${name}.virt-rewind`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^hostname 127\.0\.0\.1$/mu);
    return /^port (\d+)$/mu.exec(stdout)?.[1] ?? '';
  };
  const pageAt = (port: number | string): ReturnType<typeof runProgram> =>
    inside(
      process.execPath,
      '-e',
      `fetch('http://${loopback}:${port}/').then(async (r) => console.log(await r.text()))`,
    );
  const untilPage = async (port: number | string, login: ChildProcess): Promise<void> => {
    while ((await pageAt(port)).stdout.trim() !== page) {
      assert.equal(login.exitCode, null, 'the login ended');
      await wait(200);
    }
  };
  const freePort = async (): Promise<string> => {
    const ask = `const s = require('net').createServer().listen(0, '${loopback}', () => { console.log(s.address().port); s.close(); })`;
    return (await inside(process.execPath, '-e', ask)).stdout.trim();
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    if (isRoot) {
      inNetwork = await inNetworkOf(daemon);
      await inside('ip', 'link', 'set', 'lo', 'up');
    }
    await mkdir(at('home'));
    environment = {
      ...daemon.env,
      ...{ HOME: at('home'), VIRT_REWIND_STATE: at('state'), VIRT_REWIND_LABS: at('labs') },
      ...{ LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' },
    };
    program = await buildDoor('commandLine', at('program'));
    const server = await sshServer(await ownPublicKey(at('state'), new AbortController().signal));
    hostKey = server.hostKey;
    image = await makeTinyCloudImage(at('image.qcow2'), `cloud=done ${sshServerWords}`, server.files);
    const options = ['--memory', '96M', '--user', 'ann', '--network', 'user', '--json'];
    const answer = JSON.parse(await cli('new', 'web', '--from', image, ...options)) as { readonly created: Created };
    assert.deepEqual(faultsOf(answer), []);
    first = answer.created;
    // The guest reads no seed, so it has another host key than the one that was made for it.
    await rememberHost(at('state'), { uuid: first.vm.uuid, user: 'ann', publicKey: hostKey });
    await cli('ssh', '--names', 'on');
    await cli('checkpoint', 'web', 'clean', '--kind', 'memory', '--style', 'external');
  });
  after(() => daemon.stop());

  it('is by a port of the loopback alone, which a new VM tells', async () => {
    assert.deepEqual([first.address, first.login], [loopback, 'virt-rewind ssh web']);
    assert.deepEqual(await portsOf(first.port ?? 0), [at127(first.port ?? 0)]);
    assert.equal(await inGuest('web', 'cat /www/index.html'), page);
    assert.equal(await portOf('web'), String(first.port));
  });

  it('is waited for by that, until the guest itself answers', async () => {
    for (const port of ['22', '80']) {
      await cli('wait', 'web', '--port', port, '--seconds', '60');
    }
    const silent = await call('wait', 'web', '--port', '81', '--seconds', '3');
    assert.equal(silent.code, exitCode('late'), silent.stdout);
    assert.match(silent.stderr, /Port 81 of web did not respond/u);
    await cli('stop', 'web', '--force', '--yes');
    await cli('start', 'web');
    await cli('wait', 'web', '--port', '80', '--seconds', '120');
    await cli('ssh', 'web', '--', 'true');
    await cli('revert', 'web', 'clean', '--yes', '--no-checkpoint');
  });

  it('works after each revert, in time', async () => {
    for (let turn = 0; turn < 3; turn++) {
      await inGuest('web', 'echo later >/tmp/word');
      await cli('revert', 'web', 'clean', '--no-checkpoint', '--yes');
      const began = performance.now();
      assert.equal(await inGuest('web', 'cat /tmp/word 2>/dev/null || echo none'), 'none');
      process.stdout.write(`      ssh after a revert: ${Math.round(performance.now() - began)} ms\n`);
    }
  });

  it('works beside a fork and a clone, each by its own port', async () => {
    await cli('fork', 'web', '--name', 'web-fork');
    await cli('clone', 'web', '--from', 'clean', '--name', 'web-clone');
    const { stdout } = await daemon.virsh(['domuuid', 'web-clone']);
    await rememberHost(at('state'), { uuid: stdout.trim(), user: 'ann', publicKey: hostKey });
    await cli('start', 'web-clone');
    await cli('wait', 'web-clone');
    const names = ['web', 'web-fork', 'web-clone'];
    for (const name of names) {
      await inGuest(name, `echo ${name} >/tmp/word`);
    }
    for (const name of names) {
      assert.equal(await inGuest(name, 'cat /tmp/word'), name);
    }
    const ports = await Promise.all(names.map(portOf));
    assert.equal(new Set(ports).size, names.length);
    for (const name of ['web-fork', 'web-clone']) {
      await cli('stop', name, '--force', '--yes');
      await cli('discard', name, '--yes');
    }
    assert.deepEqual(
      (await Promise.all(ports.map(portsOf))).map(({ length }) => length),
      [1, 0, 0],
    );
  });

  it('leads a port of this computer to the guest, on the loopback alone, as long as somebody is logged in', async () => {
    const here = await freePort();
    const [name, ...rest] = [
      ...inNetwork,
      process.execPath,
      program,
      'ssh',
      'web',
      '--port',
      `${here}:80`,
      '--',
      'cat',
    ];
    const login = spawn(name, rest, { env: environment, stdio: ['pipe', 'inherit', 'inherit'] });
    const ended = once(login, 'exit');
    await untilPage(here, login);
    assert.deepEqual(await portsOf(here), [at127(here)]);
    const second = await call('ssh', 'web', '--port', `${here}:80`, '--', 'true');
    assert.equal(second.code, exitCode('refused'), second.stderr);
    assert.ok(second.stderr.includes(here));
    login.stdin.end();
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(await portsOf(here), []);
  });

  it('leads it again to a person who is logged in while the VM is reverted', async () => {
    const here = await freePort();
    const words = [...inNetwork, process.execPath, program, 'ssh', 'web', '--port', `${here}:80`];
    const login = spawn('script', ['--quiet', '--flush', '--return', '--command', words.join(' '), '/dev/null'], {
      env: environment,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const ended = once(login, 'exit');
    await untilPage(here, login);
    await cli('revert', 'web', 'clean', '--no-checkpoint', '--yes');
    await untilPage(here, login);
    login.stdin.write('exit 7\n');
    assert.deepEqual(await ended, [7, null]);
  });

  it('refuses ports that it cannot have, before anybody is asked', async () => {
    for (const port of ['80', '0:80', '70000:80', 'x:80', '8080:80,']) {
      assert.equal((await call('ssh', 'web', '--port', port, '--', 'true')).code, exitCode('usage'), port);
    }
    const here = await freePort();
    const twice = await call('ssh', 'web', '--port', `${here}:80`, '--port', `${here}:81`, '--', 'true');
    assert.equal(twice.code, exitCode('refused'), twice.stderr);
    const bounded = isRoot ? ['setpriv', '--bounding-set', '-net_bind_service'] : [];
    const low = await inside(...bounded, process.execPath, program, 'ssh', 'no-vm', '--port', '80:80', '--', 'true');
    assert.equal(low.code, exitCode('refused'), low.stderr);
    assert.match(low.stderr, /1024/u);
  });

  it('waits for a guest that starts', async () => {
    await cli('stop', 'web', '--force', '--yes');
    await cli('start', 'web');
    const started = await call('ssh', 'web', '--', 'echo there');
    assert.deepEqual([started.code, started.stdout.trim()], [0, 'there'], started.stderr);
  });

  it('leaves no port where the VM is off', async () => {
    const port = await portOf('web');
    await cli('stop', 'web', '--force', '--yes');
    assert.deepEqual(await portsOf(port), []);
    assert.notEqual((await call('ssh', 'web', '--', 'true')).code, 0);
    assert.doesNotMatch(await readFile(at('state/ssh/known_hosts'), 'utf8'), new RegExp(`\\b${port}\\b`, 'u'));
    await cli('new', 'web', '--remove', '--yes');
  });
});
