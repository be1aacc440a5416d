// Where the nodes of a tree stand: tidy, parents centred above their children, subtrees as close as they fit. Knows no
// pixels: a step is one node wide, a level one high.
import { hierarchy, tree } from 'd3-hierarchy';

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

/** All roots hang on one that is not shown. */
const top = -1;

const layOut = tree<number>()
  .nodeSize([1, 1])
  .separation(() => 1);

/**
 * @param parents by node, the index of its parent; undefined for a root. Parents that make a circle are the caller's
 *   fault: those nodes get no place of their own and stand at 0.
 */
export function layoutTree(parents: readonly (number | undefined)[]): TreeLayout {
  const below = new Map<number, number[]>();
  parents.forEach((parent = top, index) => {
    const children = below.get(parent) ?? [];
    children.push(index);
    below.set(parent, children);
  });
  const placed = layOut(hierarchy(top, (index) => below.get(index)))
    .descendants()
    .slice(1);
  const xs = placed.map(({ x }) => x);
  const least = xs.reduce((one, other) => Math.min(one, other), Infinity);
  const places = parents.map(() => ({ x: 0, level: 0 }));
  for (const { data, x, depth } of placed) {
    places[data] = { x: x - least, level: depth - 1 };
  }
  return {
    places,
    width: places.reduce((most, { x }) => Math.max(most, x), 0),
    levels: placed.reduce((most, { depth }) => Math.max(most, depth), 0),
  };
}
