// A real Debian cloud image, fetched from a web server that breaks off, becomes a VM that cloud-init has configured:
// told as ready then, and logged in to over ssh with our key and no question. By its name too, after a revert, as its
// clones and forks are.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { debianCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import type { VmView } from '../../src/live/views.js';
import type { Session } from '../../src/session/session.js';
import { guestWay } from '../../src/wings/guest/ssh/guestWay.js';
import { writeEntry } from '../../src/wings/guest/ssh/sshConfig.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { WebServer } from '../webServer.js';
import type { Daemon } from './engineRig.js';
import { startNetwork } from './networkRig.js';
import { makeSshHost } from './sshRig.js';

interface Answer {
  readonly created: {
    readonly partly: boolean;
    readonly login?: string;
  };
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  process.stdout.write('      skipped: only root can make a Debian by debootstrap\n');
}

(isRoot ? describe : describe.skip)('a new VM of a real cloud image', () => {
  let daemon: Daemon;
  let web: WebServer;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  /** The words before a program that shall reach the guests. */
  let inNetwork: readonly string[];
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const inside = (...words: readonly string[]): ReturnType<typeof runProgram> => {
    const [first = '', ...rest] = [...inNetwork, ...words];
    return runProgram(first, rest, { env: environment });
  };
  const cli = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await inside(process.execPath, program, ...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    inNetwork = await startNetwork(daemon);
    web = new WebServer();
    await web.start();
    await mkdir(at('state'), { mode: 0o700 });
    await mkdir(at('home'));
    const bytes = await readFile(await debianCloudImage());
    web.files.set('debian.qcow2', { bytes, breaksAfter: Math.ceil(bytes.length / 3) });
    const sum = createHash('sha256').update(bytes).digest('hex');
    web.files.set('SHA256SUMS', { bytes: Buffer.from(`${sum} *debian.qcow2\n`) });
    const catalogue = { mine: { address: web.at('debian.qcow2'), sums: web.at('SHA256SUMS') } };
    await writeFile(at('state', 'images.json'), JSON.stringify(catalogue));
    environment = {
      ...daemon.env,
      ...{
        HOME: at('home'),
        VIRT_REWIND_STATE: at('state'),
        VIRT_REWIND_LABS: at('labs'),
        LIBVIRT_DEFAULT_URI: daemon.uri,
        LC_ALL: 'C',
      },
    };
    program = await buildDoor('commandLine', at('program'));
  });
  after(async () => {
    await web.stop();
    await daemon.stop();
  });

  it('is fetched, created, configured and logged in to', async () => {
    const options = ['--memory', '768M', '--disk', '4G', '--cpus', '2', '--user', 'ann'];
    // The web server is not in the network of the guests.
    const fetched = await runProgram(process.execPath, [program, 'images', 'fetch', 'mine'], { env: environment });
    assert.equal(fetched.code, 0, fetched.stderr);
    const answer = JSON.parse(await cli('new', 'mine', 'web', ...options, '--json')) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    const { partly, login } = answer.created;
    assert.deepEqual([partly, login], [false, 'virt-rewind ssh web']);
    assert.ok(web.asked.filter((one) => one.startsWith('debian.qcow2')).length >= 3);

    const inGuest = 'id -un; sudo -n id -un; cat /etc/hostname; df -B1M --output=size / | tail -1';
    const said = await inside(process.execPath, program, 'ssh', 'web', '--', inGuest);
    assert.equal(said.code, 0, said.stderr);
    const [user, root, host, size] = said.stdout.split('\n').map((line) => line.trim());
    assert.deepEqual([user, root, host], ['ann', 'root', 'web']);
    assert.ok(Number(size) > 3_000, said.stdout);
  });

  it('is reached by its name, after a revert too', async () => {
    await cli('ssh', '--names', 'on');
    assert.equal(await byName('web', 'id -un; echo later >word'), 'ann');
    // From here on nothing in a guest tells libvirt of it.
    await byName('web', 'sudo systemctl disable --now qemu-guest-agent; echo earlier >word; sync');
    await cli('checkpoint', 'web', 'clean', '--kind', 'memory', '--style', 'external');
    await byName('web', 'echo later >word');
    await cli('revert', 'web', 'clean', '--no-checkpoint', '--yes');
    const began = performance.now();
    assert.equal(await byName('web', 'cat word'), 'earlier');
    process.stdout.write(`      ssh by name after a revert: ${Math.round(performance.now() - began)} ms\n`);
    assert.equal((await inside(process.execPath, program, 'ssh', 'web', '--', 'cat word; exit 7')).code, 7);
  });

  it('is reached through another host, whose ssh leads to it', async () => {
    const host = await makeSshHost(daemon);
    const { HostName: address = '', HostKeyAlias: uuid = '' } = await entryOf('web');
    const view = { ref: { connection: daemon.uri, uuid }, vm: { name: 'web', uuid, power: 'running' } };
    const login = { sshHost: () => Promise.resolve({ name: 'far-host', program: host.at('client') }) };
    const guests = {
      addressesOf: () => Promise.resolve([{ address, from: 'lease' }]),
      networksOf: () => Promise.resolve(['virbr0']),
    };
    const engine = { openHost: () => Promise.resolve(login), guests, connections: [], findVm: () => undefined };
    const session = { engine, folder: at('state') } as unknown as Session;
    const wish = { session, environment: daemon.env, signal: new AbortController().signal };
    const way = await guestWay(view as unknown as VmView, wish);
    await writeEntry('far.virt-rewind', 'far', way, { folder: at('state'), log: silentLog });
    const before = await host.logins();
    const entry = at('state', 'ssh', 'now', 'far.virt-rewind');
    const { code, stdout, stderr } = await inside('ssh', '-F', entry, 'far.virt-rewind', 'cat word');
    assert.deepEqual([code, stdout.trim()], [0, 'earlier'], stderr);
    assert.equal(await host.logins(), before + 1);
    await host.logOut();
  });

  it('has a clone that is another computer from its first start on, beside it and without the agent', async () => {
    await cli('clone', 'web', '--from', 'clean', '--name', 'Other');
    await cli('start', 'Other');
    await cli('wait', 'Other', '--port', '22', '--seconds', '900');
    // cloud-init writes the key without the end of its line, for root alone.
    const key = "sudo -n cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub";
    const own = `cat word /etc/machine-id; ${key}; hostname; hostname -I; sudo -n id -un`;
    const [web, other] = await Promise.all(['web', 'other'].map(async (name) => (await byName(name, own)).split('\n')));
    assert.deepEqual([web?.[0], other?.[0]], ['earlier', 'earlier']);
    assert.deepEqual([web?.[3], other?.[3]], ['web', 'Other']);
    assert.deepEqual([web?.[5], other?.[5]], ['root', 'root']);
    for (const [at, what] of [
      [1, 'machine ID'],
      [2, 'host key'],
      [4, 'address'],
    ] as const) {
      assert.notEqual(web?.[at], other?.[at], what);
    }
    const known = await readFile(at('state', 'ssh', 'known_hosts'), 'utf8');
    assert.ok(known.includes(other?.[2] ?? '-'), known);
  });

  it('is never taken for its clone, nor the clone for it', async () => {
    const [web, other] = await Promise.all(['web', 'other'].map(entryOf));
    for (const [name, address] of [
      ['web', other?.['HostName']],
      ['other', web?.['HostName']],
    ] as const) {
      const entry = at('state', 'ssh', 'now', `${name}.virt-rewind`);
      const to = ['-F', entry, '-o', `HostName=${address ?? ''}`, '-o', 'BatchMode=yes', `${name}.virt-rewind`, 'id'];
      const { code, stdout, stderr } = await inside('ssh', ...to);
      assert.deepEqual([code, stdout], [255, ''], stderr);
      assert.match(stderr, /HOST IDENTIFICATION HAS CHANGED/u);
    }
    await cli('stop', 'Other', '--force', '--yes');
  });

  it('has forks that are told from it', async () => {
    await cli('fork', 'web', '--name', 'apart');
    await failsByName('apart', /has no known address/u);
    await cli('fork', 'web', '--name', 'beside', '--network', 'same');
    await failsByName('beside', /have the same address/u);
    await failsByName('web', /have the same address/u);
    await cli('stop', 'web', '--force', '--yes');
    assert.equal(await byName('beside', 'cat word'), 'earlier');
    for (const fork of ['apart', 'beside']) {
      await cli('discard', fork, '--yes');
    }
    await failsByName('beside', /no VM/iu);
  });

  it('is refused with another host key', async () => {
    const known = at('state', 'ssh', 'known_hosts');
    const right = await readFile(known, 'utf8');
    await cli('start', 'web');
    await cli('wait', 'web', '--port', '22', '--seconds', '600');
    assert.equal(await byName('web', 'cat word'), 'earlier');
    await writeFile(
      known,
      right.replaceAll(/ AAAAC3\S+/gu, (key) => `${key.slice(0, -6)}AAAAAA`),
    );
    await failsByName('web', /HOST IDENTIFICATION HAS CHANGED/u);
    await writeFile(known, right);
  });

  it('has a clone with a network where its card was replaced', async () => {
    await byName('web', 'sync');
    await cli('stop', 'web', '--force', '--yes');
    const { stdout: xml } = await daemon.virsh(['dumpxml', 'web', '--inactive']);
    await writeFile(at('web.xml'), xml.replace(/(?<=<mac address=')[^']+/u, '52:54:00:12:34:56'));
    assert.equal((await daemon.virsh(['define', at('web.xml')])).code, 0);
    await cli('clone', 'web', '--name', 'third', '--full');
    await cli('start', 'third');
    await cli('wait', 'third', '--port', '22', '--seconds', '900');
    assert.equal(await byName('third', 'cat word; hostname'), 'earlier\nthird');
    await cli('stop', 'third', '--force', '--yes');
    await cli('discard', 'third', '--yes');
  });

  it('goes with all that was made for it', async () => {
    const seeds = async (): Promise<readonly string[]> =>
      (await readdir(at('labs'), { recursive: true })).filter((name) => name.endsWith('.seed.iso'));
    assert.deepEqual(
      (await seeds()).map((name) => name.replace(/^.*\//u, '')),
      ['Other.seed.iso'],
    );
    await cli('discard', 'Other', '--yes');
    assert.deepEqual(await seeds(), []);
    await cli('new', 'web', '--remove', '--yes');
    for (const gone of ['web', 'other', 'third', 'far']) {
      await failsByName(gone, /no VM/iu);
    }
    assert.deepEqual(await readdir(at('state', 'ssh', 'now')), []);
    await cli('ssh', '--names', 'off');
    assert.equal(await readFile(at('home', '.ssh', 'config'), 'utf8'), '');
    assert.deepEqual(await readdir(at('state', 'new-vms', 'labs')), []);
    await cli('images', 'remove', 'mine');
    assert.deepEqual(await readdir(at('labs', 'virt-rewind-lab-images')), []);
  });

  /** What ssh was told last. */
  async function entryOf(name: string): Promise<Partial<Record<string, string>>> {
    const text = await readFile(at('state', 'ssh', 'now', `${name}.virt-rewind`), 'utf8');
    return Object.fromEntries(
      text.split('\n').map((line): readonly [string, string] => {
        const [key = '', ...words] = line.trim().split(' ');
        return [key, words.join(' ')];
      }),
    );
  }

  function ssh(name: string, command: string): ReturnType<typeof runProgram> {
    const config = at('home', '.ssh', 'config');
    return inside('ssh', '-F', config, '-o', 'BatchMode=yes', `${name}.virt-rewind`, command);
  }

  async function byName(name: string, command: string): Promise<string> {
    const { code, stdout, stderr } = await ssh(name, command);
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  async function failsByName(name: string, why: RegExp): Promise<void> {
    const { code, stdout, stderr } = await ssh(name, 'true');
    assert.equal(code, 255, stdout);
    assert.match(stderr, why);
  }
});
