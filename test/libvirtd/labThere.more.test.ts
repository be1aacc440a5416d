// A lab and a new VM on a host behind the real ssh and a real sshd: what they are made of is sent there, once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { guestBoot, makeProject } from './labGuest.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const text = `version: 1
name: cellar
vms:
  db:
    image: top.qcow2${guestBoot}
  server:
    image: top.qcow2
    copy: true
    disks: [16 MiB]${guestBoot}
    cloudInit: { userData: "#cloud-config" }
points:
  - title: clean
    run:
      - { vm: db, command: [counter, set, "7"] }
`;

describe('a lab on a host behind ssh', () => {
  /** The computer that is there, and one from which it is reached by ssh alone. */
  let [there, here]: CopiesHost[] = [];
  let far: SshHost;
  let project: string;
  let labs: string;

  const lab = (...words: readonly string[]): Promise<string> =>
    here!.run('done', 'lab', ...words, '--file', join(project, 'virt-rewind.yaml'), '--yes');
  const vms = async (): Promise<readonly string[]> =>
    (await there!.rig.virsh('list', '--all', '--name')).split('\n').filter(Boolean).toSorted();
  const images = async (): Promise<readonly string[]> => {
    const store = join(labs, 'virt-rewind-lab-images');
    const names = await readdir(store);
    return Promise.all(names.map(async (name) => `${name} ${String((await stat(join(store, name))).ino)}`));
  };

  before(async () => {
    there = await startCopiesHost();
    const { daemon } = there.rig;
    labs = join(daemon.dir, 'labs');
    far = await makeSshHost(daemon);
    await far.configureServer(`SetEnv PATH=${there.programs}:/usr/bin:/bin`);
    here = await startCopiesHost(() => ({
      XDG_RUNTIME_DIR: daemon.dir,
      LIBVIRT_DEFAULT_URI: far.uri(),
      VIRT_REWIND_LABS: labs,
    }));
    project = join(here.rig.daemon.dir, 'project');
    await makeProject(project);
    const below = ['-F', 'qcow2', '-b', 'base.qcow2'];
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, join(project, 'top.qcow2')]);
    await writeFile(join(project, 'virt-rewind.yaml'), text);
  });
  after(async () => {
    await far.logOut();
    await here?.rig.stop();
    await there?.rig.stop();
  });

  it('is made of files of this computer, reset, and removed with all that was sent', async () => {
    await lab('create');
    assert.deepEqual(await vms(), ['cellar-db', 'cellar-server']);
    // Both VMs are made of one image and what it rests on.
    const sent = await images();
    assert.equal(sent.length, 2);
    assert.match(await here!.run('done', 'run', 'cellar-db', '--', 'counter', 'get'), /^memory 7 /u);
    await here!.run('done', 'run', 'cellar-db', '--', 'counter', 'set', '8');
    await lab('reset');
    assert.match(await here!.run('done', 'run', 'cellar-db', '--', 'counter', 'get'), /^memory 7 /u);
    // The VMs are on that host's files alone.
    const [base, away] = [join(project, 'base.qcow2'), join(project, 'away.qcow2')];
    await rename(base, away);
    await there!.rig.virsh('destroy', 'cellar-server');
    await there!.rig.virsh('start', 'cellar-server');
    await rename(away, base);
    assert.deepEqual(await images(), sent);
    await lab('destroy');
    assert.deepEqual([await vms(), await readdir(labs)], [[], []]);
  });

  it('is made anew where the first attempt died while it sent', async () => {
    const begun = join(there!.rig.daemon.dir, 'begun');
    await runOk('mkfifo', [begun]);
    there!.wrap('dd', `case "$*" in *count_bytes*) : >'${begun}'; cat >/dev/null; exit 1 ;; esac`);
    const words = ['lab', 'create', '--file', join(project, 'virt-rewind.yaml'), '--yes'];
    const first = spawn(process.execPath, [here!.door, ...words], { env: here!.env, stdio: 'ignore' });
    await readFile(begun);
    first.kill('SIGKILL');
    await once(first, 'close');
    there!.unwrap('dd');
    await lab('create');
    assert.deepEqual(await vms(), ['cellar-db', 'cellar-server']);
    assert.equal((await images()).length, 2);
    await lab('destroy');
    assert.deepEqual([await vms(), await readdir(labs)], [[], []]);
  });

  it('is refused where its names are taken there, and nothing is sent', async () => {
    await there!.rig.virsh('define', await definitionOf('cellar-server'));
    await here!.run('refused', 'lab', 'create', '--file', join(project, 'virt-rewind.yaml'), '--yes');
    await there!.rig.virsh('undefine', 'cellar-server');
    assert.deepEqual(await readdir(labs), []);
  });

  it('has a new VM of an image of this computer', async () => {
    const image = join(project, 'base.qcow2');
    await here!.run(
      'late',
      'new',
      'fresh',
      ...['--from', image, '--network', 'none', '--memory', '96M', '--seconds', '1'],
    );
    assert.equal(await there!.rig.virsh('domstate', 'fresh'), 'running');
    await here!.run('done', 'new', 'fresh', '--remove', '--yes');
    assert.deepEqual([await vms(), await readdir(labs)], [[], []]);
  });

  async function definitionOf(name: string): Promise<string> {
    const file = join(project, `${name}.xml`);
    await writeFile(
      file,
      `<domain type='qemu'><name>${name}</name><memory>65536</memory><os><type>hvm</type></os></domain>`,
    );
    return file;
  }
});
