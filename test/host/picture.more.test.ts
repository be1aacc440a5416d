// The picture's tab in a real VS Code, over a real libvirt: what is asked while it is seen, and that nothing is while
// it is hidden.
import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import fsPromises from 'node:fs/promises';
import net from 'node:net';
import * as vscode from 'vscode';
import type { DevelopmentApi } from '../../src/extension.js';
import { sameVm, type VmRef } from '../../src/domain/vm.js';
import { CommandRig, call, type Guest } from './commandRig.js';

/** The first word of every packet to libvirt, after its length. */
const remoteProgram = 0x2000_8086;

/**
 * Counts what the extension does outside of itself: it runs in this process, on the same modules of Node.
 * `images`: looks into files of the VM; `programs`: runs of qemu-img.
 */
class Outside {
  calls = 0;
  programs = 0;
  images = 0;
  readonly #undo: (() => void)[] = [];

  constructor(isImage: (path: unknown) => boolean) {
    this.#watch(net.Socket.prototype, 'write', ([data]) => {
      const isCall = Buffer.isBuffer(data) && data.length >= 8 && data.readUInt32BE(4) === remoteProgram;
      this.calls += isCall ? 1 : 0;
    });
    for (const run of ['execFile', 'spawn'] as const) {
      this.#watch(childProcess, run, ([program]) => (this.programs += String(program).endsWith('qemu-img') ? 1 : 0));
    }
    this.#watch(fsPromises, 'open', ([path]) => (this.images += isImage(path) ? 1 : 0));
  }

  counted(): readonly number[] {
    return [this.calls, this.programs, this.images];
  }

  stop(): void {
    this.#undo.forEach((undo) => undo());
  }

  #watch<Name extends string>(
    on: Record<Name, (...given: never[]) => unknown>,
    name: Name,
    see: (given: readonly unknown[]) => unknown,
  ): void {
    const before = on[name];
    on[name] = function (this: unknown, ...given: never[]): unknown {
      see(given);
      return Reflect.apply(before, this, given);
    };
    this.#undo.push(() => (on[name] = before));
  }
}

describe('the tab of a picture', () => {
  const name = 'picture-tab';
  let rig: CommandRig;
  let api: DevelopmentApi;
  let guest: Guest;
  let ref: VmRef;
  let outside: Outside;

  before(async () => {
    rig = new CommandRig();
    api = await rig.api();
    guest = await rig.guest({ name, disks: ['raw'], agent: false });
    await rig.virsh('snapshot-create-as', name, 'first', '--disk-only');
    await api.engine.connect(rig.uri);
    await call('virtRewind.refresh');
    ({ ref } = await rig.vmRow(name));
    outside = new Outside((path) => typeof path === 'string' && path.startsWith(guest.disks[0]!.replace(/raw$/u, '')));
    // The tree looks at VMs too.
    await vscode.commands.executeCommand('workbench.view.explorer');
  });

  after(async () => {
    outside.stop();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rig.stop();
  });

  /** Resolves when the page has painted all that it was told, and was told what is asked for. */
  const painted = (isTold: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const listening = api.pictures.onDidSettle((of) => {
        if (sameVm(of, ref) && isTold()) {
          listening.dispose();
          resolve();
        }
      });
    });
  const knows = (snapshot: string): boolean =>
    api.engine.findVm(ref)?.tree?.snapshots.some((one) => one.name === snapshot) === true;

  it('reads the VM, its images, and with qemu-img where a raw one has holes', async () => {
    const shown = painted(() => knows('first') && outside.programs > 0);
    await call('virtRewind.showPicture', { vm: name });
    await shown;
    assert.ok(outside.calls > 0 && outside.images > 0, outside.counted().join(' '));
    assert.equal(api.pictures.find(ref)?.isVisible, true);
  });

  it('asks nothing of anybody while it is hidden, and catches up when it is seen again', async () => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: 'over it' }));
    assert.equal(api.pictures.find(ref)?.isVisible, false);
    const restart = async (): Promise<void> => {
      await rig.virsh('start', name, '--paused');
      await rig.virsh('destroy', name);
    };
    // Whatever was under way when it was hidden comes to its end, with what it asks for after that.
    let before: readonly number[];
    do {
      before = outside.counted();
      await restart();
    } while (outside.counted().join() !== before.join());
    await rig.virsh('snapshot-create-as', name, 'unseen', '--disk-only');
    // Longer than any pause of the poll and of the reader of blocks.
    for (const began = performance.now(); performance.now() - began < 4_000;) {
      await restart();
    }
    await rig.virsh('snapshot-create-as', name, 'unseen-too', '--disk-only');
    assert.deepEqual(outside.counted(), before);
    assert.equal(knows('unseen'), false, 'somebody else has looked');

    const again = painted(() => knows('unseen-too') && outside.programs > before[1]!);
    await call('virtRewind.showPicture', { vm: name });
    await again;
    assert.equal(api.pictures.find(ref)?.isVisible, true);
  });

  it('is closed without a word while it reads', async () => {
    const hidden = await vscode.workspace.openTextDocument({ content: 'over it again' });
    await vscode.window.showTextDocument(hidden);
    let answer: (value: never) => void = () => undefined;
    const asked = new Promise((resolve) => (answer = resolve));
    const { engine } = api;
    Reflect.set(engine, 'readTree', () => asked);
    const rejections: unknown[] = [];
    const note = (error: unknown): unknown => rejections.push(error);
    process.on('unhandledRejection', note);
    try {
      const seen = painted(() => true);
      await call('virtRewind.showPicture', { vm: name });
      await seen;
      const panel = api.pictures.find(ref)!;
      const closed = new Promise((resolve) => panel.onDidDispose(resolve));
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await closed;
      answer(undefined as never);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(rejections, []);
      assert.equal(panel.isVisible, false);
    } finally {
      process.off('unhandledRejection', note);
      Reflect.deleteProperty(engine, 'readTree');
    }
  });
});
