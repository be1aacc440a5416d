// What goes with a clone is what was made for it, and no other file: not one that came in its place, nor one that a
// mark names that anybody can write.
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { cloneRequest, type CloneWish, makeClone } from '../../src/engine/clones.js';
import { openEditor, type Editor, type EditorOptions } from './faults/editor.js';
import type { Daemon } from './engineRig.js';

describe('the files of a clone', () => {
  let daemon: Daemon;
  let folder: string;
  let web: VmRef;
  const editors: Editor[] = [];

  const open = async (more: Partial<EditorOptions> = {}): Promise<Editor> => {
    const editor = openEditor({ uri: daemon.uri, journal: join(daemon.dir, 'journal'), env: daemon.env, ...more });
    editors.push(editor);
    await editor.engine.connect(daemon.uri);
    return editor;
  };
  const virsh = (...args: readonly [string, ...string[]]): Promise<string> => virshOk(daemon.virsh, ...args);
  /** Somebody keeps a file of their own under that name. */
  const replace = async (file: string): Promise<void> => {
    await writeFile(`${file}.own`, 'precious');
    await rename(`${file}.own`, file);
  };
  const isKept = async (file: string): Promise<void> => assert.equal(await readFile(file, 'utf8'), 'precious');
  const full = (editor: Editor, name: string, more: Partial<CloneWish> = {}): Promise<VmRef> =>
    makeClone(editor.engine, cloneRequest(editor.engine, web, { name, way: 'full', ...more }));
  const vms = async (): Promise<readonly string[]> =>
    (await virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();

  before(async () => {
    daemon = await startPrivateDaemon();
    folder = join(daemon.dir, 'images');
    await runOk('mkdir', [folder]);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', join(folder, 'web.qcow2'), '8M']);
    await defineDiskVm(daemon, 'web', [{ file: join(folder, 'web.qcow2'), format: 'qcow2' }]);
    web = { connection: daemon.uri, uuid: (await virsh('domuuid', 'web')).trim() };
  });
  after(async () => {
    editors.forEach(({ engine }) => engine.dispose());
    await daemon.stop();
  });

  it('stay where another one came in the place of what was made, and are named before', async () => {
    const { engine } = await open();
    const ref = await full({ engine } as Editor, 'copy');
    const file = join(folder, 'copy.vda.qcow2');
    await copyFile(file, `${file}.own`);
    await rename(`${file}.own`, file);
    const request: OperationRequest = { kind: 'discard', vm: ref };
    const plan = await engine.plan(request);
    assert.ok(plan.kind === 'plan');
    assert.deepEqual(plan.warnings, [{ kind: 'filesStay', files: [file] }]);
    await engine.runOperation(request);
    assert.deepEqual(await vms(), ['web']);
    assert.ok((await readdir(folder)).includes('copy.vda.qcow2'));
  });

  it('stay where a mark that somebody wrote names them', async () => {
    const { engine } = await open();
    const file = join(folder, 'tools.iso');
    await writeFile(file, 'precious');
    const uuid = '11111111-2222-3333-4444-555555555555';
    const mark = `<clone xmlns='urn:virt-rewind:clone:1' of='${web.uuid}' disposable='${uuid} forged'><file>${file}</file></clone>`;
    const disk = `<disk type='file' device='cdrom'><source file='${file}'/><target dev='hda' bus='ide'/><readonly/></disk>`;
    const os = `<os><type arch='x86_64' machine='pc'>hvm</type></os>`;
    const xml = `<domain type='qemu'><name>forged</name><uuid>${uuid}</uuid><memory unit='MiB'>32</memory><metadata>${mark}</metadata>${os}<devices>${disk}<memballoon model='none'/></devices></domain>`;
    await withXmlFile(xml, (path) => virsh('define', path));
    await engine.refresh({ connection: daemon.uri });
    const ref = { connection: daemon.uri, uuid };
    await engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    await engine.runOperation({ kind: 'power', vm: ref, action: 'forceOff' });
    await engine.discardIfSpent(ref);
    assert.deepEqual(await vms(), ['forged', 'web']);
    await engine.runOperation({ kind: 'discard', vm: ref });
    assert.deepEqual(await vms(), ['web']);
    await isKept(file);
  });

  it('go with a disposable one when it is off, which is said before', async () => {
    const editor = await open();
    const ref = await full(editor, 'brief', { disposable: true });
    await editor.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    const request: OperationRequest = { kind: 'power', vm: ref, action: 'forceOff' };
    const plan = await editor.engine.plan(request);
    assert.ok(plan.kind === 'plan');
    assert.deepEqual(plan.warnings, [{ kind: 'cloneGoes' }]);
    await editor.engine.runOperation(request);
    await editor.engine.discardIfSpent(ref);
    assert.deepEqual(await vms(), ['web']);
    assert.ok(!(await readdir(folder)).includes('brief.vda.qcow2'));
  });

  it('stay with a disposable one that somebody has given another name', async () => {
    const editor = await open();
    const ref = await full(editor, 'lent', { disposable: true });
    await virsh('domrename', 'lent', 'prod');
    await editor.engine.refresh({ connection: daemon.uri });
    await editor.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    const request: OperationRequest = { kind: 'power', vm: ref, action: 'forceOff' };
    const plan = await editor.engine.plan(request);
    assert.ok(plan.kind === 'plan');
    assert.deepEqual(plan.warnings, []);
    await editor.engine.runOperation(request);
    await editor.engine.discardIfSpent(ref);
    assert.deepEqual(await vms(), ['prod', 'web']);
    await editor.engine.runOperation({ kind: 'discard', vm: ref });
  });

  for (const way of ['linked', 'full'] as const) {
    it(`that broke off half way stay where another one came in their place: ${way}`, async () => {
      const file = join(folder, `half-${way}.vda.qcow2`);
      const step = way === 'linked' ? 1 : 0;
      const dying: Editor = await open({
        at: { step, moment: 'after' },
        act: async () => {
          await replace(file);
          dying.engine.dispose();
        },
      });
      await assert.rejects(full(dying, `half-${way}`, { way }));
      const later = await open();
      await later.settled();
      assert.deepEqual(
        later.reports.map(({ outcome }) => outcome),
        ['before'],
      );
      await isKept(file);
      assert.deepEqual(await vms(), ['web']);
    });
  }

  it('that broke off half way go where they are what was made', async () => {
    const dying: Editor = await open({
      at: { step: 0, moment: 'after' },
      act: () => {
        dying.engine.dispose();
        return Promise.resolve();
      },
    });
    await assert.rejects(full(dying, 'gone'));
    const later = await open();
    await later.settled();
    assert.ok(!(await readdir(folder)).includes('gone.vda.qcow2'));
    assert.deepEqual(await vms(), ['web']);
  });
});
