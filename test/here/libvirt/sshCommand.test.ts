import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsupportedUri } from '../../../src/libvirt/libvirtError.js';
import { parseUri } from '../../../src/libvirt/uri.js';
import { assertInert, sshCommandTo } from '../../fuzz/inertCommand.js';

const options: Readonly<Record<string, string>> = {
  'qemu+ssh://web/system': '-T -e none -- web',
  'qemu+ssh://me@web:2222/system': '-T -e none -p 2222 -l me -- web',
  'qemu+ssh://a%2Bb@[fe80::1%25eth0]/system': '-T -e none -l a+b -- fe80::1%eth0',
  'qemu+ssh://web/system?keyfile=/k&no_verify=1&no_tty=1&known_hosts=/a%20%22b':
    '-T -e none -i /k BatchMode=yes StrictHostKeyChecking=no UserKnownHostsFile="/a \\"b" -- web',
  'qemu+libssh2://web/system?no_verify=0&no_tty=0': '-T -e none -- web',
};

const refused = [
  'qemu+ssh:///system',
  'qemu+ssh://-oProxyCommand=x/system',
  'qemu+ssh://-x@web/system',
  'qemu+ssh://a%0ab@web/system',
  'qemu+ssh://web;x/system',
  'qemu+ssh://web:0/system',
  'qemu+ssh://web:70000/system',
  'qemu+ssh://web/system?keyfile=',
  'qemu+ssh://web/system?known_hosts=%0a',
  'qemu+ssh://web/system?no_verify=yes',
  'qemu+ssh://web/system?proxy=other',
  'qemu+ssh://web/system?proxy=native&netcat=/bin/nc',
];

describe('sshCommand', () => {
  for (const [uri, wanted] of Object.entries(options)) {
    it(`of ${uri}`, () => {
      const { program, args } = sshCommandTo(parseUri(uri));
      assert.equal(program, 'ssh');
      const always =
        /^(?:-o|RequestTTY=.*|RemoteCommand=.*|Forward.*|ClearAll.*|ConnectTimeout=.*|ServerAliveInterval=.*)$/u;
      assert.equal(
        args
          .slice(0, -1)
          .filter((one) => !always.test(one))
          .join(' '),
        wanted,
      );
    });
  }

  for (const uri of refused) {
    it(`refuses ${uri}`, () => {
      assert.throws(() => sshCommandTo(parseUri(uri)), UnsupportedUri);
    });
  }

  it('asks nobody where nobody answers, and shares a login', () => {
    const { args } = sshCommandTo(parseUri('qemu+ssh://web/system'), { isBatch: true, sharedLogin: '/r/%C' });
    assert.ok(args.includes('BatchMode=yes') && args.includes('ControlPath="/r/%C"'), args.join(' '));
  });
});

describe('the ssh URI of a stranger', () => {
  const nasty = [
    '-oProxyCommand=id',
    '--',
    'a;id',
    'a|id',
    'a&id',
    '$(id)',
    '`id`',
    "a';id;'",
    'a";id;"',
    'a\\',
    "a\\';id;'",
    'a!id',
    'a id',
    'a -oProxyCommand=id',
    'a\nProxyCommand id',
    'a\rb',
    'a\0b',
    'a\u001b[2J',
    '%h%r$HOME${HOME}~',
    '../../x',
  ];
  const places: Readonly<Record<string, (text: string) => string>> = {
    user: (text) => `qemu+ssh://${text}@web/system`,
    host: (text) => `qemu+ssh://${text}/system`,
    port: (text) => `qemu+ssh://web:${text}/system`,
    path: (text) => `qemu+ssh://web/${text}`,
    driver: (text) => `${text}+ssh://web/system`,
    fragment: (text) => `qemu+ssh://web/system#${text}`,
    'parameter for the daemon': (text) => `qemu+ssh://web/system?x=${text}`,
    ...Object.fromEntries(
      ['name', 'socket', 'netcat', 'keyfile', 'known_hosts', 'mode', 'proxy', 'no_verify', 'no_tty'].map((name) => [
        name,
        (text: string) => `qemu+ssh://web/system?${name}=${name === 'socket' ? '/' : ''}${text}`,
      ]),
    ),
  };
  for (const [place, uriWith] of Object.entries(places)) {
    it(`gives ssh no option and its shells no word: ${place}`, () => {
      let taken = 0;
      for (const text of nasty.flatMap((one) => [one, encodeURIComponent(one)])) {
        let command;
        try {
          command = sshCommandTo(parseUri(uriWith(text)));
        } catch (error) {
          assert.ok(error instanceof UnsupportedUri, String(error));
          continue;
        }
        taken += 1;
        assertInert(command);
      }
      assert.ok(taken > 0 || ['host', 'port', 'mode', 'proxy', 'no_verify', 'no_tty', 'driver'].includes(place));
    });
  }
});

describe('the script on the host', () => {
  let dir: string;
  let server: Server;
  const odd = `it's a "$HOME" \`id\` !x \\`;

  const run = (uri: string, readOnly = false): Promise<{ readonly exit: number; readonly out: string }> =>
    new Promise((resolve) => {
      const script = sshCommandTo(parseUri(uri), {}, readOnly).args.at(-1)!;
      execFile('/bin/sh', ['-c', script], { env: { PATH: dir } }, (error, out) =>
        resolve({ exit: typeof error?.code === 'number' ? error.code : 0, out }),
      );
    });
  const put = async (name: string, ...lines: readonly string[]): Promise<void> => {
    await writeFile(join(dir, name), ['#!/bin/sh', ...lines].join('\n'));
    await chmod(join(dir, name), 0o700);
  };
  const socketOf = (name = odd): string => encodeURIComponent(join(dir, name));

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-'));
    await put('sh', 'exec /bin/sh "$@"');
    server = createServer();
    await new Promise<void>((resolve) => server.listen(join(dir, odd), resolve));
  });
  afterEach(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });

  const show = '[ "$*" = -h ] && echo "-U  Use UNIX domain socket" && exit; for one; do echo "<$one>"; done';

  it('runs nc with the socket, whatever is in its name', async () => {
    await put('nc', show);
    const { exit, out } = await run(`qemu+ssh://web/system?socket=${socketOf()}`);
    assert.equal(exit, 0);
    assert.equal(out, `mark\n<-U>\n<${join(dir, odd)}>\n`);
  });

  it('ends nc with its input where it has an option for that', async () => {
    await put('nc', 'case "$*" in -q) echo "option requires an argument"; exit 1;; esac', show);
    assert.match((await run(`qemu+ssh://web/system?socket=${socketOf()}`)).out, /^mark\n<-q0>\n<-U>/u);
  });

  it('runs the program that the URI names in the place of nc', async () => {
    await put(`${odd}2`, show);
    const { out } = await run(`qemu+ssh://web/system?socket=${socketOf()}&netcat=${socketOf(`${odd}2`)}`);
    assert.match(out, /^mark\n<-U>/u);
  });

  it('prefers the helper, which starts a session’s daemon', async () => {
    await put('virt-ssh-helper', show);
    await put('nc', 'exit 1');
    assert.equal((await run('qemu+ssh://web/session')).out, 'mark\n<qemu:///session>\n');
    assert.equal((await run('qemu+ssh://web/session', true)).out, 'mark\n<-r>\n<qemu:///session>\n');
  });

  it('tells that there is no socket, and that nothing leads to one', async () => {
    assert.equal((await run('qemu+ssh://web/system?socket=/nowhere')).exit, 95);
    assert.equal((await run(`qemu+ssh://web/system?socket=${socketOf()}`)).exit, 96);
    assert.equal((await run('qemu+ssh://web/session?proxy=native')).exit, 95);
    await put('nc', 'echo "BusyBox v1.35.0 multi-call binary. Usage: nc [-iN] [-wN] [-l] [-p PORT] [IPADDR PORT]" >&2');
    assert.equal((await run(`qemu+ssh://web/system?socket=${socketOf()}`)).exit, 96);
  });
});
