// Deletes of internal snapshots that libvirt reports as done and has not done: qemu-img could not write to the image.
import assert from 'node:assert/strict';
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { VmRef } from '../../src/domain/vm.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';

/** The place of the bit with which QEMU marks an image of qcow2 as damaged. */
const damagedAt = 79;

describe('a step that libvirt reports as done', () => {
  let r: LiveRig;
  let vm: VmRef;
  let image: string;
  /** What happens to the image right before the next delete. */
  let beforeDelete: () => Promise<void> = () => Promise.resolve();

  before(async () => {
    r = await startLiveRig();
    r.wrapNext((real) =>
      withMethod(real, 'run', async (of, step, options) => {
        await (step.kind === 'deleteSnapshot' ? beforeDelete() : undefined);
        return real.run(of, step, options);
      }),
    );
    await r.engine.connect(r.uri);
    image = join(r.daemon.dir, 'a.qcow2');
    await runOk((await findProgram('qemu-img'))!, ['create', '-q', '-f', 'qcow2', image, '1M']);
    await defineDiskVm(r, 'a', [{ file: image, format: 'qcow2' }]);
    vm = await r.ref('a');
    r.show(vm);
  });
  after(() => r.stop());

  const damaged = async (is: boolean): Promise<void> => {
    const file = await open(image, 'r+');
    await file.write(Buffer.from([is ? 2 : 0]), 0, 1, damagedAt);
    await file.close();
  };
  const create = (title: string): Promise<unknown> =>
    r.engine.runOperation({ kind: 'create', vm, title, snapshotKind: 'offline', style: 'internal' });
  const failureOf = async (scope: 'one' | 'withDescendants', snapshot: string): Promise<Failure> => {
    try {
      await r.engine.runOperation({ kind: 'delete', vm, snapshot, scope });
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    }
    throw new Error('it was deleted');
  };
  const tags = async (): Promise<readonly string[]> => {
    const seen = await r.hypervisor().files.image(image, 'qcow2', 'tags');
    return typeof seen === 'object' ? (seen.tags ?? []) : [];
  };
  const names = (): readonly string[] => r.vm('a')!.tree!.snapshots.map(({ name }) => name);

  it('is refused beforehand where QEMU has marked the image as damaged', async () => {
    await create('one');
    await damaged(true);
    assert.equal((await failureOf('one', 'one')).details.refusal?.reason, 'imageCorrupt');
    await damaged(false);
    assert.deepEqual([names(), await tags()], [['one'], ['one']]);
  });

  it('fails where the tag is there still, says where, and leaves the other snapshots alone', async () => {
    await create('two');
    beforeDelete = () => damaged(true);
    const { kind, details } = await failureOf('withDescendants', 'one');
    await damaged(false);
    beforeDelete = () => Promise.resolve();
    assert.deepEqual(
      [kind, details.unseen, details.left, details.recovered],
      ['failed', true, [{ kind: 'tag', file: image, tag: 'two' }], 'partly'],
    );
    assert.deepEqual([names(), await tags()], [['one'], ['one', 'two']]);

    // The doctor removes it, and all goes on.
    const { diagnoses } = await r.engine.examine(vm);
    const repair = diagnoses.flatMap((one) => one.repair?.repair ?? [])[0];
    assert.ok(repair?.kind === 'removeTag');
    await r.engine.runOperation({ kind: 'repair', vm, repair });
    await r.engine.runOperation({ kind: 'delete', vm, snapshot: 'one', scope: 'one' });
    assert.deepEqual([names(), await tags()], [[], []]);
  });

  it('is refused beforehand where no program can write to the image', async function () {
    await create('four');
    if ((await run('chattr', ['+i', image])).code !== 0) {
      this.skip();
    }
    try {
      assert.equal((await failureOf('one', 'four')).details.refusal?.reason, 'imageImmutable');
    } finally {
      await runOk('chattr', ['-i', image]);
    }
    await r.engine.runOperation({ kind: 'delete', vm, snapshot: 'four', scope: 'one' });
    assert.deepEqual([names(), await tags()], [[], []]);
  });

  it('is none where no bit forbids to write: root writes to what is read-only', async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    await create('three');
    await chmod(image, 0o444);
    await r.engine.runOperation({ kind: 'delete', vm, snapshot: 'three', scope: 'one' });
    assert.deepEqual([names(), await tags()], [[], []]);
  });
});
