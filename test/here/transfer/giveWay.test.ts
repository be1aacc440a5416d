import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';

describe('giving way', () => {
  it('leaves nothing in a folder that is no group of the kernel', function () {
    const mounts = ['unshare', '--mount', '--propagation=private', 'sh', '-c'] as const;
    const [program, ...words] = mounts;
    const mount = 'mount -t tmpfs none /sys/fs/cgroup';
    if (process.getuid?.() !== 0 || spawnSync(program, [...words, mount]).status !== 0) {
      process.stdout.write('      skipped: nothing can be mounted here\n');
      return this.skip();
    }
    const way = readFileSync(join(root, 'src/transfer/giveWay.sh'), 'utf8');
    const { stdout } = spawnSync(program, [...words, `${mount}\n${way}find /sys/fs/cgroup`], { encoding: 'utf8' });
    assert.equal(stdout, '/sys/fs/cgroup\n');
  });
});
