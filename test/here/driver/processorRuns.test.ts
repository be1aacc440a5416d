// Whether a guest's processors ran, by files as the kernel shows them.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processorRuns } from '../../../src/driver/connection/standstill.js';

describe('the runs of processors', () => {
  let root: string;
  beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'proc-'))));
  afterEach(() => rm(root, { recursive: true }));

  const thread = async (process: number, task: number, name: string, schedstat: string): Promise<void> => {
    const folder = join(root, String(process), 'task', String(task));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'comm'), `${name}\n`);
    await writeFile(join(folder, 'schedstat'), schedstat);
  };
  const qemu = async (process: number, uuid: string): Promise<void> => {
    await thread(process, process, 'qemu-system-x86', '9 9 9');
    await writeFile(join(root, String(process), 'cmdline'), ['qemu', '-uuid', uuid, '-S', ''].join('\0'));
  };

  it('are those of all processors of this VM, and of no other thread', async () => {
    await qemu(7, 'one');
    await qemu(8, 'other');
    await thread(7, 71, 'CPU 0/KVM', '1 2 3');
    await thread(7, 72, 'CPU 1/KVM', '4 5 6');
    await thread(8, 81, 'CPU 0/KVM', '7 8 9');
    assert.deepEqual(await processorRuns('one', 2, root), ['7 71 1 2 3', '7 72 4 5 6']);
  });

  it('are not known where not each is seen, or two say that they are this VM', async () => {
    assert.equal(await processorRuns('one', 1, root), undefined);
    await qemu(7, 'one');
    assert.equal(await processorRuns('one', 0, root), undefined);
    await thread(7, 71, 'CPU 0/KVM', '1 2 3');
    assert.equal(await processorRuns('one', 2, root), undefined);
    await rm(join(root, '7/task/71/schedstat'));
    assert.equal(await processorRuns('one', 1, root), undefined);
    await thread(7, 71, 'CPU 0/KVM', '1 2 3');
    await qemu(8, 'one');
    assert.equal(await processorRuns('one', 1, root), undefined);
  });
});
