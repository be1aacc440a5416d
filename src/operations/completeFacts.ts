// Whether everything that was asked for a decision is there. A plan that is made for a menu may rest on less; what is
// carried out must not: a rule that finds nothing passes, and what was not looked at must not count as nothing.
import type { Facts } from '../domain/facts.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { RequiredFiles, RequiredFacts } from './requiredFacts.js';

declare const complete: unique symbol;

/** Made by `completeFacts` alone: it cannot be forgotten to ask it. */
export type CompleteFacts = Facts & { readonly [complete]: true };

/** What is missing, in the words of `Situation`. */
type MissingFact =
  | 'blockJobs'
  | 'otherVms'
  | 'strays'
  | 'agent'
  | 'ramBlockers'
  | 'stream'
  | 'tuning'
  | 'debugger'
  | 'configured'
  | 'frozenDisks'
  | 'files';

/**
 * What this host or libvirt cannot show is there as `unknown`, or is left out of what was seen of a file: rules decide
 * about that, each with its reason. Here it is told whether the question was asked at all. `written` and `savedRam`
 * have no other way to say "cannot be seen" than to be left out: their rules read that as such.
 *
 * @param files all that was asked for of the host's files
 */
export function completeFacts(
  facts: Facts,
  needs: RequiredFacts,
  files: readonly RequiredFiles[],
): CompleteFacts | MissingFact {
  return missingFact(facts, needs, files) ?? (facts as CompleteFacts);
}

function missingFact(facts: Facts, needs: RequiredFacts, asked: readonly RequiredFiles[]): MissingFact | undefined {
  const { blockJobs, otherVms, agent, configured, frozenDisks, tree, files } = facts;
  if (needs.blockJobs && blockJobs === undefined) {
    return 'blockJobs';
  }
  if (needs.otherVms && otherVms === undefined) {
    return 'otherVms';
  }
  if (needs.strays === true && facts.strays === undefined) {
    return 'strays';
  }
  if (needs.agent && agent === undefined) {
    return 'agent';
  }
  if (needs.ramBlockers === true && facts.ramBlockers === undefined) {
    return 'ramBlockers';
  }
  if (needs.stream === true && facts.stream === undefined) {
    return 'stream';
  }
  if (needs.tuning === true && facts.tuning === undefined) {
    return 'tuning';
  }
  if (needs.debugger === true && facts.debugger === undefined) {
    return 'debugger';
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
