// The network of a lab, attacked from a guest: by the proxy it reaches what the file allows, and all else reaches
// nothing, by whatever way. Beside it a computer with an address of the internet, and services of the host on all of
// its addresses: both would hear of it. The host forwards packets, as one with other networks does.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildDoor } from '../../scripts/build.mjs';
import { buildGuest } from '../../scripts/guest/buildGuest.mjs';
import { runInGuest } from '../../scripts/guest/inGuest.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { findProgram, run as runProgram } from '../../scripts/rig/run.mjs';
import type { Daemon } from './engineRig.js';
import { inNetworkOf } from './networkRig.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  process.stdout.write('      skipped: only root has networks of its own\n');
}

const outside = '93.184.216.34';
/** Of the host itself, as of one without NAT. */
const ownPublic = '93.184.215.1';
const page = 'the page of the outside';
/** Answers on all addresses, and tells of all that comes. */
const server = `
  const { createServer } = require('node:net');
  const open = (port) => createServer((socket) => {
    console.log('tcp ' + port);
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n${page}\\n'));
  }).listen(port, '::');
  process.argv[1].split(',').forEach((port) => open(Number(port)));
  for (const port of [53, 67, 9000]) {
    const socket = require('node:dgram').createSocket({ type: 'udp6', ipv6Only: port === 67 });
    socket.on('message', (bytes) => console.log('udp ' + port + ' ' + bytes.toString('latin1').replace(/[^\\w.-]/g, '_'))).on('error', () => {}).bind(port);
  }
  console.log('ready');
`;

class Listener {
  heard: string[] = [];

  private constructor(readonly process: ChildProcess) {}

  static async start(words: readonly string[], ports: readonly number[]): Promise<Listener> {
    const args = [...words.slice(1), process.execPath, '-e', server, ports.join(',')];
    const child = spawn(words[0] ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const listener = new Listener(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => listener.heard.push(...text.trim().split('\n')));
    while (!listener.heard.includes('ready')) {
      assert.equal(child.exitCode, null);
      await wait(20);
    }
    listener.heard = [];
    return listener;
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

(isRoot ? describe : describe.skip)('the network of a lab', () => {
  let daemon: Daemon;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  let inNetwork: readonly string[];
  let internet: Listener;
  let host: Listener;
  let proxy: { address: string; port: number; bridge: string; folder: string; proxy: { pid: number } };
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const inside = async (...words: readonly string[]): Promise<string> => {
    const [name = '', ...rest] = [...inNetwork, ...words];
    const { code, stdout, stderr } = await runProgram(name, rest);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  /** In a network, and with names, of the test's own. */
  const call = (...words: readonly string[]): ReturnType<typeof runProgram> => {
    const mounts = ['hosts', 'resolv.conf'].map((one) => `mount --bind "$0/${one}" /etc/${one}`);
    const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', [...mounts, 'exec "$@"'].join(' && ')];
    const [name = '', ...rest] = [...inNetwork, ...own, daemon.dir, process.execPath, program, ...words];
    return runProgram(name, rest, { env: environment });
  };
  const cli = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const lab = (what: string, ...words: readonly string[]): Promise<string> =>
    cli('lab', what, '--file', at('lab', 'lab.yaml'), ...words);
  const writeLab = (allow: readonly string[]): Promise<void> => {
    const vm = {
      boot: {
        kernel: 'kernel',
        initrd: 'initrd',
        arguments: 'console=ttyS0 quiet nokaslr mitigations=off no_timer_check vr.tick=0',
      },
      memory: '112 MiB',
      wait: { agent: true, seconds: 600 },
    };
    const text = { version: 1, name: 'shop', network: { allow, log: true }, vms: { web: vm, other: vm } };
    return writeFile(at('lab', 'lab.yaml'), JSON.stringify(text));
  };
  const readProxy = async (): Promise<void> => {
    const [id = ''] = (await readdir(at('state', 'labs'))).filter((name) => /^[\da-f]{32}$/u.test(name));
    proxy = (JSON.parse(await readFile(at('state', 'labs', id, 'lab.json'), 'utf8')) as { network: typeof proxy })
      .network;
  };
  const inGuest = async (name: string, script: string): Promise<string> => {
    const { stdout, stderr } = await runInGuest(daemon.virsh, `shop-${name}`, 'sh', ['-c', script]);
    return `${stdout}${stderr}`.trim();
  };
  /** The first line of what the proxy answers, and what comes by the way that it opens. */
  const connect = (to: string): Promise<string> =>
    inGuest(
      'web',
      `{ printf 'CONNECT ${to} HTTP/1.1\\r\\nHost: ${to}\\r\\n\\r\\n'; sleep 2; echo hello; sleep 2; } | timeout 20 nc ${proxy.address} ${proxy.port}`,
    );
  /** All of them at once, each given time enough. */
  const attempts = (commands: readonly string[]): Promise<string> =>
    inGuest('web', `${commands.map((one) => `(${one}) </dev/null 2>/dev/null &`).join('\n')}\nwait`);
  const reach = (...to: readonly string[]): string => `(echo hello; sleep 8) | timeout 10 nc ${to.join(' ')}`;
  const send = (...to: readonly string[]): string => `echo hello | timeout 3 nc -u -w 2 ${to.join(' ')}`;
  const heard = (): readonly string[] => [...internet.heard.map((one) => `internet ${one}`), ...host.heard];

  before(async () => {
    assert.ok((await findProgram('squid')) !== undefined, '"npm run test:deep -- network" installs what it needs');
    daemon = await startPrivateDaemon();
    inNetwork = await inNetworkOf(daemon);
    // squid runs as another user.
    await chmod(daemon.dir, 0o711);
    for (const name of ['home', 'lab']) {
      await mkdir(at(name));
    }
    await mkdir(at('state'), { mode: 0o700 });
    environment = {
      ...daemon.env,
      ...{ HOME: at('home'), VIRT_REWIND_STATE: at('state'), VIRT_REWIND_LABS: at('labs') },
      ...{ LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' },
    };
    program = await buildDoor('commandLine', at('program'));
    const { kernel, initrd } = await buildGuest();
    await copyFile(kernel, at('lab', 'kernel'));
    await copyFile(initrd, at('lab', 'initrd'));
    internet = await Listener.start(['unshare', '--net'], [80, 443, 8080]);
    const beside = ['nsenter', '--net', '--target', String(internet.process.pid)];
    const there = async (...words: readonly string[]): Promise<void> => {
      const { code, stderr } = await runProgram(beside[0] ?? '', [...beside.slice(1), 'ip', ...words]);
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    };
    await inside('ip', 'link', 'set', 'lo', 'up');
    await inside(...`ip link add out0 type veth peer name in0 netns ${internet.process.pid}`.split(' '));
    await inside(...'ip addr add 172.31.0.1/30 dev out0'.split(' '));
    await inside(...'ip link set out0 up'.split(' '));
    await inside(...`ip addr add ${ownPublic}/32 dev lo`.split(' '));
    await there(...'link set lo up'.split(' '));
    await there(...'addr add 172.31.0.2/30 dev in0'.split(' '));
    await there(...'link set in0 up'.split(' '));
    await there(...`addr add ${outside}/32 dev lo`.split(' '));
    await there(...'route add default via 172.31.0.1'.split(' '));
    await inside(...'ip route add default via 172.31.0.2'.split(' '));
    await inside('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
    host = await Listener.start(inNetwork, [22, 2222]);
    const names = [
      [outside, 'allowed.example.org', 'later.example.org', 'refused.example.org'],
      ['127.0.0.1', 'loopback.example.org'],
      ['::1', 'loopback6.example.org'],
      ['172.31.0.1', 'private.example.org'],
      [ownPublic, 'own.example.org'],
    ];
    // Which name is asked for, the host hears too.
    await writeFile(at('resolv.conf'), 'nameserver 127.0.0.1\n');
    await writeFile(at('hosts'), names.map((words) => `${words.join(' ')}\n`).join(''));
    const inward = ['loopback', 'loopback6', 'private', 'own'].map((name) => `${name}.example.org:2222`);
    await writeLab(['Allowed.example.org:443', 'allowed.example.org:80', ...inward]);
    await lab('create', '--yes');
    await readProxy();
    for (const name of ['web', 'other']) {
      const dhcp = '#!/bin/sh\n[ "$1" != bound ] || ip addr add "$ip/24" dev eth0\n';
      await inGuest(
        name,
        `printf '${dhcp.replaceAll('\n', '\\n')}' >/tmp/dhcp; chmod +x /tmp/dhcp; ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -t 20 -T 3 -s /tmp/dhcp`,
      );
      // Whatever the guest tells itself.
      await inGuest(
        name,
        `ip route add default via ${proxy.address}; ip -6 addr add fd77::${name === 'web' ? 2 : 3}/64 dev eth0`,
      );
    }
  });
  after(async () => {
    await call('lab', 'destroy', '--file', at('lab', 'lab.yaml'), '--yes');
    await internet.stop();
    await host.stop();
    await daemon.stop();
  });

  it('leads to the allowed servers, by the proxy', async () => {
    const said = await connect('allowed.example.org:443');
    assert.match(said, /^HTTP\/1\.1 200 /u);
    assert.ok(said.includes(page), said);
    const get = `http_proxy=http://${proxy.address}:${proxy.port} wget -q -O - http://allowed.example.org/`;
    assert.equal(await inGuest('web', get), page);
    assert.deepEqual(internet.heard.splice(0), ['tcp 443', 'tcp 80']);
  });

  it('has no answer sent to another one', async () => {
    const beside = ['--net', '--target', String(internet.process.pid)];
    /** Who gets an answer that he did not ask for resets that connection. */
    const resets = async (): Promise<string | undefined> => {
      const { stdout } = await runProgram('nsenter', [...beside, 'cat', '/proc/net/snmp']);
      const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Tcp:'));
      return values.split(' ')[names.split(' ').indexOf('OutRsts')];
    };
    const before = await resets();
    assert.match(before ?? '', /^\d+$/u);
    const ask = `timeout 5 nc -s ${outside} ${proxy.address} ${proxy.port} </dev/null`;
    await inGuest('web', `ip addr add ${outside}/32 dev eth0; ${ask}; ip addr del ${outside}/32 dev eth0`);
    assert.equal(await resets(), before);
  });

  it('refuses all else that the proxy is asked for', async () => {
    for (const to of [
      'allowed.example.org:8080',
      'refused.example.org:443',
      `${outside}:443`,
      'loopback.example.org:2222',
      'loopback6.example.org:2222',
      'private.example.org:2222',
      'own.example.org:2222',
      `${proxy.address}:2222`,
      '[::1]:2222',
    ]) {
      assert.match(await connect(to), /^HTTP\/1\.1 403 /u, to);
    }
    for (const url of ['ftp://allowed.example.org:443/', 'http://refused.example.org/', 'urn:allowed.example.org']) {
      const said = await inGuest(
        'web',
        `{ printf 'GET ${url} HTTP/1.1\\r\\nHost: allowed.example.org\\r\\n\\r\\n'; sleep 2; } | timeout 20 nc ${proxy.address} ${proxy.port} | head -n 1`,
      );
      assert.match(said, /^HTTP\/1\.1 40\d /u, url);
    }
    assert.deepEqual(heard(), []);
  });

  const direct = (): readonly string[] => [
    ...[outside, ownPublic, '172.31.0.1', '172.31.0.2', proxy.address].flatMap((address) => [
      ...[22, 80, 443, 2222].map((port) => reach(address, String(port))),
      ...['53', '67', '9000'].map((port) => send(address, port)),
    ]),
    ...['fd77::1', 'fd77::3'].flatMap((address) => [reach(address, '2222'), send(address, '53')]),
    `nslookup secret.example.org ${proxy.address}`,
    `nslookup secret.example.org ${outside}`,
    send('-p 68', '255.255.255.255', '9000'),
    // Ports that rules let in from the other side.
    `(echo hello; sleep 8) | timeout 10 nc -p ${proxy.port} ${proxy.address} 2222`,
  ];

  it('leads nowhere else: neither to addresses, name servers, IPv6, nor to the host', async () => {
    const { bridge } = proxy;
    // libvirt had it off.
    await inside('sh', '-c', `echo 0 >/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`);
    await inside('ip', '-6', 'addr', 'add', 'fd77::1/64', 'dev', bridge);
    await attempts(direct());
    assert.deepEqual(heard(), []);
    const ping = `ping -c 1 -W 3 ${proxy.address} || ping -c 1 -W 3 ${outside} || ping6 -c 1 -W 3 fd77::1 || echo silence`;
    assert.match(await inGuest('web', ping), /silence$/u);
    // They are there for who is not behind the filter.
    for (const address of [proxy.address, 'fd77::1', outside]) {
      const port = address === outside ? 443 : 2222;
      await inside(process.execPath, '-e', `require('net').connect(${port}, '${address}', () => process.exit())`);
    }
    while (heard().length < 3) {
      await wait(20);
    }
    [internet.heard, host.heard] = [[], []];
  });

  it('leads to no other VM of the lab', async () => {
    const own = await inGuest('other', "ip -4 addr show dev eth0 | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'");
    assert.match(own, /^192\.168\./u);
    await inGuest(
      'other',
      'for port in 7000 68; do for how in -l "-l -u"; do nc $how -p $port >>/tmp/heard 2>/dev/null </dev/null & done; done',
    );
    await attempts([reach(own, '7000'), send(own, '7000'), send('-p 67', own, '68'), reach('fd77::3', '7000')]);
    assert.equal(await inGuest('other', 'cat /tmp/heard 2>/dev/null'), '');
  });

  it('is no other by another address of the card, nor after libvirt was started again', async () => {
    const mac = await inGuest('web', 'cat /sys/class/net/eth0/address');
    const as = (address: string): string =>
      `ip link set eth0 down; ip link set eth0 address ${address}; ip link set eth0 up`;
    const route = `ip route add default via ${proxy.address}`;
    await inGuest('web', `${as('52:54:00:00:00:01')}; ${route}`);
    assert.doesNotMatch(await connect('allowed.example.org:443'), /HTTP/u);
    await attempts(direct());
    await inGuest('web', `${as(mac)}; ${route}`);
    await daemon.killDaemon();
    await daemon.startDaemon();
    await attempts(direct());
    assert.deepEqual(heard(), []);
    assert.match(await connect('allowed.example.org:443'), /^HTTP\/1\.1 200 /u);
    internet.heard = [];
  });

  it('tells in the history of the VM what was refused', async () => {
    const { entries } = JSON.parse(await cli('history', 'shop-web', '--json')) as {
      readonly entries: readonly {
        readonly outcome: string;
        readonly request: { readonly kind: string; readonly to?: string };
      }[];
    };
    const refused = entries.filter(({ request }) => request.kind === 'connect');
    assert.ok(refused.every(({ outcome }) => outcome === 'refused'));
    const to = refused.map(({ request }) => request.to);
    for (const one of [
      'allowed.example.org:8080',
      'refused.example.org:443',
      'own.example.org:2222',
      `${outside}:443`,
    ]) {
      assert.ok(to.includes(one), `${one}: ${to.join(' ')}`);
    }
    assert.ok(!to.includes('allowed.example.org:80'));
    assert.match(await cli('history', 'shop-web'), /refused\.example\.org:443/u);
    assert.doesNotMatch(await cli('history', 'shop-other'), /example\.org/u);
  });

  it('leads nowhere when the proxy has ended, which is told and put right', async () => {
    process.kill(proxy.proxy.pid, 'SIGKILL');
    assert.doesNotMatch(await connect('allowed.example.org:443'), /HTTP/u);
    await attempts(direct());
    assert.deepEqual(heard(), []);
    const { stdout, code } = await call('lab', 'check', '--file', at('lab', 'lab.yaml'), '--json');
    assert.notEqual(code, 0);
    const { differences } = (JSON.parse(stdout) as { lab: { differences: readonly { kind: string }[] } }).lab;
    assert.deepEqual(
      differences.map(({ kind }) => kind),
      ['network'],
    );
    await lab('create', '--yes');
    await lab('check');
    assert.match(await connect('allowed.example.org:443'), /^HTTP\/1\.1 200 /u);
  });

  it('allows what the file says later', async () => {
    await writeLab(['later.example.org:443']);
    await lab('create', '--yes');
    assert.match(await connect('later.example.org:443'), /^HTTP\/1\.1 200 /u);
    assert.match(await connect('allowed.example.org:443'), /^HTTP\/1\.1 403 /u);
  });

  it('goes with the lab, and nothing else', async () => {
    await readProxy();
    await daemon.virsh(['nwfilter-list']);
    const [name = ''] = (await daemon.virsh(['list', '--name'])).stdout.split('\n');
    const { stdout: xml } = await daemon.virsh(['dumpxml', '--inactive', name]);
    const card = /<interface [^]*?<\/interface>/u.exec(xml)?.[0].replace(/<mac .*\/>/u, '') ?? '';
    const os = '<memory>65536</memory><os><type>hvm</type></os>';
    const other = `<domain type='qemu'><name>beside</name>${os}<devices>${card}</devices></domain>`;
    await writeFile(at('beside.xml'), other);
    await daemon.virsh(['define', at('beside.xml')]);
    const refused = await call('lab', 'destroy', '--file', at('lab', 'lab.yaml'), '--yes');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /beside uses the network of the lab/u);
    assert.match((await daemon.virsh(['list', '--name'])).stdout, new RegExp(`^${name}$`, 'mu'));
    await daemon.virsh(['undefine', 'beside']);
    await lab('destroy', '--yes');
    // Nobody may have collected it yet.
    assert.match(await readFile(`/proc/${proxy.proxy.pid}/stat`, 'utf8').catch(() => '(gone) X'), /\) [XZ]/u);
    assert.doesNotMatch((await daemon.virsh(['net-list', '--all'])).stdout, /virt-rewind/u);
    assert.doesNotMatch((await daemon.virsh(['nwfilter-list'])).stdout, /virt-rewind/u);
    assert.ok(!(await readdir(at('labs'))).some((name) => name.startsWith('virt-rewind-proxy-')));
  });
});
