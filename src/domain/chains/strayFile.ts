// Where a snapshot that the VM builds on and the VM's chain tell different things of a disk. Decides nothing; a delete
// and the doctor ask the same here.
import { chainOf } from './backingChain.js';
import { externalTargets, namedOverlay, overlayAbove } from './deletedFiles.js';
import { backingFileOf } from './fileUse.js';
import type { Facts } from '../facts.js';
import type { Snapshot } from '../snapshot.js';
import { childrenOf, isOnActivePath } from '../snapshotTree.js';

/** `place`: `file` is not where it froze it; `name`: it names `file`, and the VM has another above what it froze. */
export interface Stray {
  readonly by: 'place' | 'name';
  readonly file: string;
}

/**
 * | what it froze                 | overlay above it | chain of the VM | → |
 * |-------------------------------|------------------|-----------------|---|
 * | right below                   | the one it names | known           | none |
 * | right below                   | another          | known           | name |
 * | not there, or not right below | any              | known           | place |
 * | any                           | the one it names | not known       | none |
 * | any                           | another          | not known       | name |
 */
export function strayFile(snapshot: Snapshot, target: string, facts: Facts): Stray | undefined {
  if (!isOnActivePath(facts.tree, snapshot.name)) {
    return undefined;
  }
  const frozen = backingFileOf(facts, snapshot.name, target);
  const above = overlayAbove(snapshot, target, facts);
  const place = placesOf(target, facts);
  if (place !== undefined && frozen !== undefined && above !== undefined) {
    if (place.get(frozen) !== (place.get(above) ?? Number.NaN) + 1) {
      return { by: 'place', file: frozen };
    }
  }
  const named = otherName(snapshot, target, facts);
  return named === undefined ? undefined : { by: 'name', file: named };
}

/**
 * Its overlay is where it made it, with further ones above that no snapshot tells of: another client made libvirt
 * forget these, and then libvirt merges none of them.
 */
export function isBereft(snapshot: Snapshot, facts: Facts): boolean {
  const isRightAbove = (target: string): boolean => {
    const [place, frozen] = [placesOf(target, facts), backingFileOf(facts, snapshot.name, target)];
    const named = place?.get(namedOverlay(snapshot, target) ?? '');
    return named !== undefined && frozen !== undefined && place?.get(frozen) === named + 1;
  };
  return (
    childrenOf(facts.tree, snapshot.name).length === 0 &&
    externalTargets(snapshot).some(
      (target) => strayFile(snapshot, target, facts)?.by === 'place' && isRightAbove(target),
    )
  );
}

/** The overlay that the snapshot names where the VM has another; undefined where they agree, or one is not known. */
export function otherName(snapshot: Snapshot, target: string, facts: Facts): string | undefined {
  if (facts.frozenDisks === undefined) {
    return undefined;
  }
  const named = namedOverlay(snapshot, target);
  const above = overlayAbove(snapshot, target, facts);
  return named === undefined || above === undefined || named === above ? undefined : named;
}

type Places = ReadonlyMap<string, number>;

/** Made once for the same facts: all snapshots of a VM are asked about in turn. */
const places = new WeakMap<Facts, Map<string, Places | undefined>>();

function placesOf(target: string, facts: Facts): Places | undefined {
  const known = places.get(facts) ?? new Map<string, Places | undefined>();
  places.set(facts, known);
  if (!known.has(target)) {
    const chain = chainOf(target, facts);
    known.set(target, chain && new Map(chain.map((file, at) => [file, at])));
  }
  return known.get(target);
}
