// The cache of other Debian releases, with a mmdebstrap and an apt-get of ours in the place of the real ones: the one
// counts how often it is called and fails when it is told to, the other knows a mirror.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianRoot } from '../../../scripts/rig/debianRoot.mjs';
import { runOk } from '../../../scripts/rig/run.mjs';

const mmdebstrap = `#!/bin/sh
echo "$@" >>"$HOME/calls"
if [ -e "$HOME/broken" ]; then echo 'I: trying'; echo 'E: Unable to locate package x'; echo 'E: failed' >&2; exit 25; fi
if [ -p "$HOME/gate" ] && mkdir "$HOME/first" 2>&-; then read -r go <"$HOME/gate"; fi
for root; do case $root in */root) break ;; esac; done
mkdir -p "$root/usr/bin" "$root/usr/sbin"
touch "$root/usr/bin/qemu-img" "$root/usr/bin/qemu-system-x86_64"
[ -e "$HOME/without-libvirtd" ] || touch "$root/usr/sbin/libvirtd"
`;

describe('the cache of Debian releases', () => {
  let home: string;
  let said: string[];
  let before: NodeJS.ProcessEnv;
  const fixed = { suite: 'fixed', moves: false };
  const moving = { suite: 'moving', moves: true };
  const get = (release: typeof fixed): Promise<string> => debianRoot(release, (line) => said.push(line));
  const calls = (): number => readFileSync(join(home, 'calls'), 'utf8').trim().split('\n').length;
  const put = (name: string, text = '', mode = 0o644): void => writeFileSync(join(home, name), text, { mode });
  /** Nothing half-made stays beside the releases. */
  const cached = (): string[] => readdirSync(join(home, 'cache/virt-rewind')).map((name) => name.replace(/-\w+$/, ''));
  const age = (dir: string): void => {
    const then = Date.now() / 1000 - 8 * 24 * 60 * 60;
    utimesSync(join(dir, 'made'), then, then);
  };

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'vr-root-'));
    mkdirSync(join(home, 'bin'));
    put('bin/mmdebstrap', mmdebstrap, 0o755);
    put('bin/apt-get', "#!/bin/sh\nprintf 'http://mirror.test/debian/\\nhttp://other.test/\\n'\n", 0o755);
    said = [];
    before = { ...process.env };
    process.env['HOME'] = home;
    process.env['XDG_CACHE_HOME'] = join(home, 'cache');
    process.env['PATH'] = `${join(home, 'bin')}:${process.env['PATH']}`;
  });
  afterEach(() => {
    process.env = before;
    rmSync(home, { recursive: true });
  });

  it('makes each once, and says so', async () => {
    const dir = await get(fixed);
    assert.deepEqual(readdirSync(join(dir, 'usr/sbin')), ['libvirtd']);
    assert.equal(said.length, 1);
    assert.equal(await get(fixed), dir);
    assert.notEqual(await get(moving), dir);
    assert.deepEqual([calls(), said.length], [2, 2]);
    assert.match(readFileSync(join(home, 'calls'), 'utf8'), /^.* fixed \S+ http:\/\/mirror\.test\/debian\/$/m);
    assert.deepEqual(cached().toSorted(), ['debian-fixed', 'debian-moving']);
  });

  it('makes one that moves again after a week, and no other', async () => {
    for (const release of [fixed, moving]) {
      age(await get(release));
    }
    await Promise.all([get(fixed), get(moving)]);
    assert.equal(calls(), 3);
    await get(moving);
    assert.equal(calls(), 3);
    assert.deepEqual(cached().toSorted(), ['debian-fixed', 'debian-moving']);
  });

  it('goes on with an old one where no new one is to be had', async () => {
    const dir = await get(moving);
    age(dir);
    put('broken');
    assert.equal(await get(moving), dir);
    assert.match(said.at(-1)!, /Unable to locate package x/);
    assert.deepEqual(readdirSync(join(dir, 'usr/sbin')), ['libvirtd']);
  });

  it('fails with what apt said, and keeps nothing', async () => {
    put('broken');
    await assert.rejects(get(fixed), /Unable to locate package x$/);
    assert.deepEqual(cached(), []);
  });

  it('does not keep one that lacks what it is for', async () => {
    put('without-libvirtd');
    await assert.rejects(get(fixed), /libvirtd/);
    assert.deepEqual(cached(), []);
  });

  it('keeps the one that is in use when a second maker of it comes late', async () => {
    await runOk('mkfifo', [join(home, 'gate')]);
    const both = [get(fixed), get(fixed)];
    const dir = await Promise.race(both);
    writeFileSync(join(dir, 'in-use'), '');
    await writeFile(join(home, 'gate'), 'go\n');
    assert.deepEqual(await Promise.all(both), [dir, dir]);
    assert.equal(calls(), 2);
    assert.ok(existsSync(join(dir, 'in-use')));
    assert.deepEqual(cached(), ['debian-fixed']);
  });
});
