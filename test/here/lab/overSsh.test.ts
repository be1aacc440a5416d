// A program over ssh, before a program of that name that does what a server's shell does: reads the last of its
// arguments.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { Failure } from '../../../src/domain/failure.js';
import { type EndInGuest, requireSsh, runOverSsh, type SshPlace } from '../../../src/lab/overSsh.js';
import { readLab } from '../../../src/lab/readLab.js';

const never = new AbortController().signal;
const asShell = `#!/bin/sh
printf '%s\\0' "$@" >"$SEEN"
echo $$ >"$SEEN.pid"
for last; do :; done
exec sh -c "$last"
`;
/** As a guest that nobody but root may log in to yet, once. */
const asBooting = `#!/bin/sh
if mkdir "$SEEN.booting" 2>/dev/null; then
  echo '"System is booting up. Unprivileged users are not permitted to log in yet. See pam_nologin(8)."' >&2
  exit 255
fi
`;

describe('a program over ssh', () => {
  let dir: string;
  let server: Server;
  let port: number;
  let place: SshPlace;

  const run = (
    words: readonly [string, ...string[]],
    { signal = never, seconds = 60, ...more }: Partial<SshPlace> & { signal?: AbortSignal; seconds?: number } = {},
  ): Promise<EndInGuest> => {
    const [program, ...args] = words;
    return runOverSsh({ vm: 'web', program, args, seconds }, { ...place, ...more }, signal);
  };
  const seen = (): Promise<string> => readFile(join(dir, 'seen'), 'utf8');

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ssh-'));
    server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    for (const [name, text] of [
      ['shell', asShell],
      ['booting', asBooting],
    ] as const) {
      await mkdir(join(dir, name));
      await writeFile(join(dir, name, 'ssh'), text, { mode: 0o755 });
    }
    await mkdir(join(dir, 'a b'));
    place = {
      login: { user: 'vagrant', port },
      uuid: 'the-uuid',
      addressesOf: () => Promise.resolve([{ address: '127.0.0.1', from: 'lease' }]),
      folder: join(dir, 'a b'),
      environment: environmentWith('shell'),
      waitSeconds: 60,
    };
  });
  after(async () => {
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  const environmentWith = (name: string): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${join(dir, name)}:${process.env['PATH'] ?? ''}`,
    SEEN: join(dir, 'seen'),
  });

  it('gets each of its words as it is written', async () => {
    const words = [
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
    ];
    const out = join(dir, 'words');
    assert.deepEqual(await run(['sh', '-c', 'printf "%s\\0" "$@" >"$0"', out, ...words]), { said: '' });
    assert.deepEqual((await readFile(out, 'utf8')).split('\0').slice(0, -1), words);
  });

  it('is run by ssh as the user, with nothing lent, in the folder of the lab', async () => {
    const out = join(dir, 'pwd');
    await run(['sh', '-c', 'pwd -P >"$0"', out]);
    assert.equal((await readFile(out, 'utf8')).trim(), await realpath(place.folder));
    await run(['true']);
    const told = (await seen()).split('\0').slice(0, -1);
    assert.deepEqual(told.slice(-7), ['-p', String(port), '-l', 'vagrant', '--', '127.0.0.1', "'true'"]);
    for (const one of [
      'BatchMode=yes',
      'StrictHostKeyChecking=accept-new',
      'UserKnownHostsFile=known_hosts',
      'HostKeyAlias=the-uuid',
      'ForwardAgent=no',
      'ForwardX11=no',
      'ClearAllForwardings=yes',
      'PermitLocalCommand=no',
      'ControlPath=none',
    ]) {
      assert.equal(told[told.indexOf(one) - 1], '-o', one);
    }
  });

  it('fails with the last of what it said of errors', async () => {
    const { how, said } = await run(['sh', '-c', 'seq 9 >&2; echo fine; printf "\\033[31mno table" >&2; exit 3']);
    assert.ok(how !== undefined);
    assert.equal(said, '8 9 [31mno table');
    assert.ok((await run(['sh', '-c', 'exit 255'])).how !== undefined);
    assert.ok((await run(['sh', '-c', 'kill -9 $$'])).how !== undefined);
    assert.ok((await run(['sh', '-c', 'sleep 600'], { seconds: 0.05 })).how !== undefined);
    assert.ok((await run(['true'], { folder: join(dir, 'none') })).how !== undefined);
  });

  it('ends when it is cancelled', async () => {
    const fifo = join(dir, 'fifo');
    await runOk('mkfifo', [fifo]);
    const stop = new AbortController();
    const running = run(['sh', '-c', 'echo there >"$0"; sleep 600', fifo], { signal: stop.signal });
    await Promise.race([readFile(fifo), running]);
    const pid = (await readFile(join(dir, 'seen.pid'), 'utf8')).trim();
    assert.ok(existsSync(`/proc/${pid}`));
    stop.abort();
    const cancelled = (error: unknown): boolean => error instanceof Failure && error.kind === 'cancelled';
    await assert.rejects(running, cancelled);
    assert.ok(!existsSync(`/proc/${pid}`));
    await assert.rejects(run(['true'], { signal: stop.signal }), cancelled);
    await assert.rejects(run(['true'], { signal: stop.signal, addressesOf: () => Promise.resolve([]) }), cancelled);
  });

  it('waits for a guest whose address comes late, and that lets nobody in yet', async () => {
    let asked = 0;
    const { how } = await run(['true'], {
      environment: environmentWith('booting'),
      addressesOf: () => (asked++ === 0 ? Promise.reject(new Error('no agent')) : place.addressesOf()),
    });
    assert.equal(how, undefined);
    assert.equal(asked, 2);
    assert.ok(existsSync(join(dir, 'seen.booting')));
  });

  it('is not run where there is no address, or nobody answers', async () => {
    await rm(join(dir, 'seen'), { force: true });
    const unknown = await run(['true'], { waitSeconds: 0, addressesOf: () => Promise.resolve([]) });
    assert.ok(unknown.how !== undefined);
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port: nobody } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    assert.ok((await run(['true'], { waitSeconds: 0, login: { user: 'root', port: nobody } })).how !== undefined);
    assert.ok(!existsSync(join(dir, 'seen')));
  });

  it('needs an ssh before anything is made', async () => {
    const labOf = (ssh: string): Parameters<typeof requireSsh>[0] =>
      readLab(
        `version: 1\nname: l\nvms: { a: { existing: x } }\npoints: [{ title: t, run: [{ vm: a, command: [x]${ssh} }] }]\n`,
      ).lab!;
    const none = (): Promise<undefined> => Promise.resolve(undefined);
    await assert.rejects(requireSsh(labOf(', ssh: root'), {}, none), { reason: 'noSsh' });
    await requireSsh(labOf(', ssh: root'), environmentWith('shell'));
    await requireSsh(labOf(''), {}, none);
  });
});
