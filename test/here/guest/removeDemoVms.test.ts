// Removing the demo takes its own files and leaves what the extension keeps beside them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeDemoVms } from '../../../scripts/guest/demoVms.mjs';

/** A libvirt without VMs. */
const virsh = (args: readonly string[]) => Promise.resolve({ stdout: '', stderr: '', code: args[0] === 'uri' ? 0 : 1 });

describe('removing the demo VMs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-'));
    for (const name of ['rewind-internal.qcow2', 'rewind-overlays.before-upgrade']) {
      await writeFile(join(folder, name), '');
    }
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes their folder with them', async () => {
    await removeDemoVms({ virsh, folder });
    assert.ok(!existsSync(folder));
  });

  it('leaves the disks of labs, which are in a folder beside theirs', async () => {
    const disk = join(folder, 'labs/virt-rewind-lab-0123456789ab/disk-a.qcow2');
    await mkdir(join(disk, '..'), { recursive: true });
    await writeFile(disk, '');
    await removeDemoVms({ virsh, folder });
    assert.ok(existsSync(disk));
    assert.ok(!existsSync(join(folder, 'rewind-internal.qcow2')));
  });
});
