// The lesson on an engine made by hand: what its keys do at its end, and which letter a file has.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plannedRows } from '../../../src/domain/chains/blockRows.js';
import type { DiskChain, VmLayers } from '../../../src/domain/layers.js';
import type { DemoVm } from '../../../src/domain/demoVm.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import { Lesson } from '../../../src/lesson/lesson.js';
import { lesson as level } from '../../ownLevel.js';
import { silentLog } from '../../silentLog.js';
import { snapshot, vm as sampleVm } from '../../unit/ui/samples.js';

describe('the letters of a lesson', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'virt-rewind-lesson-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('are those of the picture, where another branch stands between the layers', async () => {
    const vm: DemoVm = { connection: 'qemu:///session', uuid: 'u', name: 'lesson-1', folder };
    const names = ['base.qcow2', 'first.qcow2', 'branch.qcow2', 'top.qcow2'];
    await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
    const layer = (name: string, snapshots: readonly string[] = []): DiskChain['layers'][number] => ({
      file: join(folder, name),
      virtualBytes: 1,
      allocatedBytes: 1,
      seen: 'there',
      snapshots,
      sharedWith: [],
    });
    const [base, first] = [layer('base.qcow2', ['a']), layer('first.qcow2', ['b'])];
    const layers: VmLayers = {
      readAt: 1,
      from: 'files',
      rooms: [],
      disks: [{ target: 'vda', whole: true, layers: [layer('top.qcow2'), layer('branch.qcow2', ['c']), base] }],
      branches: [{ target: 'vda', whole: true, layers: [first, base], snapshot: 'b' }],
      snapshots: [],
    };
    const tree = { snapshots: ['a', 'b', 'c'].map((name) => snapshot(name, { kind: 'disk', style: 'external' })) };
    let reads = 0;
    const engine = {
      connections: [],
      connect: () => Promise.resolve(undefined),
      onDidChange: () => ({ dispose: () => undefined }),
      findVm: () => ({ ref: vm, vm: sampleVm({ power: 'off' }) }),
      readTree: () => Promise.resolve(tree),
      readLog: () => Promise.resolve([]),
      readLayers: () => Promise.resolve(((reads += 1), layers)),
      demoVms: { readLeftDemoVms: () => Promise.resolve([]), make: () => Promise.resolve(vm) },
    } as unknown as EnginePort;
    const perform = (): Promise<void> => Promise.resolve();
    const lesson = new Lesson({ engine, log: silentLog, guest: '/x', perform, measure: () => Promise.resolve([]) });
    await lesson.start(vm.connection, level);
    const rows = plannedRows(layers.disks[0]!, layers, tree).map(({ id }) => id);
    assert.deepEqual(
      Object.fromEntries(lesson.view?.facts.files.map(({ name, layer: at }) => [name, at]) ?? []),
      Object.fromEntries(names.map((name) => [name, rows.indexOf(join(folder, name))])),
    );
    await lesson.look();
    assert.equal(reads, 1, 'what stands as it stood is not read again');
    lesson.dispose();
  });
});

describe('the end of a lesson', () => {
  it('removes its VM once, however often its key is pressed, and then the key does nothing', async () => {
    const vm: DemoVm = { connection: 'qemu:///session', uuid: 'u', name: 'lesson-1', folder: '/tmp/x' };
    const removed: DemoVm[] = [];
    const engine = {
      connections: [],
      connect: () => Promise.resolve(undefined),
      onDidChange: () => ({ dispose: () => undefined }),
      findVm: () => undefined,
      usesSinceMade: () => Promise.resolve([]),
      demoVms: {
        readLeftDemoVms: () => Promise.resolve([]),
        make: () => Promise.resolve(vm),
        filesOf: () => Promise.resolve([]),
        remove: (one: DemoVm) => {
          removed.push(one);
          return Promise.resolve([]);
        },
      },
    } as unknown as EnginePort;
    const lesson = new Lesson({
      engine,
      log: silentLog,
      guest: '/x',
      perform: () => Promise.resolve(),
      measure: () => Promise.resolve([]),
    });
    await lesson.start(vm.connection, level);
    await Promise.all([lesson.end(), lesson.end()]);
    assert.deepEqual(removed, [vm]);
    await lesson.next();
    await lesson.back();
    assert.equal(lesson.view, undefined);
    assert.equal(removed.length, 1);
  });
});
