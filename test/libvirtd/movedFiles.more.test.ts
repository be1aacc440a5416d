// Files of a VM that somebody moved into another folder, with new paths in its definition alone: the doctor knows them
// for what they are, and makes all that names them name them where they are now, whatever breaks off.
import assert from 'node:assert/strict';
import { copyFile, readdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Problem } from '../../src/diagnosis/problem.js';
import { severityOf } from '../../src/diagnosis/problemTable.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { openEditor, type Editor, type EditorOptions } from './faults/editor.js';
import type { Daemon } from './engineRig.js';

describe('files that were moved by hand', () => {
  let daemon: Daemon;
  let made = 0;
  const editors: Editor[] = [];

  const open = async (more: Partial<EditorOptions> = {}): Promise<Editor> => {
    const editor = openEditor({ uri: daemon.uri, journal: join(daemon.dir, 'journal'), env: daemon.env, ...more });
    editors.push(editor);
    await editor.engine.connect(daemon.uri);
    return editor;
  };
  const virsh = (...args: readonly [string, ...string[]]): Promise<string> => virshOk(daemon.virsh, ...args);
  const write = (file: string, value: number, at: string): Promise<unknown> =>
    runOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${value} ${at} 64k`, file]);
  const holds = (file: string, value: number, at: string): Promise<unknown> =>
    runOk('qemu-io', ['-r', '-f', 'qcow2', '-c', `read -q -P ${value} ${at} 64k`, file]);
  const diskOf = async (name: string): Promise<string> =>
    /(\/.*)$/mu.exec(await virsh('domblklist', '--domain', name))?.[1] ?? '';
  const problems = async ({ engine }: Editor, ref: VmRef): Promise<readonly Problem[]> =>
    (await engine.examine(ref)).diagnoses.map(({ problem }) => problem);
  const wrong = async (editor: Editor, ref: VmRef): Promise<readonly string[]> =>
    (await problems(editor, ref)).filter((one) => severityOf(one) !== 'note').map(({ kind }) => kind);
  const repairOf = (vm: VmRef): OperationRequest => ({ kind: 'repair', vm, repair: { kind: 'nameMovedFiles' } });

  /**
   * On a, b and the RAM of c, each with content of its own; all its files lie in `to` by now, and its definition names
   * them there.
   */
  async function moved(editor: Editor): Promise<{ readonly ref: VmRef; readonly name: string; readonly to: string }> {
    const name = `vm${made++}`;
    const [from, to] = [join(daemon.dir, name), join(daemon.dir, `${name}-new`)];
    await runOk('mkdir', [from, to]);
    const base = join(from, `${name}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', base, '8M']);
    await write(base, 1, '0');
    await defineDiskVm(daemon, name, [{ file: base, format: 'qcow2' }]);
    const ref = { connection: daemon.uri, uuid: (await virsh('domuuid', name)).trim() };
    const { engine } = editor;
    await engine.refresh({ connection: daemon.uri });
    const take = async (title: string, snapshotKind: 'offline' | 'memory'): Promise<unknown> =>
      engine.runOperation({ kind: 'create', vm: ref, snapshotKind, style: 'external', title });
    for (const [at, title] of ['a', 'b'].entries()) {
      await take(title, 'offline');
      await write(await diskOf(name), at + 2, `${at + 1}M`);
    }
    await engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    await take('c', 'memory');
    await engine.runOperation({ kind: 'power', vm: ref, action: 'forceOff' });
    for (const file of await readdir(from)) {
      await rename(join(from, file), join(to, file));
    }
    const xml = await virsh('dumpxml', '--domain', name, '--inactive', '--security-info');
    await withXmlFile(xml.replaceAll(`${from}/`, `${to}/`), (file) => virsh('define', file));
    await engine.refresh({ connection: daemon.uri });
    return { ref, name, to };
  }

  async function isWhole(editor: Editor, ref: VmRef, name: string): Promise<void> {
    const { engine } = editor;
    // Waits for its turn, as the repair may still read the VM.
    await engine.runOperation({ kind: 'describe', vm: ref, snapshot: 'a', title: 'a', description: 'moved' });
    assert.deepEqual(await wrong(editor, ref), []);
    const revert = (snapshot: string, after: 'asSnapshot' | 'off'): Promise<unknown> =>
      engine.runOperation({ kind: 'revert', vm: ref, snapshot, after });
    await revert('c', 'asSnapshot');
    assert.equal((await virsh('domstate', name)).trim(), 'running');
    await revert('b', 'off');
    for (const [value, at] of [
      [1, '0'],
      [2, '1M'],
      [0, '2M'],
    ] as const) {
      await holds(await diskOf(name), value, at);
    }
    await revert('a', 'off');
    await holds(await diskOf(name), 0, '1M');
    assert.deepEqual(await wrong(editor, ref), []);
  }

  before(async () => {
    daemon = await startPrivateDaemon();
  });
  after(async () => {
    editors.forEach(({ engine }) => engine.dispose());
    await daemon.stop();
  });

  it('are known, and named where they are, with all that the snapshots hold', async () => {
    const editor = await open();
    const { ref, name } = await moved(editor);
    const told = await problems(editor, ref);
    const found = told.filter((one) => one.kind === 'fileMoved');
    assert.deepEqual(
      found.map(({ isSame }) => isSame),
      Array.from({ length: 5 }, () => true),
    );
    await editor.engine.runOperation(repairOf(ref));
    await isWhole(editor, ref, name);
  });

  it('are named where they are after all when this broke off between two of them', async () => {
    for (const step of [0, 4]) {
      const { ref, name } = await moved(await open());
      const dying: Editor = await open({
        at: { step, moment: 'after' },
        act: () => {
          dying.engine.dispose();
          return Promise.resolve();
        },
      });
      await assert.rejects(dying.engine.runOperation(repairOf(ref)));
      const later = await open();
      await later.settled();
      assert.deepEqual(
        later.reports.map(({ outcome }) => outcome),
        ['after'],
      );
      await isWhole(later, ref, name);
    }
  });

  it('are not taken for what they are called: another image of the same name, size and time', async () => {
    const editor = await open();
    const { ref, name, to } = await moved(editor);
    const base = join(to, `${name}.qcow2`);
    const { atime, mtime } = await stat(base);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', `${base}.other`, '8M']);
    await write(`${base}.other`, 9, '4M');
    await copyFile(`${base}.other`, base);
    await utimes(base, atime, mtime);
    const told = (await problems(editor, ref)).flatMap((one) =>
      one.kind === 'fileMoved' && !one.isSame ? [one.found] : [],
    );
    assert.deepEqual(told, [base]);
    await editor.engine.runOperation(repairOf(ref));
    assert.deepEqual(
      (await problems(editor, ref)).flatMap((one) => (one.kind === 'fileMoved' ? [one.found] : [])),
      [base],
    );
  });
});
