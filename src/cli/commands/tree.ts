// The snapshots of a VM as a tree, with where it stands now.
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { childrenOf, rootsOf } from '../../domain/snapshotTree.js';
import type { VmView } from '../../live/views.js';
import { readInfos, snapshotInfos } from '../../session/infos.js';
import { marksOn } from '../../text/rows/marksOn.js';
import { hereRow, snapshotRow } from '../../text/rows/rows.js';
import { sizeIn } from '../../text/rows/sizeText.js';
import { powerWord, snapshotCountText } from '../../text/words.js';
import { columnsOf, cutTo } from '../table.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Terminal } from '../terminal.js';
import type { Answers } from '../answers.js';

const reach = { readOnly: false };

export async function tree({ call, session, terminal, log }: Context): Promise<CommandAnswer> {
  const found = await session.vm(call.operands[0] ?? '');
  const { engine } = session;
  await engine.readLayers(found.ref).catch(async (error: unknown) => {
    // The tree, which is read for them, is good without its sizes.
    log.warn(asFailure(error).line);
    await engine.readTree(found.ref);
  });
  const view = session.view(found);
  const [info = session.infoOf(view)] = await readInfos(session, [view], log);
  const { vm, tree: read = { snapshots: [] } } = view;
  const isSomewhere = read.snapshots.some(({ name }) => name === read.current);
  return {
    answer: () => ({ vm: info, snapshots: snapshotInfos(view) }) satisfies Answers['tree'],
    text: () => [
      `${terminal.style('bold', displayLine(vm.name))}  ${powerWord(vm)}, ${snapshotCountText(info.snapshots ?? 0)}`,
      ...linesBelow({ view, tree: read, terminal, now: Date.now() }, [
        ...rootsOf(read),
        ...(isSomewhere ? [] : [here]),
      ]),
    ],
  };
}

interface Drawing {
  readonly view: VmView;
  readonly tree: SnapshotTree;
  readonly terminal: Terminal;
  readonly now: number;
}

/** Where the VM stands now. */
const here = 'here' as const;

interface TreePlace {
  readonly node: Snapshot | typeof here;
  readonly first: string;
  /** Before all lines below it. */
  readonly rest: string;
}

/** Without recursion: a chain may be longer than the stack is deep. */
function linesBelow(drawing: Drawing, nodes: readonly TreePlace['node'][]): readonly string[] {
  const lines: string[] = [];
  const open = placeNodes(nodes, '').toReversed();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, first, rest } = next;
    lines.push(node === here ? hereLine(drawing, first) : rowOf(drawing, node, first));
    open.push(...placeNodes(nodesBelow(drawing.tree, node), rest).toReversed());
  }
  return lines;
}

/** A snapshot's only child stands at its own level: a line of snapshots does not run out of the screen. */
function placeNodes(nodes: readonly TreePlace['node'][], indent: string): readonly TreePlace[] {
  return nodes.map((node, index) =>
    nodes.length === 1
      ? { node, first: indent, rest: indent }
      : index < nodes.length - 1
        ? { node, first: `${indent}├─`, rest: `${indent}│ ` }
        : { node, first: `${indent}└─`, rest: `${indent}  ` },
  );
}

function nodesBelow(tree: SnapshotTree, node: TreePlace['node']): readonly TreePlace['node'][] {
  return node === here ? [] : [...childrenOf(tree, node.name), ...(tree.current === node.name ? [here] : [])];
}

function hereLine({ view, terminal, now }: Drawing, first: string): string {
  const { words } = hereRow(view, undefined, reach, { now });
  return fitRow(`${first}► ${t('You are here')}`, words, terminal, 'green');
}

function rowOf({ view, terminal, now }: Drawing, snapshot: Snapshot, first: string): string {
  const { tree: all, layers } = view;
  const { name } = snapshot;
  const place = {
    ...reach,
    isCurrent: all?.current === name,
    opens: 'never' as const,
    ...marksOn(view, name),
  };
  const { words } = snapshotRow(snapshot, place, { now }, sizeIn(layers, name));
  const title = displayLine(snapshot.title);
  // The name is what a command takes where two have one title.
  const called = title === displayLine(name) ? title : `${title} (${displayLine(name)})`;
  return fitRow(`${first}○ ${called}`, words, terminal);
}

/** The words behind it, as far as there is room. */
function fitRow(start: string, words: string, terminal: Terminal, style: 'bold' | 'green' = 'bold'): string {
  const room = terminal.width - columnsOf(start) - 2;
  const shown = columnsOf(words) > room && room < 8 ? '' : cutTo(words, room);
  const cut = cutTo(start, terminal.width);
  return `${style === 'green' ? terminal.style('green', cut) : cut}${shown === '' ? '' : `  ${terminal.style('dim', shown)}`}`;
}
