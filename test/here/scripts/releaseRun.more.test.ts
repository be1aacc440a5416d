// A release of this checkout, made in a copy of it: refused while something is wrong, complete in the dry run, with
// nothing published; and what its Debian package holds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run, runOk } from '../../../scripts/rig/run.mjs';
import { root } from '../../../scripts/rig/root.mjs';

const hasDpkg = spawnSync('dpkg-deb', ['--version']).error === undefined;

describe('npm run release', () => {
  let copy: string;
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const folder = (): string => join(copy, `artifacts/release-${version}`);
  const git = (...words: readonly string[]): Promise<string> =>
    runOk('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...words], { cwd: copy });
  const release = (...words: readonly string[]): ReturnType<typeof run> =>
    run(process.execPath, ['scripts/release.mjs', ...words], {
      cwd: copy,
      env: { ...process.env, VIRT_REWIND_ROOT: copy },
    });

  before(async () => {
    // Below the checkout, on whose file system its modules are.
    mkdirSync(join(root, 'out-test'), { recursive: true });
    copy = mkdtempSync(join(root, 'out-test/release-'));
    const files = await runOk('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
    for (const file of files.split('\0').filter((one) => one !== '' && existsSync(join(root, one)))) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(root, file), join(copy, file));
    }
    // As links to the same files: a bundle names its sources by where they really are.
    await runOk('cp', ['-al', join(root, 'node_modules'), copy]);
    rmSync(join(copy, 'node_modules/.cache'), { recursive: true, force: true });
    await git('init', '--quiet');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'All');
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it('refuses what is no release, with all reasons, and makes nothing', async () => {
    await git('tag', `v${version}`);
    writeFileSync(join(copy, 'more.txt'), '');
    const { code, stdout } = await release();
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^Refused: .*not committed/mu);
    assert.match(stdout, new RegExp(`^Refused: .*v${version}`, 'mu'));
    assert.ok(!existsSync(folder()));
    await git('tag', '--delete', `v${version}`);
    rmSync(join(copy, 'more.txt'));
  });

  it('makes everything in the dry run, and publishes nothing', async () => {
    const { code, stdout, stderr } = await release('--dry-run');
    assert.equal(code, 0, stdout + stderr);
    const deb = hasDpkg ? [`${name}_${version}_all.deb`] : [];
    const packages = [`${name}-${version}.vsix`, `${name}-${version}.tgz`, ...deb];
    assert.deepEqual(readdirSync(folder()).toSorted(), ['NOTES.md', 'SHA256SUMS', ...packages].toSorted());
    const checked = await runOk('sha256sum', ['--check', 'SHA256SUMS'], { cwd: folder() });
    assert.equal(checked.match(/: OK$/gmu)?.length, packages.length);
    assert.match(stdout, new RegExp(`^npx vsce publish --packagePath artifacts/release-${version}/.*\\.vsix$`, 'mu'));
    assert.equal(await git('tag', '--list'), '');
    assert.equal(await git('status', '--porcelain'), '');
  });

  it('has the licences of others in each package', async () => {
    const notices = readFileSync(join(copy, 'NOTICES'), 'utf8');
    const tgz = join(folder(), `${name}-${version}.tgz`);
    assert.equal(await runOk('tar', ['-xzOf', tgz, 'package/NOTICES']), notices);
    // The names of files stand in a ZIP file as they are.
    assert.ok(readFileSync(join(folder(), `${name}-${version}.vsix`)).includes('extension/NOTICES'));
  });

  (hasDpkg ? describe : describe.skip)('the Debian package', () => {
    const file = (): string => join(folder(), `${name}_${version}_all.deb`);
    const at = (path: string): string => join(copy, 'out-test/deb', path);
    before(async () => {
      mkdirSync(at(''), { recursive: true });
      await runOk('dpkg-deb', ['--extract', file(), at('')]);
    });

    it('runs', async () => {
      // Where Node.js is on this machine, another package may say.
      const { code, stdout, stderr } = await run(process.execPath, [at('usr/bin/virt-rewind'), '--version']);
      assert.deepEqual([code, stdout], [0, `${version}\n`], stderr);
      assert.ok(readFileSync(at('usr/share/virt-rewind/dist/commandLine.js'), 'utf8').startsWith('#!/usr/bin/node\n'));
    });

    it('loads all that commands need', async () => {
      const state = join(copy, 'out-test/state');
      const env = { ...process.env, VIRT_REWIND_STATE: state, LC_ALL: 'C' };
      const program = at('usr/bin/virt-rewind');
      // Which is asked often, and must not wait for what it needs none of: half of all.
      const later = at('usr/share/virt-rewind/dist/later.js');
      renameSync(later, `${later}.away`);
      const read = await run(process.execPath, [program, 'history'], { env });
      assert.equal(read.code, 0, read.stderr);
      renameSync(`${later}.away`, later);
      const level = join(
        root,
        `levels/${readFileSync(join(root, 'levels/order.txt'), 'utf8').split('\n')[0]}.level.yaml`,
      );
      const checked = await run(process.execPath, [program, 'level', 'check', level], { env });
      assert.equal(checked.code, 0, checked.stderr);
      const listed = await run(process.execPath, [program, 'level', 'list', '--json'], { env });
      assert.equal(listed.code, 0, listed.stderr);
      assert.ok(existsSync(at('usr/share/virt-rewind/dist/lesson.bin')));
    });

    it('has a manual page, completions and the licences, and no Node.js and no script', async () => {
      const { stdout: list } = await run('dpkg-deb', ['--contents', file()]);
      for (const path of [
        './usr/share/man/man1/virt-rewind.1.gz',
        './usr/share/bash-completion/completions/virt-rewind',
        './usr/share/zsh/vendor-completions/_virt_rewind',
        './usr/share/fish/vendor_completions.d/virt-rewind.fish',
      ]) {
        assert.ok(list.includes(path), path);
      }
      const others = list.split('\n').filter((line) => line !== '' && !/^[-dl]\S+ root\/root /u.test(line));
      assert.deepEqual(others, []);
      const control = await runOk('dpkg-deb', ['--info', file()]);
      assert.doesNotMatch(control, /preinst|postinst|prerm|postrm/u);
      const copyright = readFileSync(at('usr/share/doc/virt-rewind/copyright'), 'utf8');
      assert.ok(copyright.includes(readFileSync(join(copy, 'NOTICES'), 'utf8')));
    });

    it('completes words in bash', async () => {
      // Its first line may name no Node.js of this machine.
      const script = `node=$1 program=$2; virt-rewind() { "$node" "$program" "$@"; }; source "$3"
        COMP_LINE='virt-rewind checkp'; COMP_POINT=18; _virt_rewind; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const places = [at('usr/bin/virt-rewind'), at('usr/share/bash-completion/completions/virt-rewind')];
      const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', process.execPath, ...places]);
      assert.equal(stdout, 'checkpoint\n');
    });

    it('is made of the same bytes again', async () => {
      const again = join(copy, 'out-test/again');
      const program = `process.umask(0o077);
        const { packDeb } = await import('./scripts/debPackage.mjs');
        await packDeb(process.argv[1], new Date(process.argv[2] * 1000));`;
      mkdirSync(again);
      const when = (await git('log', '-1', '--format=%ct')).trim();
      await runOk(process.execPath, ['--input-type=module', '-e', program, again, when], {
        cwd: copy,
        env: { ...process.env, VIRT_REWIND_ROOT: copy },
      });
      assert.ok(readFileSync(file()).equals(readFileSync(join(again, `${name}_${version}_all.deb`))));
    });
  });
});
