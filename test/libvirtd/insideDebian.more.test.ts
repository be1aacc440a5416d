// A real Debian that runs: what `apt install` of a package changed in it, by an independent reader's word (e2fsprogs);
// yesterday's texts, and one of them back in the guest.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { defineDebianGuest, offeredPackage } from '../../scripts/guest/debianGuest.mjs';
import { runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { faultsOf } from '../answerFaults.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { differencesOf, runTool } from './insideImages.js';

const vm = 'debian';

interface Changed {
  readonly fileSystems: readonly {
    readonly name: string;
    readonly changes: readonly Readonly<Record<string, string>>[];
  }[];
  readonly packages: readonly Readonly<Record<string, unknown>>[];
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  process.stdout.write('      skipped: only root can make a Debian by debootstrap\n');
}

(isRoot ? describe : describe.skip)('the files of a real Debian', () => {
  let rig: LiveRig;
  let run: (...words: readonly string[]) => Promise<string>;
  const at = (name: string): string => join(rig.daemon.dir, name);

  const inGuest = async (script: string): Promise<string> => {
    const { stdout, stderr, code } = await runInGuest(rig.daemon.virsh, vm, '/bin/sh', ['-c', script]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };

  before(async () => {
    rig = await startLiveRig();
    mkdirSync(at('journal'));
    const program = await buildDoor('commandLine', at('program'));
    const env = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: at('journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      LC_ALL: 'C.UTF-8',
    };
    run = async (...words) => {
      const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env });
      assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    };
    await defineDebianGuest(rig.daemon, vm);
    await rig.virsh('start', vm);
    await waitForAgent(rig.daemon.virsh, vm);
    await inGuest("printf '127.0.0.1\\tlocalhost\\n' > /etc/hosts && chmod 640 /etc/hosts && sync");
    await rig.virsh('snapshot-create-as', vm, 'yesterday', '--disk-only');
    await inGuest(`apt-get install -y --no-install-recommends ${offeredPackage} &&
      printf '127.0.0.1\\tlocalhost debian\\n' > /etc/hosts && rm /etc/issue && sync`);
    await rig.virsh('snapshot-create-as', vm, 'today', '--disk-only');
  });
  after(() => rig.stop());

  it('are told of by packages, with their versions, as dpkg in the guest has them', async () => {
    const installed = (await inGuest("dpkg-query -W -f '${Package} ${Architecture} ${Version}\\n'")).split('\n').sort();
    const log = await inGuest('grep -h " install " /var/log/dpkg.log | tail -n 3');
    assert.match(log, new RegExp(` install ${offeredPackage}:`, 'u'));
    const { packages } = await changed();
    const names = log.split('\n').map((line) => line.split(' ')[3]?.split(':')[0] ?? '');
    assert.deepEqual(
      packages,
      installed.flatMap((line) => {
        const [name = '', architecture, after] = line.split(' ');
        return names.includes(name) ? [{ name, architecture, manager: 'dpkg', after }] : [];
      }),
    );
  });

  async function changed(...words: readonly string[]): Promise<Changed> {
    const answer = JSON.parse(await run('changed', vm, 'yesterday', 'today', ...words, '--json')) as Changed;
    assert.deepEqual(faultsOf(answer), []);
    return answer;
  }

  /** All files of a snapshot, as e2fsprogs reads them: what was only in the journal too. */
  async function unpack(snapshot: string, layer: string): Promise<string> {
    const [raw, folder] = [at(`${snapshot}.raw`), at(snapshot)];
    await runTool('qemu-img', 'convert', '-U', '-O', 'raw', layer, raw);
    await runProgram('e2fsck', ['-fy', raw]);
    mkdirSync(folder);
    await runTool('debugfs', '-R', `rdump / ${folder}`, raw);
    return folder;
  }

  async function wholeOf(folder: string): Promise<ReadonlyMap<string, string>> {
    const all = new Map<string, string>();
    const walk = async (path: string): Promise<void> => {
      const { mode, uid, gid } = await lstat(join(folder, path));
      const kind = mode & 0o170000;
      const isFile = kind === 0o100000;
      const content = isFile
        ? (await readFile(join(folder, path))).toString('base64')
        : kind === 0o120000
          ? await readlink(join(folder, path))
          : '';
      all.set(path, [kind, kind === 0o120000 ? '' : mode, uid, gid, content].join(' '));
      if (kind === 0o040000) {
        for (const name of await readdir(join(folder, path))) {
          await walk(`${path}/${name}`);
        }
      }
    };
    await walk('');
    return all;
  }

  it('are listed where an independent reader finds them changed, and nowhere else', async () => {
    const base = at(`${vm}.qcow2`);
    const [before, after] = [await unpack('yesterday', base), await unpack('today', at(`${vm}.yesterday`))];
    const expected = differencesOf(await wholeOf(before), await wholeOf(after));
    const { fileSystems } = await changed();
    const found = fileSystems.flatMap(({ changes }) =>
      changes.map(({ path = '', change }) => `${change} ${path.replace(/\/$/u, '')}`),
    );
    assert.deepEqual(found.sort(), [...expected].sort());
    for (const path of (
      await inGuest(`dpkg -L ${offeredPackage} | while read -r f; do [ -f "$f" ] && readlink -f "$f"; done`)
    ).split('\n')) {
      assert.ok(found.includes(`added ${path}`), path);
    }
    for (const line of [
      'changed /var/lib/dpkg/status',
      'changed /etc/group',
      'changed /etc/hosts',
      'removed /etc/issue',
    ]) {
      assert.ok(found.includes(line), line);
    }
    assert.match(await run('changed', vm, 'yesterday', 'today', '--stat'), /^\/etc\/ /mu);
    assert.match(await run('changed', vm, 'yesterday', 'today', '/etc/group'), /^\+crontab:x:\d+:$/mu);
  });

  it('are those of yesterday, byte by byte', async () => {
    await run('files', `${vm}@yesterday`, 'copy', '/var/lib/dpkg', at('dpkg'));
    await runTool('diff', '-r', '--no-dereference', at('yesterday/var/lib/dpkg'), at('dpkg'));
    assert.equal(await run('files', `${vm}@yesterday`, 'cat', '/etc/hosts'), '127.0.0.1\tlocalhost\n');
    assert.equal(await run('files', `${vm}@today`, 'cat', '/etc/hosts'), '127.0.0.1\tlocalhost debian\n');
  });

  it('come back into the guest, one and no other', async () => {
    await run('files', `${vm}@yesterday`, 'restore', '/etc/hosts', '--yes');
    assert.equal(await inGuest("stat -c '%a %U' /etc/hosts; cat /etc/hosts"), '640 root\n127.0.0.1\tlocalhost');
    assert.match(await inGuest('grep crontab /etc/group'), /^crontab/u);
  });
});
