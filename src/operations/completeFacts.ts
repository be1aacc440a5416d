// Whether everything that was asked for a decision is there. A plan that is made for a menu may rest on less; what is carried
// out must not: a rule that finds nothing passes, and what was not looked at must not count as nothing.
import type { Situation } from '../domain/situation.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { FileNeeds, Needs } from './needs.js';

declare const complete: unique symbol;

/** Made by `completeFacts` alone: it cannot be forgotten to ask it. */
export type CompleteSituation = Situation & { readonly [complete]: true };

/** What is missing, in the words of `Situation`. */
export type MissingFact = 'blockJobs' | 'otherVms' | 'strays' | 'agent' | 'configured' | 'frozenDisks' | 'files';

/**
 * What this host or libvirt cannot show is there as `unknown`, or is left out of what was seen of a file: rules decide about that,
 * each with its reason. Here it is told whether the question was asked at all. `written` and `savedRam` have no other way
 * to say "cannot be seen" than to be left out: their rules read that as such.
 *
 * @param files all that was asked for of the host's files
 */
export function completeFacts(
  situation: Situation,
  needs: Needs,
  files: readonly FileNeeds[],
): CompleteSituation | MissingFact {
  return missingFact(situation, needs, files) ?? (situation as CompleteSituation);
}

function missingFact(situation: Situation, needs: Needs, asked: readonly FileNeeds[]): MissingFact | undefined {
  const { blockJobs, otherVms, agent, configured, frozenDisks, tree, files } = situation;
  if (needs.blockJobs && blockJobs === undefined) {
    return 'blockJobs';
  }
  if (needs.otherVms && otherVms === undefined) {
    return 'otherVms';
  }
  if (needs.strays === true && situation.strays === undefined) {
    return 'strays';
  }
  if (needs.agent && agent === undefined) {
    return 'agent';
  }
  if (needs.configured === true && configured === undefined) {
    return 'configured';
  }
  if (needs.frozenDisks.some((name) => findSnapshot(tree, name) !== undefined && frozenDisks?.has(name) !== true)) {
    return 'frozenDisks';
  }
  const isUnread = asked.some(
    ({ images, files: single }) =>
      images.some((path) => files?.images.has(path) !== true) || single.some((path) => files?.files.has(path) !== true),
  );
  return isUnread ? 'files' : undefined;
}
