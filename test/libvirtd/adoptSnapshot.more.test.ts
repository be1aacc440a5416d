// A daemon that dies in an external snapshot, between QEMU's switch to the overlays and its own note of that: the VM
// stands on files of which no snapshot tells, and perhaps not even its configuration.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import type { SnapshotKind } from '../../src/domain/snapshot.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type Editor, type EditorOptions, openEditor } from './faults/editor.js';
import type { Daemon } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a snapshot that libvirt did not write down', () => {
  let daemon: Daemon;
  const editors: Editor[] = [];
  const open = (options: Omit<EditorOptions, 'uri' | 'env'>): Editor => {
    const editor = openEditor({ uri: daemon.uri, env: daemon.env, ...options });
    editors.push(editor);
    return editor;
  };

  before(async () => {
    daemon = await startPrivateDaemon();
  });
  afterEach(() => editors.splice(0).forEach(({ engine }) => engine.dispose()));
  after(() => daemon.stop());

  for (const kind of ['memory', 'disk', 'offline'] as const satisfies readonly SnapshotKind[]) {
    it(`is told to it by recovery, with all that it holds: ${kind}`, async () => {
      const name = `ad${kind}`;
      const folder = join(daemon.dir, name);
      await mkdir(folder, { recursive: true });
      const vm = await OracleVm.define(daemon, { name, diskMiB: 4, folder });
      const journal = join(daemon.dir, `journal-${name}`);
      const { engine } = open({ journal });
      await engine.connect(daemon.uri);
      const stage = new GuestVm(engine, vm, engine.findVms(name)[0]!.ref);
      await stage.power('start');
      await stage.write();
      if (kind === 'offline') {
        await stage.power('forceOff');
      }
      await stage.create('one', kind);
      const request = { kind: 'create', vm: stage.ref, snapshotKind: kind, style: 'external', title: 'two' } as const;
      const dying = open({
        journal,
        at: { step: 0, moment: 'after' },
        act: async ({ plan }) => {
          const made = plan?.steps[0];
          assert.ok(made?.kind === 'createSnapshot');
          await virshOk(daemon.virsh, 'snapshot-delete', name, 'two', '--metadata');
          if (kind !== 'offline') {
            await defineOn(daemon, name, made.disks);
          }
          throw new Error('the daemon died');
        },
      });
      await dying.engine.connect(daemon.uri);
      await assert.rejects(dying.engine.runOperation(request));
      stage.model = stage.model.created({ name: 'two', title: 'two', kind, style: 'external' });
      assert.deepEqual(
        dying.reports.map(({ outcome }) => outcome),
        ['after'],
      );
      assert.deepEqual((await vm.compare(stage.model, 'everything')).differences, []);

      // What the configuration names is what the next start stands on.
      if (kind !== 'offline') {
        await stage.power('forceOff');
      }
      await stage.power('start');
      await stage.write();
      assert.deepEqual((await vm.compare(stage.model, 'everything')).differences, []);
      await stage.revert('two', kind === 'memory' ? 'running' : 'off');
      assert.deepEqual((await vm.compare(stage.model, 'present')).differences, []);
      await daemon.virsh(['destroy', name]);
      await virshOk(daemon.virsh, 'undefine', name, '--snapshots-metadata');
      await rm(folder, { recursive: true });
    });
  }
});

/** As it was before the snapshot: the daemon died before it wrote that too. */
async function defineOn(
  daemon: Daemon,
  name: string,
  disks: readonly { readonly target: string; readonly file?: string }[],
): Promise<void> {
  let xml = await virshOk(daemon.virsh, 'dumpxml', name, '--inactive', '--security-info');
  for (const { file = '' } of disks) {
    assert.ok(xml.includes(`'${file}'`), `${file} is not in the configuration`);
    xml = xml.replace(`'${file}'`, `'${file.replace(/two(?=\.qcow2$)/u, 'one')}'`);
  }
  await withXmlFile(xml, (path) => virshOk(daemon.virsh, 'define', path));
}
