// The snapshots of a VM as lines of a tree, however many stand below each other.
import assert from 'node:assert/strict';
import type { Context } from '../../../src/cli/context.js';
import { tree } from '../../../src/cli/commands/tree.js';
import { printerOf } from '../../../src/cli/printed.js';
import { Terminal } from '../../../src/cli/terminal.js';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import type { VmView } from '../../../src/live/views.js';
import { vmInfo } from '../../../src/session/infos.js';
import { branched, snapshot, vmView } from '../ui/samples.js';

/** What is told of it, the VM first. */
async function wordsOf(read: SnapshotTree, trash: readonly string[] = []): Promise<readonly string[]> {
  const view = vmView({ tree: read });
  let said = '';
  const stdout = {
    write: (text: string) => {
      said += text;
    },
  };
  const terminal = new Terminal({ stdin: {}, stdout, stderr: {} } as unknown as NodeJS.Process, {}, 'quiet');
  const engine = {
    readTree: () => Promise.resolve(read),
    readLayers: () => Promise.resolve(),
    trashedSnapshots: () => Promise.resolve(trash),
  };
  const session = {
    engine,
    vm: () => Promise.resolve(view),
    view: () => view,
    infoOf: (one: VmView) => vmInfo(one, () => false),
  };
  const call = { operands: ['web-test'], flags: new Set() } as unknown as Context['call'];
  await printerOf(call, terminal).print(await tree({ call, session, terminal } as unknown as Context));
  return said.trimEnd().split('\n');
}

/** Without the words behind each title. */
async function linesOf(read: SnapshotTree): Promise<readonly string[]> {
  const [, ...lines] = await wordsOf(read);
  return lines.map((line) => line.replace(/(?<=\S) {2}.*$/u, ''));
}

describe('the tree of a VM in a shell', () => {
  it('has branches below each other, and an only child at the level of its parent', async () => {
    assert.deepEqual(await linesOf(branched), ['○ base', '├─○ first', '│ ○ second', '│ ► You are here', '└─○ other']);
  });

  it('counts none that lies in the trash', async () => {
    const [usual = ''] = await wordsOf(branched);
    const [without = ''] = await wordsOf(branched, ['other']);
    assert.match(usual, /\b4 snapshots/u);
    assert.match(without, /\b3 snapshots/u);
  });

  it('has a chain of as many snapshots as libvirt lists', async () => {
    const names = Array.from({ length: 16_384 }, (_, index) => `s${index}`);
    const snapshots = names.map((name, index) => snapshot(name, index === 0 ? {} : { parent: names[index - 1]! }));
    const lines = await linesOf({ snapshots, current: names.at(-1)! });
    assert.equal(lines.length, names.length + 1);
    assert.deepEqual([lines[0], lines.at(-2)], ['○ s0', '○ s16383']);
  });
});
