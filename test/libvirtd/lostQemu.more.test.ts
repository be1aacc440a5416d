// QEMU at work behind libvirt's back: a VM that a daemon has lost, and a merge of which it knows nothing. Both are seen
// by the locks on the images, nothing is begun, and the doctor tells them.
import assert from 'node:assert/strict';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { openEditor } from './faults/editor.js';
import { endQemu } from './faults/faultKinds.js';
import type { GuestVm } from './guestVm.js';
import { startStages, type Stages } from './faults/stages.js';

describe('a QEMU behind libvirt’s back', function () {
  let stages: Stages;
  let daemon: Stages['daemon'];
  let editor: Stages['editor'];
  let stageOf: Stages['stageOf'];

  before(async () => {
    stages = await startStages();
    ({ daemon, editor, stageOf } = stages);
  });
  after(() => stages.stop());

  const refusal = async (request: OperationRequest): Promise<string> => {
    try {
      await editor.engine.runOperation(request);
      return 'done';
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error.details.refusal?.reason ?? error.kind;
    }
  };
  const findings = async (stage: GuestVm): Promise<readonly string[]> =>
    (await editor.engine.examine(stage.ref)).diagnoses
      .filter(({ problem }) => severityOf(problem) === 'error')
      .map(({ problem }) => problem.kind);

  it('is a VM that libvirt says is off: nothing is begun until its QEMU has ended', async () => {
    const { vm, stage } = await stageOf('lost');
    await stage.create('old', 'offline');
    await stage.power('start');
    await stage.write();
    await daemon.killDaemon();
    // What the daemon knew of the run; one that dies while it writes it leaves no more.
    await rm(join(daemon.dir, process.getuid?.() === 0 ? 'run/qemu' : 'x/libvirt/qemu/run', 'lost.xml'));
    await daemon.startDaemon();
    await editor.engine.connect(daemon.uri);
    await editor.engine.refresh({ connection: daemon.uri });
    assert.equal(editor.engine.findVm(stage.ref)?.vm.power, 'off');
    const create = { kind: 'create', vm: stage.ref, snapshotKind: 'offline', style: 'external', title: 'one' } as const;
    const start = { kind: 'power', vm: stage.ref, action: 'start' } as const;
    const revert = { kind: 'revert', vm: stage.ref, snapshot: 'old', after: 'running' } as const;
    for (const request of [create, start, revert]) {
      assert.equal(await refusal(request), 'runsUnseen', request.kind);
    }
    assert.deepEqual(await findings(stage), ['runsUnseen']);

    await endQemu(daemon, 'lost');
    assert.equal(await refusal(create), 'done');
    stage.model = stage.model
      .powered('forceOff')
      .created({ name: 'one', title: 'one', kind: 'offline', style: 'external' });
    assert.deepEqual((await vm.compare(stage.model, 'everything')).differences, []);
  });

  it('is not, where a VM runs on another file than it would start on: the doctor puts that right', async () => {
    const { vm, stage } = await stageOf('apart');
    await stage.power('start');
    const stale = await stage.virsh('dumpxml', '--inactive', '--security-info');
    await stage.write();
    await stage.create('one', 'disk');
    await stage.write();
    // A daemon that died between the two leaves the old one.
    await withXmlFile(stale, (file) => virshOk(daemon.virsh, 'define', file));
    assert.deepEqual(
      await findings(stage),
      vm.guest.disks.map(() => 'startsElsewhere'),
    );
    const repair = { kind: 'repair', vm: stage.ref, repair: { kind: 'configureDisks' } } as const;
    assert.equal(await refusal(repair), 'done');
    assert.deepEqual(await findings(stage), []);
    assert.equal(await refusal(repair), 'nothingToRepair');
    await stage.power('forceOff');
    await stage.power('start');
    assert.deepEqual((await vm.compare(stage.model, 'present')).differences, []);
  });

  for (const [name, what] of [
    ['waits', 'waits to go over'],
    ['gone', 'has gone over to the file below'],
  ] as const) {
    it(`is a merge that libvirt does not know, and ${what}: QEMU refuses it, and a person is asked`, async () => {
      const { vm, stage } = await stageOf(name);
      await stage.power('start');
      await stage.write();
      const snapshot = await stage.create('one', 'disk');
      await stage.write();
      const monitor = (command: object): Promise<string> =>
        virshOk(daemon.virsh, 'qemu-monitor-command', name, JSON.stringify(command));
      const dying = openEditor({
        uri: daemon.uri,
        journal: join(daemon.dir, `journal-${name}`),
        env: daemon.env,
        at: { step: 0, moment: 'before' },
        act: async () => {
          const seen = JSON.parse(await monitor({ execute: 'query-block' })) as {
            readonly return: readonly { readonly inserted?: { readonly 'node-name': string } }[];
          };
          const device = seen.return[0]?.inserted?.['node-name'];
          await monitor({ execute: 'block-commit', arguments: { device, 'job-id': 'behind', 'auto-dismiss': false } });
          const reached = async (state: string): Promise<void> => {
            while (!(await monitor({ execute: 'query-jobs' })).includes(`"${state}"`)) {
              // It has something to copy, and libvirt passes on no event of a job that is not its own.
            }
          };
          await reached('ready');
          if (name === 'gone') {
            await monitor({ execute: 'job-complete', arguments: { id: 'behind' } });
            await reached('concluded');
            await monitor({ execute: 'job-dismiss', arguments: { id: 'behind' } });
          }
          throw new Error('the daemon died');
        },
      });
      try {
        await dying.engine.connect(daemon.uri);
        const request = { kind: 'delete', vm: stage.ref, snapshot, scope: 'one' } as const;
        await assert.rejects(dying.engine.runOperation(request));
        assert.deepEqual(
          dying.reports.map(({ outcome, why }) => [outcome, why?.reason]),
          [['explained', 'mergeLost']],
        );
      } finally {
        dying.engine.dispose();
      }
      assert.deepEqual((await vm.compare(stage.model, 'present')).differences, []);
    });
  }
});
