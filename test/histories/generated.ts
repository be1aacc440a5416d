// Histories that a seed decides: which VM, and what is done with it.
import { abandoned, chooseChild, chooseOperation, chooseUndo, chooseWrites } from './chooseAction.js';
import { type Action, isOperation, type Operation, type Script, type SnapshotStyle } from './action.js';
import type { Next } from './episode.js';
import { type Random, seededRandom } from './random.js';

export interface Generated {
  readonly base: Omit<Script, 'actions'>;
  readonly next: Next;
}

/** Sometimes what will be refused is tried all the same: that nothing changes then is a promise too. */
const refusalShare = 0.05;

/** So many operations are followed by an undo, of that one or of an earlier one. */
const undoShare = 0.2;

/** So many make a VM of this one, or throw it away. */
const childShare = 0.1;

/** Once another tool was at a VM, much is refused: the others are to show what is carried out. */
const wildShare = 0.4;

/** The share of histories with other tools that have no VMs cloned from theirs. */
const aloneShare = 0.6;

/**
 * The share of histories with other tools that have an encrypted disk, of which we take, revert and delete no snapshot.
 */
const encryptedShare = 0.1;

/**
 * @param operations how many the history has, refused ones among them
 * @param wildly in so many histories, other tools are used
 */
export function generated(seed: number, style: SnapshotStyle, operations: number, wildly = wildShare): Generated {
  const random = seededRandom(seed);
  const formats: Script['disks'] = ['qcow2', style === 'external' && random.chance(0.5) ? 'raw' : 'qcow2'];
  const disks = formats.toSorted(() => (random.chance(0.5) ? 1 : -1));
  const wild = random.chance(wildly);
  const withKey = wild && random.chance(encryptedShare);
  // Its own random numbers, so that these leave the first operations of a seed as they were.
  const more = seededRandom(~seed);
  const alone = wild && more.chance(aloneShare);
  let count = 0;
  let last = 0;
  let savedPaused = false;
  let isOver = false;
  const fresh = (): number => ++last;
  const pending: Action[] = [{ do: 'power', action: 'start' }];
  const next: Next = async (history) => {
    const { model, labels } = history;
    for (;;) {
      const action = pending.shift();
      if (action !== undefined) {
        count += isOperation(action) ? 1 : 0;
        return action;
      }
      const scene = { model, style, labels, fresh, savedPaused, wild, alone };
      if (count >= operations) {
        const left = wild && !isOver ? abandoned(random, scene) : undefined;
        isOver = true;
        return left;
      }
      const candidates = more.weighted([
        [() => chooseUndo(more, scene), undoShare],
        [() => chooseChild(more, scene, history.children), alone ? 0 : childShare],
        [() => chooseOperation(random, scene), 1 - undoShare - childShare],
      ])();
      const possible = candidates.filter((candidate) => history.isPossible(candidate));
      const chosen = await preferred(random, possible, (candidate) => history.canDo(candidate));
      if (chosen === undefined) {
        continue;
      }
      pending.push(...chooseWrites(random, scene), chosen);
      if (style === 'external' && chosen.do === 'create' && chosen.kind === 'memory' && model.power === 'paused') {
        savedPaused = true;
      } else if (
        chosen.do === 'revert' ||
        chosen.do === 'undo' ||
        chosen.do === 'power' ||
        chosen.do === 'virshPower'
      ) {
        savedPaused = false;
      }
    }
  };
  return { base: { style, disks: withKey ? disks.with(0, 'luks') : disks }, next };
}

async function preferred(
  random: Random,
  candidates: readonly Operation[],
  canDo: (action: Operation) => Promise<boolean>,
): Promise<Operation | undefined> {
  const [first] = candidates;
  if (random.chance(refusalShare)) {
    return first;
  }
  for (const candidate of candidates) {
    if (await canDo(candidate)) {
      return candidate;
    }
  }
  return first;
}

/** What stands in a script, in its order. */
export function scripted(actions: readonly Action[]): Next {
  let at = 0;
  return () => Promise.resolve(actions[at++]);
}
