// A snapshot of a running guest's RAM is being taken, and its editor is killed at one of the calls of which it
// consists: the guest runs on, with every block, the snapshot is there whole or not at all, and QEMU is as it was.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { versionOf } from '../../src/domain/capabilities.js';
import { type DyingTask, inChild } from './faults/dyingChild.js';
import { childVariable, openEditor } from './faults/editor.js';
import { type AtCall, killAtCall } from './faults/killAtCall.js';
import { startStages, type Stages } from './faults/stages.js';
import type { GuestVm } from './guestVm.js';

interface Task extends DyingTask {
  readonly call: AtCall;
  readonly title: string;
}

async function snapshotAndDie({ uri, journal, vm, at, call, title }: Task): Promise<void> {
  const act = (): Promise<void> => {
    killAtCall(call);
    return Promise.resolve();
  };
  const editor = openEditor({ uri, journal, env: process.env, at, act });
  await editor.engine.connect(uri);
  await editor.engine.runOperation({
    kind: 'create',
    vm: { connection: uri, uuid: vm },
    title,
    snapshotKind: 'memory',
    style: 'external',
    seamless: true,
  });
  editor.engine.dispose();
}

type Left = 'nothing' | 'snapshot';
/** `either`: the file is brought to the disk meanwhile. */
type Row = readonly [what: string, guest: 'idle' | 'writes', call: AtCall, left: Left | 'either'];

const rows: readonly Row[] = [
  ['its overlays are there', 'idle', { call: 'migrate-set-capabilities', moment: 'before' }, 'nothing'],
  ['QEMU has been told to guard the RAM', 'idle', { call: 'migrate-set-capabilities', moment: 'after' }, 'nothing'],
  ['the guest has just been stopped', 'writes', { call: 'domainSuspend', moment: 'after' }, 'nothing'],
  ['the disks go over', 'idle', { call: 'domainSnapshotCreateXml', moment: 'after' }, 'nothing'],
  [
    'the disks go over while it stands still',
    'writes',
    { call: 'domainSnapshotCreateXml', moment: 'after' },
    'nothing',
  ],
  ['the disks are over, and no RAM is kept', 'idle', { call: 'migrate', moment: 'before' }, 'nothing'],
  ['the RAM begins to be kept', 'idle', { call: 'migrate', moment: 'after' }, 'nothing'],
  ['the same while it stands still', 'writes', { call: 'migrate', moment: 'after' }, 'nothing'],
  ['it is about to run on', 'writes', { call: 'domainResume', moment: 'before' }, 'nothing'],
  ['its RAM is being written', 'writes', { call: 'domainResume', moment: 'after' }, 'nothing'],
  ['the guard is about to go', 'idle', { call: 'migrate-set-capabilities', nth: 2, moment: 'before' }, 'either'],
  [
    'libvirt knows nothing of it yet',
    'idle',
    { call: 'domainSnapshotCreateXml', nth: 2, moment: 'before' },
    'snapshot',
  ],
  ['libvirt has just been told', 'idle', { call: 'domainSnapshotCreateXml', nth: 2, moment: 'after' }, 'snapshot'],
];

const task = process.env[childVariable];
if (task !== undefined) {
  void snapshotAndDie(JSON.parse(task) as Task);
} else {
  describe('a seamless snapshot whose editor is killed when', () => {
    let stages: Stages;
    let web: GuestVm;

    before(async () => {
      stages = await startStages();
      ({ stage: web } = await stages.stageOf('web'));
      const { capabilities } = stages.editor.engine.connections[0]!;
      assert.ok(capabilities!.hypervisor >= versionOf(10, 0), 'older ones take no such snapshot');
      await web.power('start');
      await web.write();
    });
    after(() => stages.stop());

    /**
     * The same content again and again: QEMU counts that it was written. Ends when the work has, with the guest's
     * answer.
     */
    const writingAll = async <T>(work: Promise<T>): Promise<T> => {
      let isOver = false;
      const end = (): boolean => (isOver = true);
      work.then(end, end);
      await web.vm.talk(async (guest) => {
        const block = [0, web.model.disks[0]!.get(0)!] as const;
        const same = Array.from({ length: 100 }, () => block);
        while (!isOver) {
          await guest.write(0, same);
        }
      });
      return work;
    };

    for (const [index, [what, guest, call, left]] of rows.entries()) {
      it(`${what}: the next one ends it`, async () => {
        const { uri, env, dir } = stages.daemon;
        const title = `row-${index}`;
        const journal = join(dir, title);
        const before = await readdir(join(dir, 'web'));
        const child: Task = { uri, journal, vm: web.ref.uuid, at: { step: 0, moment: 'before' }, call, title };
        const ending = (async () => {
          assert.equal(await inChild(child, stages.daemon), 'killed');
          const later = openEditor({ uri, journal, env });
          await later.engine.connect(uri);
          await later.settled();
          await later.reported();
          return later;
        })();
        const later = await (guest === 'writes' ? writingAll(ending) : ending);
        const outcomes = later.reports.map(({ outcome }) => outcome);
        const found: Left = outcomes[0] === 'after' ? 'snapshot' : 'nothing';
        assert.deepEqual(
          [outcomes, found],
          [[found === 'nothing' ? 'before' : 'after'], left === 'either' ? found : left],
        );
        later.engine.dispose();

        const kept = web.model;
        if (found === 'snapshot') {
          web.model = kept.created({ name: title, title, kind: 'memory', style: 'external' });
        }
        await web.isWhole();
        const query = JSON.stringify({ execute: 'query-migrate-capabilities' });
        const told = JSON.parse(await web.virsh('qemu-monitor-command', query)) as {
          return: readonly { capability: string; state: boolean }[];
        };
        assert.deepEqual(
          told.return.filter(({ state, capability }) => state && capability === 'background-snapshot'),
          [],
        );
        if (found === 'snapshot') {
          await web.write();
          await web.revert(title, 'running');
          await web.isWhole();
          await stages.editor.engine.runOperation({ kind: 'delete', vm: web.ref, snapshot: title, scope: 'one' });
          web.model = web.model.deleted(title, 'one');
          await web.isWhole();
        }
        assert.equal((await readdir(join(dir, 'web'))).length, before.length, (await readdir(join(dir, 'web'))).join());
      });
    }
  });
}
