// ssh by the name of a VM: the names, what the real ssh client understands of our files, and the one line in the user's
// own configuration.
import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, run } from '../../../../scripts/rig/run.mjs';
import { Failure } from '../../../../src/domain/failure.js';
import type { VmView } from '../../../../src/live/views.js';
import { knownGuest, rememberHost, sshFiles } from '../../../../src/wings/guest/make/sshKeys.js';
import type { GuestWay } from '../../../../src/wings/guest/ssh/guestWay.js';
import {
  exclude,
  include,
  isIncluded,
  refreshManaged,
  removeEntries,
  writeEntry,
} from '../../../../src/wings/guest/ssh/sshConfig.js';
import { calledBySsh, sshNameOf, stemOf } from '../../../../src/wings/guest/ssh/sshNames.js';
import {
  includeLine,
  managedConfig,
  managedFile,
  nowFolder,
  withInclude,
} from '../../../../src/wings/guest/ssh/sshTexts.js';
import { silentLog } from '../../../silentLog.js';

const uuid = '11111111-2222-3333-4444-555555555555';
const way: GuestWay = { uuid, address: '192.0.2.7', known: { user: 'ann' } };

describe('a name for ssh', () => {
  for (const [vm, expected] of [
    ['web', 'web'],
    ['Web Test', 'web-test'],
    ['web\nHost *\n ProxyCommand x', 'web-host-proxycommand-x'],
    ['-oProxyCommand=x', 'oproxycommand-x'],
    ['..', undefined],
    ['a.b_c-d', 'a.b_c-d'],
    ["it's; $(x) `y` \\ % * ?", 'it-s-x-y'],
    ['日本', undefined],
    ['x'.repeat(300), 'x'.repeat(100)],
  ] as const) {
    it(`of the VM ${JSON.stringify(vm).slice(0, 40)}`, () => {
      const name = sshNameOf(vm);
      assert.equal(name, expected);
      assert.ok(name === undefined || stemOf(`${name}.virt-rewind`) === name);
    });
  }

  it('is read in any case, and nothing else is', () => {
    assert.equal(stemOf('Web.Virt-Rewind'), 'web');
    for (const typed of [
      'web',
      '.virt-rewind',
      '-x.virt-rewind',
      "a'b.virt-rewind",
      'a b.virt-rewind',
      'a\n.virt-rewind',
    ]) {
      assert.equal(stemOf(typed), undefined, typed);
    }
  });

  it('may mean several VMs, and then the UUID tells which', () => {
    const view = (name: string, id: string): VmView => ({ vm: { name, uuid: id } }) as unknown as VmView;
    const views = [view('Web', '1'), view('web', uuid), view('db', '3'), view(uuid, '4')];
    assert.equal(calledBySsh(views, 'web').length, 2);
    assert.deepEqual(calledBySsh(views, uuid), [views[1]]);
    assert.deepEqual(calledBySsh(views, 'x'), []);
  });
});

describe('the files for ssh', () => {
  let home: string;
  let folder: string;
  let before: string | undefined;
  const log = silentLog;
  const place = (): { folder: string; log: typeof log } => ({ folder, log });
  const config = (): string => join(home, '.ssh/config');
  const command = ['/usr/bin/node', '/opt/x/commandLine.js'];
  const refuses = async (why: string, changing: Promise<unknown>): Promise<void> => {
    await assert.rejects(changing, (error: unknown) => {
      assert.ok(error instanceof Failure && error.reason === 'sshConfig', String(error));
      assert.equal((error.details.reason?.facts as { readonly why?: string }).why, why);
      return true;
    });
  };

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'ssh-names-'));
    folder = join(home, 'a state');
    before = process.env['HOME'];
    process.env['HOME'] = home;
  });
  afterEach(async () => {
    process.env['HOME'] = before;
    await rm(home, { recursive: true });
  });

  it('are included by one line, and not any more when it is taken out', async () => {
    assert.equal(await isIncluded(place()), false);
    await Promise.all([include(command, place()), include(command, place())]);
    assert.equal(await isIncluded(place()), true);
    assert.equal(await readFile(config(), 'utf8'), `${includeLine(folder)}\n`);
    assert.deepEqual(
      [(await stat(config())).mode & 0o777, (await stat(join(home, '.ssh'))).mode & 0o777],
      [0o600, 0o700],
    );
    await writeEntry('web.virt-rewind', 'web', way, place());
    await exclude(place());
    assert.equal(await readFile(config(), 'utf8'), '');
    assert.deepEqual(await readdir(sshFiles(folder).folder), []);
    await exclude(place());
  });

  it('leave all else in the user’s own as it is', async () => {
    await mkdir(join(home, '.ssh'));
    for (const text of ['Host x\r\n  User y\r\n', 'Host x\n', '\n', 'Host \xE4\xFF', `Include ~/other\n`]) {
      await writeFile(config(), text, 'latin1');
      await chmod(config(), 0o644);
      await include(command, place());
      const end = text.includes('\r') ? '\r\n' : '\n';
      assert.equal(await readFile(config(), 'latin1'), `${includeLine(folder)}${end}${text}`);
      assert.equal((await stat(config())).mode & 0o777, 0o644);
      await include(command, place());
      await exclude(place());
      assert.equal(await readFile(config(), 'latin1'), text);
    }
    assert.deepEqual(await readdir(join(home, '.ssh')), ['config']);
  });

  it('are included where the user’s own is a link, and refused where it is not theirs', async () => {
    await mkdir(join(home, '.ssh'));
    const real = join(home, 'dotfiles');
    await writeFile(real, 'Host x\n');
    await symlink(real, config());
    await include(command, place());
    assert.ok((await lstat(config())).isSymbolicLink());
    assert.equal(await readFile(real, 'utf8'), `${includeLine(folder)}\nHost x\n`);
    await rm(real);
    await refuses('nowhere', include(command, place()));
    await rm(config());
    await symlink('config', config());
    await refuses('nowhere', include(command, place()));
    await rm(config());
    await mkdir(config());
    await refuses('notOurs', include(command, place()));
    await rm(config(), { recursive: true });
    await writeFile(config(), 'x'.repeat(1024 * 1024 + 1));
    await refuses('tooLong', include(command, place()));
    await rm(config());
    await symlink('/proc/self/status', config());
    await assert.rejects(include(command, place()));
  });

  it('stay one file with another name of the user’s own', async () => {
    await mkdir(join(home, '.ssh'));
    const other = join(home, 'dotfiles');
    await writeFile(other, 'Host x\n', { mode: 0o640 });
    await link(other, config());
    await include(command, place());
    assert.equal(await readFile(other, 'utf8'), `${includeLine(folder)}\nHost x\n`);
    await exclude(place());
    assert.equal(await readFile(other, 'utf8'), 'Host x\n');
    assert.equal((await stat(other)).ino, (await stat(config())).ino);
    assert.equal((await stat(other)).mode & 0o777, 0o640);
    assert.deepEqual(await readdir(join(home, '.ssh')), ['config']);
  });

  it('name no path that ssh or a shell would read for more', async () => {
    for (const odd of ['/a"b', '/a%h', "/a'b", '/a*', '/a\nb', '/a\\b', '/$HOME']) {
      assert.throws(() => managedConfig(['/usr/bin/node', odd], folder), { reason: 'sshConfig' }, odd);
      assert.throws(() => includeLine(odd), { reason: 'sshConfig' }, odd);
    }
    await refuses('oddPath', include(command, { folder: '/a*', log }));
  });

  it('are written anew for another version, only where they are included', async () => {
    await refreshManaged(command, place());
    assert.deepEqual(await readdir(home), []);
    await include(command, place());
    await refreshManaged(['/usr/bin/node', '/opt/newer/commandLine.js'], place());
    assert.match(await readFile(managedFile(folder), 'utf8'), /newer/u);
  });

  it('know a clone by what it was made of, until somebody takes that out', async () => {
    await mkdir(sshFiles(folder).folder, { recursive: true });
    assert.equal(await knownGuest(folder, { uuid }, []), undefined);
    await rememberHost(folder, { uuid, user: 'ann', publicKey: 'ssh-ed25519 AAAA virt-rewind' });
    await appendFile(sshFiles(folder).hosts, `asked ssh-ed25519 BBBB\nasked-too ssh-ed25519 BBBB root@x\n`);
    assert.deepEqual(await knownGuest(folder, { uuid }, []), { user: 'ann' });
    assert.equal(await knownGuest(folder, { uuid: 'asked' }, []), undefined);
    assert.equal(await knownGuest(folder, { uuid: 'asked-too' }, []), undefined);
    assert.deepEqual(await knownGuest(folder, { uuid: 'clone' }, [{ uuid: 'gone' }, { uuid }]), { user: 'ann' });
    const known = await readFile(sshFiles(folder).hosts, 'utf8');
    assert.match(known, /^clone ssh-ed25519 AAAA ann$/mu);
    assert.deepEqual(await knownGuest(folder, { uuid: 'clone of the clone' }, [{ uuid: 'clone' }]), { user: 'ann' });
    // One with a seed of its own has the key of that, and so have those that are made of it.
    const own = { uuid: 'own', hostKey: 'ssh-ed25519 CCCC' };
    assert.deepEqual(await knownGuest(folder, { uuid: 'of own' }, [own, { uuid }]), { user: 'ann' });
    assert.deepEqual(await knownGuest(folder, own, [{ uuid }]), { user: 'ann' });
    const lines = await readFile(sshFiles(folder).hosts, 'utf8');
    assert.match(lines, /^of own ssh-ed25519 CCCC ann$/mu);
    assert.match(lines, /^own ssh-ed25519 CCCC ann$/mu);
    await writeFile(sshFiles(folder).hosts, known.replace(/^clone .*\n/mu, ''));
    assert.equal(await knownGuest(folder, { uuid: 'clone' }, [{ uuid }]), undefined);
  });

  it('lose what leads nowhere any more', async () => {
    for (const name of ['web', 'db', 'old']) {
      await writeEntry(`${name}.virt-rewind`, name, way, place());
    }
    await utimes(join(nowFolder(folder), 'old.virt-rewind'), 1, 1);
    await removeEntries('web', place());
    assert.deepEqual(await readdir(nowFolder(folder)), ['db.virt-rewind']);
  });

  it('are what the real ssh understands, and nothing is run for another name', async function () {
    const ssh = await findProgram('ssh');
    if (ssh === undefined) {
      process.stdout.write('        skipped: there is no ssh\n');
      this.skip();
    }
    const [entry, prepare, asked] = [join(home, 'entry'), join(home, 'prepare it'), join(home, 'asked')];
    await writeFile(
      prepare,
      `#!/bin/sh\nprintf '%s\\n' "$@" >>'${asked}'\n[ -e '${entry}' ] || exit 1\nmkdir -p '${nowFolder(folder)}'\ncp '${entry}' '${nowFolder(folder)}/'\n`,
      { mode: 0o755 },
    );
    await mkdir(join(home, '.ssh'));
    await writeFile(config(), 'Host *\n  User somebody\n  ProxyJump elsewhere\n  StrictHostKeyChecking no\n');
    await include([prepare], place());
    const told = async (name: string): Promise<ReadonlyMap<string, string>> => {
      const { code, stdout, stderr } = await run(ssh, ['-G', '-F', config(), name]);
      assert.equal(code, 0, stderr);
      return new Map(stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line.replace(/^\S+ /u, '')]));
    };
    const proxy = { program: 'ssh', args: ['-W', '[192.0.2.7]:22', '-o', 'ControlPath="/run/%C"', '--', 'host'] };
    for (const [given, expected] of [
      [way, { user: 'ann', stricthostkeychecking: 'true', identitiesonly: 'yes', proxycommand: undefined }],
      [
        { uuid, address: '192.0.2.7', proxy },
        {
          user: 'somebody',
          stricthostkeychecking: 'ask',
          proxycommand: `'ssh' '-W' '[192.0.2.7]:22' '-o' 'ControlPath="/run/%%C"' '--' 'host'`,
        },
      ],
    ] as const) {
      await writeEntry('Web.virt-rewind', 'web', given, place());
      await writeFile(entry, await readFile(join(nowFolder(folder), 'web.virt-rewind')));
      for (const name of ['web.virt-rewind', 'Web.virt-rewind']) {
        const all = await told(name);
        const common = { hostname: '192.0.2.7', hostkeyalias: uuid, controlmaster: 'false', ...expected };
        for (const [key, value] of Object.entries(common)) {
          assert.equal(all.get(key), value, `${key} of ${name}`);
        }
        assert.ok(all.get('userknownhostsfile')?.includes('a state/ssh/known_hosts'));
      }
    }
    assert.deepEqual((await readFile(asked, 'utf8')).split('\n').slice(0, 4), [
      'ssh',
      '--prepare',
      '--',
      'web.virt-rewind',
    ]);
    // It has failed: no other name is looked for, and nothing of an earlier answer is used.
    await rm(entry);
    await rm(nowFolder(folder), { recursive: true });
    assert.equal((await told('gone.virt-rewind')).get('proxycommand'), 'exit 1');
    await rm(asked);
    for (const name of [
      'web',
      'virt-rewind',
      `x';touch y;'.virt-rewind`,
      'x\\.virt-rewind',
      'web.virt-rewind.example.org',
    ]) {
      await run(ssh, ['-G', '-F', config(), name]);
    }
    assert.ok(!(await readdir(home)).includes('asked'));
  });
});

describe('the line in a configuration', () => {
  it('is found with blanks around it, and alone', () => {
    assert.equal(withInclude('  Include "x" \nHost y\n', 'Include "x"', false), 'Host y\n');
    assert.equal(withInclude('#Include "x"\n', 'Include "x"', true), 'Include "x"\n#Include "x"\n');
  });
});
