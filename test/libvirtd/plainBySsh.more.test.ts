// Exports and replicas of a VM on a host behind the real ssh and a real sshd: its files come from there.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { faultsOf } from '../answerFaults.js';
import { contentFile, type CopiesHost, startCopiesHost, writePattern } from './copiesRig.js';
import { CopiedTree } from './copiesTree.js';
import { run } from '../../scripts/rig/run.mjs';
import { runTool } from './insideImages.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const name = 'web';

describe('exports and replicas of a VM on a host behind ssh', () => {
  /** The computer with the VM, the one that the copies come to, and a third. */
  let [there, here, other]: CopiesHost[] = [];
  let [far, third]: SshHost[] = [];
  let tree: CopiedTree;
  let dir: string;

  before(async () => {
    [there, other] = [await startCopiesHost(), await startCopiesHost((own) => ({ XDG_RUNTIME_DIR: own }))];
    ({ dir } = there.rig.daemon);
    far = await makeSshHost(there.rig.daemon);
    await far.configureServer(`SetEnv PATH=${there.programs}:/usr/bin:/bin`);
    third = await makeSshHost(other.rig.daemon, 'third-host');
    here = await startCopiesHost(() => ({ XDG_RUNTIME_DIR: dir, LIBVIRT_DEFAULT_URI: far!.uri() }));
    tree = new CopiedTree(there, name);
    await tree.make();
    await tree.keepContents();
  });
  after(async () => {
    await far?.logOut();
    // Opened from here, by the state folder of `here`.
    const shared = `ControlPath=${join(dir, 'virt-rewind', '%C')}`;
    await run(third!.at('client'), ['-O', 'exit', '-o', shared, 'third-host']);
    const ofOther = `ControlPath=${join(other!.rig.daemon.dir, 'virt-rewind', '%C')}`;
    await run(far!.at('client'), ['-O', 'exit', '-o', ofOther, 'far-host']);
    for (const one of [there, here, other]) {
      await one?.rig.stop();
    }
  });
  afterEach(() => there?.unwrap('dd'));

  const at = (folder: string): string => join(here!.rig.daemon.dir, folder);

  async function requireTree(host: CopiesHost): Promise<void> {
    const list = ['snapshot-list', name, '--tree'] as const;
    assert.equal(await host.rig.virsh(...list), await there!.rig.virsh(...list));
    await tree.requireSame(host);
  }

  it('are not there where the connection is cut or a file is written to', async () => {
    const out = at('cut');
    const begun = join(dir, 'begun');
    there!.wrap('dd', `case "$*" in *status=progress*) : >'${begun}'; while echo x; do sleep 0.1; done; exit 1;; esac`);
    const running = here!.run('failed', 'export', name, '--to', out);
    while (!existsSync(begun)) {
      await wait(20);
    }
    await far!.logOut();
    assert.match(await running, /interrupted|connection/u);
    assert.deepEqual(readdirSync(out), []);
    there!.wrap('dd', `case "$*" in *status=progress*) touch '${await contentFile(there!, name)}';; esac`);
    assert.match(await here!.run('failed', 'export', name, '--to', out), /changed during/u);
    there!.wrap('dd', 'case "$*" in *status=progress*) echo no such disk >&2; exit 1;; esac');
    assert.match(await here!.run('failed', 'export', name, '--to', out), /no such disk/u);
    assert.deepEqual(readdirSync(out), []);
  });

  it('are kept up to date on a third host', async () => {
    const folder = join(other!.rig.daemon.dir, 'replicas');
    const replicate = async (): Promise<number> => {
      const words = ['replicate', name, '--to-host', third!.uri(), '--folder', folder] as const;
      const answer = await here!.json<{ replica: { sentBytes: number } }>(...words);
      assert.deepEqual(faultsOf(answer), []);
      return answer.replica.sentBytes;
    };
    assert.ok((await replicate()) > 0);
    assert.equal(await replicate(), 0);
    await writePattern(await contentFile(there!, name), 9, '2M');
    await tree.keepContents();
    assert.ok((await replicate()) > 0);
    const images = join(other!.rig.daemon.dir, 'restored');
    const take = ['restore', join(folder, name), '--folder', images, '--original', far!.uri()] as const;
    const answer = await other!.json<{ restored: { replica: { original: string } } }>(...take);
    assert.deepEqual(faultsOf(answer), []);
    assert.equal(answer.restored.replica.original, 'same');
    await requireTree(other!);
    assert.match(
      await here!.run('refused', 'replicate', name, '--to-host', third!.uri(), '--folder', folder),
      /already/u,
    );
  });

  it('come to a folder of this computer, whole', async () => {
    mkdirSync(at('out'));
    const answer = await here!.json<{ export: { folder: string } }>('export', name, '--to', at('out'));
    assert.deepEqual(faultsOf(answer), []);
    const { folder } = answer.export;
    assert.deepEqual(readdirSync(at('out')), [name]);
    await runTool('sh', '-c', `cd '${folder}' && sha256sum --strict -c SHA256SUMS`);
    await here!.run('done', 'restore', folder, '-c', here!.rig.uri, '--folder', at('restored'));
    await requireTree(here!);
  });
});
