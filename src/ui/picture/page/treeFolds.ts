// Which snapshots of a large tree stand together as one node, so that those that tell most can be read. Pure; knows no
// page.
import { t } from '@vscode/l10n';
import type { PictureNode } from '../messages.js';

export interface TreeNode extends PictureNode {
  /** The names of those that it stands for; absent: it is a node itself. */
  readonly folds?: readonly string[];
}

/** Fewer stand for themselves. */
const fewestInLine = 3;
const fewestBeside = 4;

/**
 * | snapshots                                            | stand                  |
 * |------------------------------------------------------|------------------------|
 * | three or more in a line, without a branch among them | together               |
 * | four or more ends beside each other                  | together               |
 * | roots, where branches begin, the newest of the way to the current state, what is marked or kept | each for itself |
 */
export function foldedNodes(nodes: readonly PictureNode[], keeps: (name: string) => boolean): readonly TreeNode[] {
  const children = nodes.map((): number[] => []);
  nodes.forEach(({ parent }, index) => parent !== undefined && children[parent]?.push(index));
  const isPlain = (index: number): boolean => {
    const node = nodes[index];
    return node?.kind === 'snapshot' && node.parent !== undefined && node.mark === undefined && !keeps(node.name);
  };
  const isInLine = (index: number): boolean => {
    const [only, ...others] = children[index] ?? [];
    const beside = children[nodes[index]?.parent ?? -1] ?? [];
    return isPlain(index) && beside.length === 1 && others.length === 0 && nodes[only ?? -1]?.kind === 'snapshot';
  };
  const runs: (readonly number[])[] = [];
  nodes.forEach(({ parent }, index) => {
    if (isInLine(index) && (parent === undefined || !isInLine(parent))) {
      const run: number[] = [];
      for (let at: number | undefined = index; at !== undefined && isInLine(at); at = children[at]?.[0]) {
        run.push(at);
      }
      runs.push(run.length >= fewestInLine ? run : []);
    }
    const ends = (children[index] ?? []).filter((child) => isPlain(child) && children[child]?.length === 0);
    runs.push(ends.length >= fewestBeside ? ends : []);
  });
  return withoutRuns(nodes, runs);
}

function withoutRuns(nodes: readonly PictureNode[], runs: readonly (readonly number[])[]): readonly TreeNode[] {
  const runOf = new Map(runs.flatMap((run) => run.map((index) => [index, run] as const)));
  const headOf = (index: number): number => runOf.get(index)?.[0] ?? index;
  const stay = nodes.flatMap((_, index) => (headOf(index) === index ? [index] : []));
  const places = new Map(stay.map((index, place) => [index, place]));
  return stay.flatMap((index): readonly TreeNode[] => {
    const node = nodes[index];
    if (node === undefined) {
      return [];
    }
    const { parent, ...rest } = node;
    const above = parent === undefined ? {} : { parent: places.get(headOf(parent)) ?? 0 };
    const run = runOf.get(index)?.flatMap((one) => nodes[one] ?? []);
    return [{ ...rest, ...above, ...(run === undefined ? {} : together(run)) }];
  });
}

function together(run: readonly PictureNode[]): Omit<TreeNode, 'kind' | 'parent' | 'onPath'> {
  const title = t('{0} snapshots', run.length);
  const between = t('{0} to {1}', run[0]?.title ?? '', run.at(-1)?.title ?? '');
  return {
    name: `\0${run[0]?.name ?? ''}`,
    title,
    lines: [between, t('Press Enter to show them')],
    spoken: [title, between, t('Press Enter to show them')].join(', '),
    tokens: '',
    folds: run.map(({ name }) => name),
  };
}
