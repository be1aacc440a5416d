// What the client's end means; with programs in the place of ssh that end so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HostUnreachable } from '../../../src/hosts/login.js';
import { openSshTransport } from '../../../src/libvirt/sshTransport.js';
import { parseUri } from '../../../src/libvirt/uri.js';
import { silentLog } from '../../silentLog.js';

describe('openSshTransport', () => {
  let dir: string;
  const open = (signal?: AbortSignal): ReturnType<typeof openSshTransport> =>
    openSshTransport(parseUri(`qemu+ssh://web/system?command=${join(dir, 'client')}`), {
      environment: { PATH: process.env['PATH'], XDG_RUNTIME_DIR: dir },
      readOnly: false,
      log: silentLog,
      answers: 'nobody',
      onLogin: () => undefined,
      signal,
    });
  /** Its last argument is the script; the mark stands behind its first `echo`. */
  const client = async (...lines: readonly string[]): Promise<void> => {
    const mark = `mark() { for last; do :; done; echo "$last" | grep -o 'virt-rewind-[0-9a-f]*' | head -n 1; }`;
    await writeFile(
      join(dir, 'client'),
      ['#!/bin/sh', 'case "$*" in *"-O check"*) exit 255;; esac', mark, ...lines].join('\n'),
    );
    await chmod(join(dir, 'client'), 0o700);
  };
  const why = async (): Promise<string> => {
    const error: unknown = await open().then(
      ({ stream }) => new Promise((resolve) => stream.once('error', resolve).resume()),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof HostUnreachable, String(error));
    return `${error.reason} ${JSON.stringify(error.more)}`;
  };

  const written = async (name: string): Promise<number> => {
    for (;;) {
      const text = await readFile(join(dir, name), 'utf8').catch(() => '');
      if (text.endsWith('\n')) {
        return Number(text);
      }
      await wait(5);
    }
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  for (const [title, lines, wanted] of [
    [
      'a socket that is closed to the user',
      ['echo Banner >&2', 'echo libvirt >&2', 'exit 97'],
      'denied {"group":"libvirt"}',
    ],
    ['no libvirt', ['exit 95'], 'noLibvirt {}'],
    ['nothing that leads to it', ['exit 96'], 'noRelay {}'],
    [
      'no login',
      ['echo "me@web: Permission denied (publickey)." >&2; exit 255'],
      'refused {"said":"me@web: Permission denied (publickey)."}',
    ],
    [
      'no host',
      ['echo "Could not resolve hostname web" >&2; exit 255'],
      'noAnswer {"said":"Could not resolve hostname web"}',
    ],
    [
      'a helper that finds no daemon',
      ['mark "$@"; echo "cannot connect" >&2; exit 1'],
      'noLibvirt {"said":"cannot connect"}',
    ],
    ['endless words at login', ['exec yes'], 'noScript {"said":"65536 bytes and no end at login"}'],
    [
      'a host that opens no session',
      ['echo "mux_client_request_session: session request failed: Session open refused by peer" >&2', 'exit 255'],
      'noSession {"said":"mux_client_request_session: session request failed: Session open refused by peer"}',
    ],
    ['no ssh', ['echo "what?" >&2'], `noScript {"program":"CLIENT","said":"what?"}`],
    ['a connection that is cut at once', ['mark "$@"; echo cut >&2; exit 255'], 'noAnswer {"said":"cut"}'],
  ] as const) {
    it(`tells of ${title}`, async () => {
      await client(...lines);
      assert.equal((await why()).replace(join(dir, 'client'), 'CLIENT'), wanted);
    });
  }

  it('tells the last words of a helper that is written to', async () => {
    await client('mark "$@"; exec <&-; echo "cannot connect" >&2; exit 1');
    const { stream } = await open();
    const failed = once(stream, 'error');
    stream.resume().write(Buffer.alloc(1 << 20));
    const [error] = (await failed) as [unknown];
    assert.ok(error instanceof HostUnreachable, String(error));
    assert.equal(error.more.said, 'cannot connect');
  });

  it('leaves no program of an ended login that keeps this one', async () => {
    await client(`sleep 600 & echo $! > '${join(dir, 'child')}'`, `echo $$ > '${join(dir, 'pid')}'`, 'exec sleep 600');
    const stop = new AbortController();
    const opening = open(stop.signal);
    const pid = await written('pid');
    stop.abort(new Error('stopped'));
    await assert.rejects(opening, /stopped/u);
    const child = await written('child');
    await untilEnded(pid);
    await untilEnded(child);
  });

  it('passes over what a shell prints first, and hands over every byte behind it', async () => {
    await client('echo Welcome; mark "$@"; exec cat');
    const { stream } = await open();
    stream.write('a first\n');
    const [first] = await new Promise<[Buffer]>((resolve) => stream.once('data', (...got: [Buffer]) => resolve(got)));
    assert.equal(first.toString(), 'a first\n');
    stream.end();
    await new Promise((resolve) => stream.once('close', resolve).resume());
  });

  it('makes a login of its own beside one that was stopped', async () => {
    const ours = `case "$*" in *ControlPath=?none*|*ControlPath=none*) ;; *ControlPath=*) exec sleep 600;; esac`;
    await client();
    const stopped = ['#!/bin/sh', ours, 'case "$*" in *"-O check"*) exit 255;; esac', 'for last; do :; done'];
    const mark = `echo "$last" | grep -o 'virt-rewind-[0-9a-f]*' | head -n 1; exec cat`;
    await writeFile(join(dir, 'client'), [...stopped, mark].join('\n'));
    const { stream } = await open();
    stream.destroy();
  });

  it('ends the client when nobody waits any more', async () => {
    await client(`echo $$ > '${join(dir, 'pid')}'`, 'exec sleep 600');
    const stop = new AbortController();
    const opening = open(stop.signal);
    const pid = await written('pid');
    stop.abort(new Error('stopped'));
    await assert.rejects(opening, /stopped/u);
    await untilEnded(pid);
  });
});

async function untilEnded(pid: number): Promise<void> {
  while (isRunning(pid)) {
    await wait(5);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // It has ended.
    return false;
  }
}
