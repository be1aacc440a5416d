// The tree in a real VS Code, over a real libvirt: what stands in it, what moves by itself, and what rests while
// hidden.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { vmKey } from '../../src/live/views.js';
import { settingKeys } from '../../src/manifest/settings.js';
import { treeViewId } from '../../src/manifest/viewIds.js';
import type { Node, VmNode } from '../../src/ui/tree/nodes.js';
import type { VmTree } from '../../src/ui/tree/vmTree.js';
import { CommandRig, call } from './commandRig.js';

const name = 'tree-off';

describe('tree', () => {
  let rig: CommandRig;
  let tree: VmTree;
  let vm: VmNode;

  before(async () => {
    rig = new CommandRig();
    await rig.guest({ name });
    await rig.virsh('snapshot-create-as', name, 'base', '--description', 'The first one');
    await rig.virsh('snapshot-create-as', name, 'left');
    await rig.virsh('snapshot-revert', name, 'base');
    await rig.virsh('snapshot-create-as', name, 'right');
    ({ tree } = await rig.api());
    await show();
    vm = await eventually(async () => (await vms()).find(isVm(name)), isVm(name));
  });

  after(async () => {
    await tree.setFilter('');
    await call('virtRewind.arrange', { layout: 'tree' });
    await rig.stop();
  });

  const show = (): Thenable<unknown> => vscode.commands.executeCommand(`${treeViewId}.focus`);
  const hide = (): Thenable<unknown> => vscode.commands.executeCommand('workbench.view.explorer');
  const rowsOf = (node?: Node): Promise<Node[]> => tree.getChildren(node);
  const isVm =
    (wanted: string) =>
    (node: Node | undefined): node is VmNode =>
      node?.kind === 'vm' && labelOf(node) === wanted;
  const labelOf = (node: Node): string => {
    const { label } = tree.getTreeItem(node);
    return typeof label === 'string' ? label : '';
  };
  const wordsOf = (node: Node): string => `${labelOf(node)}: ${String(tree.getTreeItem(node).description).trim()}`;

  async function connection(): Promise<Node | undefined> {
    return (await rowsOf()).find((one) => one.kind === 'connection' && one.connection === rig.uri);
  }

  async function vms(): Promise<Node[]> {
    const above = await connection();
    return above === undefined ? [] : rowsOf(above);
  }

  /** Asks at once and after each change of the tree, until the answer is the wanted one. */
  async function eventually<T, U extends T>(ask: () => Promise<T>, isWanted: (answer: T) => answer is U): Promise<U>;
  async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T>;
  async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        const listening = tree.onDidChangeTreeData(() => {
          listening.dispose();
          resolve();
        });
      });
      const answer = await ask();
      if (isWanted(answer)) {
        return answer;
      }
      await changed;
    }
  }

  /** The rows under the VM as an outline, two spaces a level. */
  async function outline(node: Node = vm, depth = 0): Promise<string[]> {
    const lines: string[] = [];
    for (const child of await rowsOf(node)) {
      lines.push(`${'  '.repeat(depth)}${labelOf(child)}`, ...(await outline(child, depth + 1)));
    }
    return lines;
  }

  it('shows the connection with its versions, and the VM with its state in words', async () => {
    assert.match(wordsOf((await connection())!), /libvirt \d+\.\d+.* · QEMU \d+\.\d+/);
    const words = 'tree-off: 3 snapshots';
    // The view was open while they were taken.
    await eventually(
      () => Promise.resolve(wordsOf(vm)),
      (shown) => shown === words,
    );
  });

  it('shows branches, and where the VM stands', async () => {
    assert.deepEqual(await outline(), ['base', '  left', 'right', 'You are here']);
  });

  it('shows by itself what another client does', async () => {
    await rig.virsh('snapshot-create-as', name, 'later');
    const lines = await eventually(outline, (now) => now.includes('later'));
    assert.deepEqual(lines, ['base', '  left', 'right', 'later', 'You are here']);
    await rig.virsh('snapshot-delete', name, 'later');
    await eventually(outline, (now) => !now.includes('later'));
  });

  it('keeps a row the same thing over changes, and leads back from every row to the top', async () => {
    const before = await rowsOf(vm);
    await rig.virsh('snapshot-create-as', name, 'passing');
    await eventually(outline, (now) => now.includes('passing'));
    assert.equal((await rowsOf(vm))[0], before[0]);
    const walk = async (node: Node): Promise<void> => {
      for (const child of await rowsOf(node)) {
        assert.equal(tree.getParent(child), node);
        await walk(child);
      }
    };
    await walk(vm);
    await rig.virsh('snapshot-delete', name, 'passing');
    await eventually(outline, (now) => !now.includes('passing'));
  });

  it('tells in a tooltip, as text that nothing in it can turn into markup', async () => {
    const hostile = '--\nTitle: <img src=x> [run](command:workbench.action.quit) **x**';
    await rig.virsh('snapshot-create-as', name, 'hostile', '--description', hostile);
    const lines = await eventually(outline, (now) => now.some((line) => line.includes('<img')));
    assert.ok(lines.some((line) => line.trim() === '<img src=x> [run](command:workbench.action.quit) **x**'));
    const all = async (node: Node): Promise<Node[]> => [
      node,
      ...(await Promise.all((await rowsOf(node)).map(all))).flat(),
    ];
    const node = (await all(vm)).find((one) => one.kind === 'snapshot' && one.snapshot === 'hostile');
    assert.ok(node);
    const { tooltip } = await tree.resolveTreeItem(tree.getTreeItem(node), node);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.equal(tooltip.isTrusted ?? false, false);
    assert.equal(tooltip.supportHtml ?? false, false);
    assert.match(tooltip.value, /hostile/);
    assert.ok(tooltip.value.includes('\\<img'), tooltip.value);
    assert.doesNotMatch(tooltip.value, /\[run\]|\]\(/);
    await rig.virsh('snapshot-delete', name, 'hostile');
    await eventually(outline, (now) => now.length === 4);
  });

  it('lists snapshots instead, when the setting says so', async () => {
    await call('virtRewind.arrange', { layout: 'list' });
    assert.equal(vscode.workspace.getConfiguration().get(settingKeys.treeLayout), 'list');
    assert.deepEqual(
      (await eventually(outline, (now) => !now.some((line) => line.startsWith(' '))))[0],
      'You are here',
    );
    await call('virtRewind.arrange', { layout: 'nested' });
    assert.deepEqual(await eventually(outline, (now) => now[3]?.startsWith('    ') === true), [
      'base',
      '  left',
      '  right',
      '    You are here',
    ]);
    await call('virtRewind.arrange', { layout: 'tree' });
    await eventually(outline, (now) => now.length === 4 && now[1] === '  left');
  });

  it('goes to where the VM stands', async () => {
    await call('virtRewind.goToCurrent', { vm: name });
    await eventually(
      () => Promise.resolve(tree.focus.selection),
      (selected) => selected.some((node) => node.kind === 'here'),
    );
  });

  it('hides what the filter does not find', async () => {
    await tree.setFilter('LEF');
    assert.deepEqual(await outline(), ['base', '  left']);
    assert.deepEqual((await vms()).map(labelOf), [name]);
    await tree.setFilter('there is nothing of that name');
    assert.deepEqual(
      (await vms()).map((node) => node.kind),
      ['message'],
    );
    await tree.setFilter('');
    assert.equal((await outline()).length, 4);
  });

  async function revealLeft(): Promise<void> {
    const isLeft = (node: Node): boolean => node.kind === 'snapshot' && node.snapshot === 'left';
    if (tree.focus.selection.some(isLeft)) return;
    const selected = new Promise<void>((resolve) => {
      const listening = tree.focus.onDidSelect(({ selection }) => {
        if (selection.some(isLeft)) {
          listening.dispose();
          resolve();
        }
      });
    });
    tree.focus.follow({ ref: vm.ref })('left');
    await selected;
  }

  it('reveals and selects a snapshot', async () => {
    await show();
    await revealLeft();
  });

  it('is asked again which row has the focus when a key is pressed while it is drawn: a selected one may be another', async () => {
    await show();
    await revealLeft();
    const copied = async (command: string, ...given: readonly unknown[]): Promise<string> => {
      await vscode.env.clipboard.writeText('nothing');
      await vscode.commands.executeCommand(command, ...given);
      return vscode.env.clipboard.readText();
    };
    const focused = { $treeViewId: treeViewId, $focusedTreeItem: true };
    const byKey = { commands: [{ command: 'virtRewind.copyName', args: [focused] }] };
    const seen: string[] = [];
    // Down to the VM, whose name can be copied. Keys go elsewhere until the focus has come over, a moment after the
    // command.
    while (!seen.includes(name)) {
      await vscode.commands.executeCommand('virtRewind.vms.focus');
      await vscode.commands.executeCommand('list.focusFirst');
      for (let row = 1; row < 6 && !seen.includes(name); row++) {
        await vscode.commands.executeCommand('list.focusDown');
        seen.push(await copied('runCommands', byKey));
      }
    }
    await call('virtRewind.arrange', { layout: 'list' });
    await call('virtRewind.arrange', { layout: 'tree' });
    // The editor hands over nothing where it knows no row. A machine may need longer to draw than a key is asked again.
    let answer: string;
    do {
      answer = await copied('virtRewind.copyName', [null]);
    } while (answer === 'nothing');
    assert.equal(answer, name);
  });

  it('rests while it is hidden, and shows the truth when it is seen again', async () => {
    const { engine } = await rig.api();
    const key = vmKey(vm.ref);
    await hide();
    let changes = 0;
    const listening = tree.onDidChangeTreeData(() => (changes += 1));
    await rig.virsh('snapshot-create-as', name, 'unseen');
    // A command reads what the hidden view does not follow, so the inventory knows before the view draws.
    await engine.refresh({ vm: vm.ref });
    assert.ok(
      engine.findVm(vm.ref)?.tree?.snapshots.some((one) => one.name === 'unseen'),
      key,
    );
    assert.equal(changes, 0);
    listening.dispose();
    const drawnAnew = new Promise<Node | undefined>((resolve) => {
      const waiting = tree.onDidChangeTreeData((node) => {
        waiting.dispose();
        resolve(node);
      });
    });
    await show();
    assert.equal(await drawnAnew, undefined, 'not all rows were drawn anew');
    assert.ok((await outline()).includes('unseen'));
    await rig.virsh('snapshot-delete', name, 'unseen');
    await eventually(outline, (now) => !now.includes('unseen'));
  });

  it('puts the VMs in the order that the setting wants', async () => {
    const others = ['tree-paused', 'tree-running'];
    for (const other of others) {
      await rig.guest({ name: other, agent: false });
      await rig.virsh('start', other);
    }
    await rig.virsh('suspend', 'tree-paused');
    await call('virtRewind.refresh');
    const settings = vscode.workspace.getConfiguration();
    const order = async (): Promise<readonly string[]> => (await vms()).map(labelOf);
    const becomes = async (by: string | undefined, wanted: readonly string[]): Promise<void> => {
      await settings.update(settingKeys.treeVms, by, vscode.ConfigurationTarget.Global);
      assert.deepEqual(await eventually(order, (now) => now.join() === wanted.join()), wanted);
    };
    await becomes('name', [name, 'tree-paused', 'tree-running']);
    await becomes(undefined, ['tree-running', 'tree-paused', name]);
    await call('virtRewind.resume', { vm: 'tree-paused' });
    assert.deepEqual(await order(), ['tree-running', 'tree-paused', name], 'a VM that starts moves no row');
    await call('virtRewind.pause', { vm: 'tree-running' });
    assert.deepEqual(await order(), ['tree-running', 'tree-paused', name], 'nor does one that pauses');
    await call('virtRewind.refresh');
    assert.deepEqual(await order(), ['tree-paused', 'tree-running', name]);
    await becomes('recent', ['tree-running', 'tree-paused', name]);
    await becomes(undefined, ['tree-paused', 'tree-running', name]);
  });

  it('opens the XML of a VM and of a snapshot, read-only', async () => {
    for (const [given, wanted] of [
      [{ vm: name }, /<domain/],
      [{ vm: name, snapshot: 'base' }, /<domainsnapshot>/],
    ] as const) {
      await call('virtRewind.showXml', { ...given, connection: rig.uri });
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.languageId, 'xml');
      assert.match(document.getText(), wanted);
      assert.equal(vscode.workspace.fs.isWritableFileSystem(document.uri.scheme) ?? false, false);
    }
  });
});
