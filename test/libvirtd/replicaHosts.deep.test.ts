// `virt-rewind replicate` to a host behind the real ssh and a real sshd.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { CopiedTree } from './copiesTree.js';
import { runTool } from './insideImages.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const name = 'web';

describe('replicas on a host behind ssh', () => {
  let [here, there]: CopiesHost[] = [];
  let far: SshHost;
  let tree: CopiedTree;
  let folder: string;

  before(async () => {
    there = await startCopiesHost();
    const { daemon } = there.rig;
    far = await makeSshHost(daemon);
    here = await startCopiesHost(() => ({ XDG_RUNTIME_DIR: daemon.dir }));
    folder = join(daemon.dir, 'replicas', name);
    tree = new CopiedTree(here, name);
    await tree.make();
  });
  after(async () => {
    await far.logOut();
    await here?.rig.stop();
    await there?.rig.stop();
  });

  async function replicate(): Promise<number> {
    const words = ['replicate', name, '--to-host', far.uri(), '--folder', join(folder, '..')];
    const { replica } = await here!.json<{ replica: { sentBytes: number } }>(...words);
    await runTool('sh', '-c', `cd '${folder}' && sha256sum --strict --quiet -c SHA256SUMS`);
    return replica.sentBytes;
  }

  it('get what is new, and become the VM there', async () => {
    assert.ok((await replicate()) > 16 * 1024 * 1024);
    await tree.change(4, '20M');
    await tree.take('later', 'offline');
    assert.ok((await replicate()) < 4 * 1024 * 1024);
    await tree.keepContents();
    const images = join(there!.rig.daemon.dir, 'images-there');
    await there!.run('done', 'restore', folder, '--folder', images);
    await tree.requireSame(there!);
    assert.deepEqual(readdirSync(images), [name]);
  });
});
