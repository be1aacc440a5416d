// A start over an image that a program has locked: the lock is the reason, and is told.
import assert from 'node:assert/strict';
import { link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockedImage } from '../../src/domain/imageLock.js';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Failure } from '../../src/domain/failure.js';
import { whileHeld } from '../heldImage.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a start of a VM whose image is locked', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const made = async (name: string): Promise<string> => {
    const file = join(r.daemon.dir, name, `${name}.qcow2`);
    await mkdir(dirname(file));
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '64M']);
    await defineDiskVm(r, name, [{ file, format: 'qcow2' }]);
    return file;
  };

  const failedStart = async (name: string): Promise<Failure> => {
    await r.engine.refresh({ connection: r.uri });
    const [view] = r.engine.findVms(name, r.uri);
    let failure: Failure | undefined;
    await assert.rejects(r.engine.runOperation({ kind: 'power', vm: view!.ref, action: 'start' }), (error: Failure) => {
      failure = error;
      return true;
    });
    return failure!;
  };

  it('names a layer in the middle that a program writes to', async () => {
    const base = await made('middle');
    const [below, top] = ['.a', '.b'].map((end) => base.replace('.qcow2', end)) as [string, string];
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, below]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', below, top]);
    await r.virsh('undefine', 'middle');
    await defineDiskVm(r, 'middle', [{ file: top, format: 'qcow2' }]);
    await whileHeld(below, 'writes', async () => {
      const { details } = await failedStart('middle');
      assert.deepEqual(details.refusal, { reason: 'runsUnseen', facts: { vm: 'middle', file: below } });
    });
  });

  it('names a hard link of a disk of another VM', async () => {
    const file = await made('first');
    const other = join(r.daemon.dir, 'linked.qcow2');
    await link(file, other);
    await defineDiskVm(r, 'second', [{ file: other, format: 'qcow2' }]);
    await r.virsh('start', 'first');
    const { kind, details } = await failedStart('second');
    assert.equal(kind, 'busy');
    assert.equal(lockedImage(details.libvirtMessage ?? ''), other);
    await r.virsh('destroy', 'first');
  });
});
