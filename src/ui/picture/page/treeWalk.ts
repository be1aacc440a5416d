// Which node a key leads to: up to the parent, down to a child, left and right among those beside it. Knows no screen.

type TreeStep = 'parent' | 'child' | 'before' | 'after' | 'first' | 'last';

/** By the name of the key. */
export const stepKeys: Readonly<Record<string, TreeStep>> = {
  ArrowUp: 'parent',
  ArrowDown: 'child',
  ArrowLeft: 'before',
  ArrowRight: 'after',
  Home: 'first',
  End: 'last',
};

export function isMac(platform: string): boolean {
  return platform.startsWith('Mac');
}

interface PressedKey {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** As package.json writes it: `ctrl+alt+r`. A letter by its place, where Alt makes another sign of it. */
export function pressedKey(event: PressedKey): string {
  const letter = event.altKey ? /^Key([A-Z])$/u.exec(event.code)?.[1] : undefined;
  return [
    ...(event.ctrlKey ? ['ctrl'] : []),
    ...(event.metaKey ? ['cmd'] : []),
    ...(event.altKey ? ['alt'] : []),
    ...(event.shiftKey ? ['shift'] : []),
    (letter ?? event.key).toLowerCase(),
  ].join('+');
}

/** What walking needs of a tree; made once for each. */
export interface WalkedTree {
  readonly parents: readonly (number | undefined)[];
  readonly children: readonly (readonly number[])[];
  readonly roots: readonly number[];
  readonly levels: readonly (readonly number[])[];
}

/** @param levels by node, its depth */
export function walkedTree(parents: readonly (number | undefined)[], levels: readonly number[]): WalkedTree {
  const children: number[][] = parents.map(() => []);
  const roots: number[] = [];
  const byLevel: number[][] = [];
  parents.forEach((parent, index) => {
    (parent === undefined ? roots : children[parent])?.push(index);
    (byLevel[levels[index] ?? 0] ??= []).push(index);
  });
  return { parents, children, roots, levels: byLevel };
}

/**
 * | step          | leads to                                                            |
 * |---------------|---------------------------------------------------------------------|
 * | parent        | the parent                                                          |
 * | child         | the child on the way to `here`, else the first                      |
 * | before, after | the next on the same level, of another parent too, as they are drawn |
 * | first, last   | the first root; `here`, or the last node                            |
 *
 * @param here "You are here"
 * @param x by node, from left to right
 * @returns the node itself where there is none
 */
export function stepInTree(
  tree: WalkedTree,
  from: number,
  step: TreeStep,
  here: number | undefined,
  x: readonly number[],
): number {
  switch (step) {
    case 'parent':
      return tree.parents[from] ?? from;
    case 'child': {
      const children = tree.children[from] ?? [];
      return children.find((one) => here !== undefined && leadsTo(tree, one, here)) ?? children[0] ?? from;
    }
    case 'before':
    case 'after': {
      const level = tree.levels.find((nodes) => nodes.includes(from)) ?? [from];
      const sorted = level.toSorted((a, b) => (x[a] ?? 0) - (x[b] ?? 0));
      return sorted[sorted.indexOf(from) + (step === 'before' ? -1 : 1)] ?? from;
    }
    case 'first':
      return tree.roots[0] ?? from;
    case 'last':
      return here ?? tree.parents.length - 1;
  }
}

function leadsTo(tree: WalkedTree, ancestor: number, node: number): boolean {
  for (let at: number | undefined = node; at !== undefined; at = tree.parents[at]) {
    if (at === ancestor) {
      return true;
    }
  }
  return false;
}
