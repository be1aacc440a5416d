// What the tests of the commands share: guests on the layer's private libvirtd, "another client" beside the extension,
// and the commands as another extension calls them.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { type Virsh, virshOf, virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { DevelopmentApi } from '../../src/extension.js';
import type { AnyCommandId } from '../../src/verbs/verbs.js';
import type { FailureKind } from '../../src/domain/failure.js';
import type { OperationResult } from '../../src/domain/operation.js';
import type { Node, SnapshotNode, VmNode } from '../../src/ui/tree/nodes.js';
import type { Person } from './person.js';

export type Guest = Awaited<ReturnType<typeof defineTestGuest>>;

/**
 * The ids that the tests have called, so that a last one can tell which are missing. Each file is a bundle of its own,
 * so that they share nothing but the process.
 */
const shared = globalThis as { virtRewindCalled?: Set<string> };
export const called = (shared.virtRewindCalled ??= new Set<string>());

export class CommandRig {
  readonly uri: string;
  /** libvirt's own pretended hypervisor on the same daemon, with a VM called "test". */
  readonly driverUri: string;
  readonly dir: string;
  readonly #virsh: Virsh;
  readonly #guests: string[] = [];

  constructor() {
    const { env } = process;
    const [uri, driverUri, dir] = [
      env['VIRT_REWIND_TEST_URI'],
      env['VIRT_REWIND_TEST_DRIVER_URI'],
      env['VIRT_REWIND_TEST_DIR'],
    ];
    if (uri === undefined || driverUri === undefined || dir === undefined) {
      throw new Error('These tests run by "npm test -- host", which starts a libvirtd for them.');
    }
    [this.uri, this.driverUri, this.dir] = [uri, driverUri, dir];
    this.#virsh = virshOf(uri);
  }

  async api(): Promise<DevelopmentApi> {
    const extension = vscode.extensions.getExtension<DevelopmentApi>('virt-rewind.virt-rewind');
    assert.ok(extension);
    return extension.activate();
  }

  virsh(...args: string[]): Promise<string> {
    return virshOk(this.#virsh, ...args);
  }

  async guest(options: Parameters<typeof defineTestGuest>[1]): Promise<Guest> {
    const guest = await defineTestGuest({ virsh: this.#virsh, dir: this.dir }, options);
    this.#guests.push(guest.name);
    return guest;
  }

  /** One that boots at once, answers on its console, and has a display. It has no agent. */
  async talkingGuest(name: string, display: 'vnc' | 'unserved' = 'unserved'): Promise<void> {
    await defineOracleGuest(
      { virsh: this.#virsh, dir: this.dir },
      { name, disks: ['qcow2'], console: true, display: true, ...(display === 'vnc' && { vnc: 'open' }) },
    );
    this.#guests.push(name);
  }

  /** Names, as libvirt has them. */
  async snapshots(vm: string): Promise<readonly string[]> {
    const names = await this.virsh('snapshot-list', vm, '--name', '--topological');
    return names.split('\n').filter((name) => name !== '');
  }

  /** Sets settings of the user for as long as something is done. */
  async withSettings<T>(values: Readonly<Record<string, unknown>>, act: () => Promise<T>): Promise<T> {
    const configuration = vscode.workspace.getConfiguration('virtRewind');
    const before = Object.keys(values).map((key) => [key, configuration.inspect(key)?.globalValue] as const);
    const update = (key: string, value: unknown): Thenable<void> =>
      configuration.update(key, value, vscode.ConfigurationTarget.Global);
    for (const [key, value] of Object.entries(values)) {
      await update(key, value);
    }
    try {
      return await act();
    } finally {
      for (const [key, value] of before) {
        await update(key, value);
      }
    }
  }

  async vmRow(name: string): Promise<VmNode> {
    const { engine } = await this.api();
    const view = engine.findVms(name, this.uri)[0];
    assert.ok(view, `the extension does not know ${name}`);
    return { kind: 'vm', id: `test ${name}`, ref: view.ref };
  }

  async snapshotRow(vm: string, snapshot: string): Promise<SnapshotNode> {
    const { ref } = await this.vmRow(vm);
    return { kind: 'snapshot', id: `test ${vm} ${snapshot}`, ref, snapshot };
  }

  async stop(): Promise<void> {
    for (const name of this.#guests) {
      const { code } = await this.#virsh(['dominfo', name]);
      if (code === 0) {
        // Off already is as good; what really is wrong the next command tells.
        await this.#virsh(['destroy', name]);
        await this.virsh('undefine', name, '--managed-save', '--snapshots-metadata');
      }
    }
  }
}

/** As another extension calls it: with one argument object, or none. */
export function call<T>(id: AnyCommandId, given?: object): Thenable<T> {
  called.add(id);
  return given === undefined ? vscode.commands.executeCommand<T>(id) : vscode.commands.executeCommand<T>(id, given);
}

export function operate(id: AnyCommandId, given: object): Thenable<OperationResult> {
  return call<OperationResult>(id, given);
}

/** As a menu calls it: the row under the mouse, and the selected rows. */
export function fromMenu(id: AnyCommandId, row: Node, selected?: readonly Node[]): Thenable<unknown> {
  called.add(id);
  return vscode.commands.executeCommand(id, row, selected);
}

/** Agrees to a delete, and takes it back before it begins; resolves to what was said of it. */
export async function takesBack(rig: CommandRig, person: Person, begin: () => Thenable<unknown>): Promise<string> {
  return rig.withSettings({ 'delete.undoSeconds': 60 }, async () => {
    person.will(({ choices }) => choices.find((one) => one !== 'Move to Trash'));
    const heard = person.hears('starts in 60 s');
    const deleting = begin();
    const told = await Promise.race([heard, deleting.then(() => assert.fail('nothing could be taken back'))]);
    assert.equal(told.cancellable, true);
    told.cancel();
    await deleting;
    assert.deepEqual(person.said, [], 'what was taken back is silent');
    return told.title;
  });
}

export async function rejects(promise: Thenable<unknown>, kind: FailureKind): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.ok('kind' in error, `no kind: ${error.message}`);
    assert.equal(error.kind, kind, error.message);
    assert.ok(error.message.length > 10, `not a sentence: ${error.message}`);
    return error;
  }
  assert.fail(`was done, although ${kind} was expected`);
}

/** Does something as in a workspace that nobody trusts. */
export async function untrustedly<T>(act: () => Promise<T>): Promise<T> {
  const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted');
  assert.ok(trusted);
  Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
  try {
    return await act();
  } finally {
    Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
  }
}

/** VS Code shows no modal dialog in tests: it rejects instead, and says what the dialog would have said. */
export async function asksFirst(promise: Thenable<unknown>): Promise<string> {
  const { message } = await rejects(promise, 'failed');
  assert.match(message, /refused to show dialog/i);
  return message;
}

/** A task of this name that is over at once. Without a shell: the rig's VS Code starts no processes in terminals. */
export function shortTask(name: string): vscode.Task {
  const ends = new vscode.EventEmitter<number>();
  const terminal: vscode.Pseudoterminal = {
    onDidWrite: new vscode.EventEmitter<string>().event,
    onDidClose: ends.event,
    open: () => ends.fire(0),
    close: () => ends.dispose(),
  };
  const execution = new vscode.CustomExecution(() => Promise.resolve(terminal));
  return new vscode.Task({ type: 'shell' }, vscode.TaskScope.Workspace, name, 'test', execution, []);
}
