// Images that rest on each other in a circle: QEMU opens none of them, and no rule about what lies below can be right.
import type { Facts } from '../facts.js';
import type { ImageFacts, Observation } from '../hostFiles.js';
import { type RefusedDecision, refuse } from '../refusal.js';

/** From the first of `files` that leads into one: its images in their order, the first one again at the end. */
function findRing(files: Iterable<string>, { files: seen }: Pick<Facts, 'files'>): readonly string[] | undefined {
  const harmless = new Set<string>();
  for (const file of files) {
    const path: string[] = [];
    let next: string | undefined = file;
    while (next !== undefined && !harmless.has(next)) {
      if (path.includes(next)) {
        return [...path.slice(path.indexOf(next)), next];
      }
      path.push(next);
      const image: Observation<ImageFacts> | undefined = seen?.images.get(next);
      next = typeof image === 'object' ? image.backing?.file : undefined;
    }
    path.forEach((one) => harmless.add(one));
  }
  return undefined;
}

/** Refuses if any image that was read rests on itself. */
export function ringRefusal(facts: Facts): RefusedDecision | undefined {
  const ring = findRing(facts.files?.images.keys() ?? [], facts);
  return ring && refuse('unjudgedImage', { file: ring[0] ?? '', why: 'loop', below: ring.join(' → ') });
}
