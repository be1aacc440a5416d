// Where the nodes of a tree stand: tidy, parents centred above their children, subtrees as close as they fit. O(n),
// without recursion, because chains of thousands exist. Knows no pixels: a step is one node wide, a level one high.

interface PlacedNode {
  /** In node widths; the leftmost node stands at 0. */
  readonly x: number;
  /** Its depth. */
  readonly level: number;
}

export interface TreeLayout {
  readonly places: readonly PlacedNode[];
  /** In node widths: where the rightmost node stands. */
  readonly width: number;
  readonly levels: number;
}

interface LayoutNode {
  readonly index: number;
  readonly level: number;
  readonly parent: LayoutNode | undefined;
  readonly children: LayoutNode[];
  /** Position among its siblings. */
  readonly number: number;
  prelim: number;
  mod: number;
  change: number;
  shift: number;
  thread: LayoutNode | undefined;
  ancestor: LayoutNode;
}

/**
 * The way of Buchheim, Jünger and Leipert ("Improving Walker's Algorithm to Run in Linear Time", 2002).
 * @param parents by node, the index of its parent; undefined for a root. Parents that make a circle are the caller's
 *   fault: those nodes get no place of their own and stand at 0.
 */
export function layoutTree(parents: readonly (number | undefined)[]): TreeLayout {
  const top = makeWalkers(parents);
  const order = childrenFirst(top);
  for (const walker of order) {
    placeChildren(walker);
  }
  const places: { x: number; level: number }[] = parents.map(() => ({ x: 0, level: 0 }));
  let least = Infinity;
  let most = -Infinity;
  let levels = 0;
  const sums = new Map<LayoutNode, number>([[top, 0]]);
  for (const walker of order.reverse()) {
    const above = sums.get(walker) ?? 0;
    for (const child of walker.children) {
      sums.set(child, above + child.mod);
      const x = child.prelim + above;
      places[child.index] = { x, level: child.level };
      least = Math.min(least, x);
      most = Math.max(most, x);
      levels = Math.max(levels, child.level + 1);
    }
  }
  return levels === 0
    ? { places: [], width: 0, levels: 0 }
    : { places: places.map(({ x, level }) => ({ x: x - least, level })), width: most - least, levels };
}

/** All under one root that is not shown. */
function makeWalkers(parents: readonly (number | undefined)[]): LayoutNode {
  const below = new Map<number | undefined, number[]>();
  parents.forEach((parent, index) => {
    const list = below.get(parent) ?? [];
    list.push(index);
    below.set(parent, list);
  });
  const top = layoutNodeOf(-1, -1, undefined, 0);
  const open = [top];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const parent = at;
    for (const index of below.get(parent.index < 0 ? undefined : parent.index) ?? []) {
      const child = layoutNodeOf(index, parent.level + 1, parent, parent.children.length);
      parent.children.push(child);
      open.push(child);
    }
  }
  return top;
}

function layoutNodeOf(index: number, level: number, parent: LayoutNode | undefined, number: number): LayoutNode {
  const made = {
    index,
    level,
    parent,
    number,
    children: [],
    prelim: 0,
    mod: 0,
    change: 0,
    shift: 0,
    thread: undefined,
  };
  return Object.assign(made, { ancestor: made as unknown as LayoutNode });
}

function childrenFirst(top: LayoutNode): LayoutNode[] {
  const order = [top];
  // The list grows while it is walked.
  for (const one of order) {
    for (const child of one.children) {
      order.push(child);
    }
  }
  return order.reverse();
}

/** The trees below the children are placed already, each for itself; here they are put beside each other. */
function placeChildren(parent: LayoutNode): void {
  let [ancestor] = parent.children;
  for (const child of parent.children) {
    const left = parent.children[child.number - 1];
    const middle = midpoint(child);
    if (left === undefined) {
      child.prelim = middle ?? 0;
    } else {
      child.prelim = left.prelim + 1;
      child.mod = middle === undefined ? 0 : child.prelim - middle;
    }
    ancestor = left === undefined || ancestor === undefined ? child : apportion(child, left, ancestor);
  }
  let shift = 0;
  let change = 0;
  for (const child of parent.children.toReversed()) {
    child.prelim += shift;
    child.mod += shift;
    change += child.change;
    shift += child.shift + change;
  }
}

function midpoint({ children }: LayoutNode): number | undefined {
  const [first] = children;
  const last = children.at(-1);
  return first === undefined || last === undefined ? undefined : (first.prelim + last.prelim) / 2;
}

function apportion(right: LayoutNode, left: LayoutNode, defaultAncestor: LayoutNode): LayoutNode {
  let ancestor = defaultAncestor;
  const first = right.parent?.children[0] ?? right;
  let [insideRight, outsideRight, insideLeft, outsideLeft] = [right, right, left, first];
  let [sumInsideRight, sumOutsideRight] = [right.mod, right.mod];
  let [sumInsideLeft, sumOutsideLeft] = [left.mod, first.mod];
  for (;;) {
    const nextLeft = lastBelow(insideLeft);
    const nextRight = firstBelow(insideRight);
    if (nextLeft === undefined || nextRight === undefined) {
      if (nextLeft !== undefined && lastBelow(outsideRight) === undefined) {
        outsideRight.thread = nextLeft;
        outsideRight.mod += sumInsideLeft - sumOutsideRight;
      }
      if (nextRight !== undefined && firstBelow(outsideLeft) === undefined) {
        outsideLeft.thread = nextRight;
        outsideLeft.mod += sumInsideRight - sumOutsideLeft;
        ancestor = right;
      }
      return ancestor;
    }
    [insideLeft, insideRight] = [nextLeft, nextRight];
    outsideLeft = firstBelow(outsideLeft) ?? outsideLeft;
    outsideRight = lastBelow(outsideRight) ?? outsideRight;
    outsideRight.ancestor = right;
    const shift = insideLeft.prelim + sumInsideLeft - (insideRight.prelim + sumInsideRight) + 1;
    if (shift > 0) {
      const from = insideLeft.ancestor.parent === right.parent ? insideLeft.ancestor : ancestor;
      moveSubtree(from, right, shift);
      sumInsideRight += shift;
      sumOutsideRight += shift;
    }
    sumInsideLeft += insideLeft.mod;
    sumInsideRight += insideRight.mod;
    sumOutsideLeft += outsideLeft.mod;
    sumOutsideRight += outsideRight.mod;
  }
}

function moveSubtree(from: LayoutNode, to: LayoutNode, shift: number): void {
  const each = shift / (to.number - from.number);
  to.change -= each;
  to.shift += shift;
  from.change += each;
  to.prelim += shift;
  to.mod += shift;
}

function firstBelow(one: LayoutNode): LayoutNode | undefined {
  return one.children[0] ?? one.thread;
}

function lastBelow(one: LayoutNode): LayoutNode | undefined {
  return one.children.at(-1) ?? one.thread;
}
