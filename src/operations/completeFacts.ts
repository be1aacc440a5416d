// Whether everything that was asked for a decision is there. A plan that is made for a menu may rest on less; what is
// carried out must not: a rule that finds nothing passes, and what was not looked at must not count as nothing.
import { imageChain } from '../domain/chains/backingChain.js';
import type { Facts } from '../domain/facts.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { RequiredFiles, RequiredFacts } from './requiredFacts.js';

declare const complete: unique symbol;

/** Made by `completeFacts` alone: it cannot be forgotten to ask it. */
export type CompleteFacts = Facts & { readonly [complete]: true };

/** What is missing, in the words of `Facts`; `operation`: one of ours that is on it. A path gave no answer in time. */
export type MissingFact =
  | 'blockJobs'
  | 'checkpoints'
  | 'otherVms'
  | 'strays'
  | 'agent'
  | 'seamless'
  | 'ramBlockers'
  | 'keeper'
  | 'stream'
  | 'tuning'
  | 'debugger'
  | 'made'
  | 'written'
  | 'savedRam'
  | 'hardware'
  | 'startNeeds'
  | 'configured'
  | 'frozenDisks'
  | 'files'
  | 'operation'
  | 'vm'
  | `/${string}`;

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
  if (needs.checkpoints === true && facts.checkpoints === undefined) {
    return 'checkpoints';
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
  if (needs.startNeeds !== undefined && facts.startNeeds === undefined) {
    return 'startNeeds';
  }
  if (needs.frozenDisks.some((name) => findSnapshot(tree, name) !== undefined && frozenDisks?.has(name) !== true)) {
    return 'frozenDisks';
  }
  const isUnread = asked.some(
    ({ images, files: single }) =>
      images.some((path) => imageChain(path, files?.images).last === undefined) ||
      single.some((path) => files?.files.has(path) !== true),
  );
  return isUnread ? 'files' : files?.late?.[0];
}
