// VMs whose images are not there, or hold nothing: each command says which one and what helps, before libvirt fails.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Refusal } from '../../src/domain/refusal.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { defineDiskVm } from './diskVm.js';

type Wish = OperationRequest extends infer R ? (R extends OperationRequest ? Omit<R, 'vm'> : never) : never;

describe('an image that is not there', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  const redefine = async (name: string, edit: (xml: string) => string): Promise<void> => {
    const xml = edit(await r.virsh('dumpxml', '--inactive', name));
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ connection: r.uri });
  };
  const image = async (name: string, ...more: readonly string[]): Promise<string> => {
    const file = join(r.daemon.dir, name);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...more, file, '1M']);
    return file;
  };
  const refusals = async (name: string, ...wishes: readonly Wish[]): Promise<readonly Refusal[]> => {
    const vm = await r.ref(name);
    const decisions = await Promise.all(wishes.map((wish) => r.engine.plan({ ...wish, vm })));
    return decisions.map((decision) => {
      assert.ok(decision.kind === 'refusal', JSON.stringify(decision));
      return decision.refusal;
    });
  };
  const problems = async (name: string): Promise<readonly string[]> => {
    const { diagnoses } = await r.engine.examine(await r.ref(name));
    return diagnoses.map(({ problem }) =>
      `${problem.kind} ${problem.kind === 'volumeNotThere' ? problem.why : ''}`.trim(),
    );
  };

  const start: Wish = { kind: 'power', action: 'start' };
  const create: Wish = { kind: 'create', title: 'x', snapshotKind: 'auto' };
  const clone: Wish = {
    kind: 'clone',
    clone: { uuid: '00000000-0000-4000-8000-000000000001', name: 'copy' },
    way: 'full',
    network: 'same',
  };

  it('a volume whose pool is not started, that is gone, or whose pool is gone', async () => {
    const folder = join(r.daemon.dir, 'pool');
    await mkdir(folder);
    await r.virsh('pool-create-as', 'images', 'dir', '--target', folder);
    await r.virsh('pool-destroy', 'images');
    await r.virsh('pool-define-as', 'images', 'dir', '--target', folder);
    await r.virsh('pool-start', 'images');
    await r.virsh('vol-create-as', 'images', 'a', '1M', '--format', 'qcow2');
    await defineDiskVm(r, 'volume', [{ file: '/x', format: 'qcow2' }]);
    await redefine('volume', (xml) =>
      xml.replace("<disk type='file'", "<disk type='volume'").replace("file='/x'", "pool='images' volume='a'"),
    );
    const vm = await r.ref('volume');
    await r.engine.runOperation({ kind: 'create', vm, title: 's', snapshotKind: 'auto', style: 'internal' });
    const all: readonly Wish[] = [
      start,
      create,
      clone,
      { kind: 'revert', snapshot: 's', after: 'asSnapshot', checkpointFirst: true },
      { kind: 'revert', snapshot: 's', after: 'asSnapshot', checkpointFirst: false },
      { kind: 'delete', snapshot: 's', scope: 'one' },
    ];
    for (const [why, change] of [
      ['notStarted', () => r.virsh('pool-destroy', 'images')],
      ['noPool', () => r.virsh('pool-undefine', 'images')],
      [
        'noVolume',
        async () => {
          await r.virsh('pool-define-as', 'images', 'dir', '--target', join(folder, '..', 'm'));
          await r.virsh('pool-build', 'images');
          await r.virsh('pool-start', 'images');
        },
      ],
    ] as const) {
      await change();
      const found: readonly Refusal[] = await refusals('volume', ...all);
      for (const { reason, facts } of found) {
        assert.deepEqual(
          [reason, facts['disk'], facts['pool'], facts['why']],
          ['volumeNotThere', 'vda', 'images', why],
        );
      }
      assert.ok((await problems('volume')).includes(`volumeNotThere ${why}`));
    }
  });

  it('a device whose folder is gone with its volume group', async () => {
    await defineDiskVm(r, 'device', [{ file: '/dev/gone-group/volume', format: 'raw' }]);
    await redefine('device', (xml) => xml.replace("<disk type='file'", "<disk type='block'").replace('file=', 'dev='));
    await defineDiskVm(r, 'onDevice', [
      { file: await image('on-device', '-u', '-b', '/dev/gone-group/volume', '-F', 'raw'), format: 'qcow2' },
    ]);
    for (const name of ['device', 'onDevice']) {
      const found: readonly Refusal[] = await refusals(name, start, create);
      for (const { reason, facts } of found) {
        assert.deepEqual([reason, facts['file']], ['layerBroken', '/dev/gone-group/volume']);
      }
      assert.ok((await problems(name)).includes('overlayMissing'), name);
    }
  });

  it('a file of no bytes is called what it is, and is good for a raw disk', async () => {
    const empty = join(r.daemon.dir, 'empty');
    await writeFile(empty, '');
    await defineDiskVm(r, 'empty', [{ file: empty, format: 'qcow2' }]);
    await defineDiskVm(r, 'onEmpty', [
      { file: await image('on-empty', '-u', '-b', empty, '-F', 'qcow2'), format: 'qcow2' },
    ]);
    for (const name of ['empty', 'onEmpty']) {
      const found: readonly Refusal[] = await refusals(name, create);
      for (const { reason, facts } of found) {
        assert.deepEqual([reason, facts['file'], facts['empty']], ['layerBroken', empty, 'yes'], name);
      }
    }
    await defineDiskVm(r, 'raw', [{ file: empty, format: 'raw' }]);
    const vm = await r.ref('raw');
    await r.engine.runOperation({ kind: 'create', vm, title: 's', snapshotKind: 'auto' });
    await r.engine.runOperation({ kind: 'revert', vm, snapshot: 's', after: 'asSnapshot', checkpointFirst: true });
    assert.deepEqual(
      (await problems('raw')).filter((kind) => kind === 'corruptImage'),
      [],
    );
  });
});
