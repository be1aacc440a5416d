// Everything that is ever done without a click, in one list, and what a setting lets of it. docs/safety.md tells it to
// people; a test holds the two together. Each act is done in one place alone, which asks here first.
/** `safe`: what removes nothing of a user's and starts nothing. `none`: nothing but looking. */
export const automaticActions = ['all', 'safe', 'none'] as const;

export type AutomaticActions = (typeof automaticActions)[number];

/**
 * | act                  | what                                                                                    | facts that it demands |
 * |----------------------|-----------------------------------------------------------------------------------------|-----------------------|
 * | recover              | an operation that broke off is brought to its end                                        | see originRefusal, sinceRefusal; no protected VM; three times at most |
 * | recoverHarmlessly    | the same, where each step is harmless: see `isHarmless`                                   | the same |
 * | takeCheckpoints      | a checkpoint is taken where `virtRewind.autoCheckpoint` wants one                          | a trusted workspace; no protected VM; nothing else is done to the VM |
 * | pruneCheckpoints     | the oldest checkpoints of their sort go, after a revert or `takeCheckpoints` took one more | see autoPrune |
 * | deleteExpired        | what somebody kept until a date goes, into the trash where there is one, when that is over | the date in our own record; no protected VM; not current, kept or favourite; nothing unfinished on the VM; see autoPrune; a restore point of a system with all its members |
 * | pruneLayouts         | snapshots of ours that hold the layout go where no layout needs them, after a revert     | see autoPrune: known to be empty |
 * | discardClones        | a clone that was made to be thrown away goes when it was on and is off                   | the mark in its configuration names its own UUID; our record names all its files; no snapshot of its own; no managed save; no protected VM |
 * | endPools             | libvirt's storage pools that an editor of ours left are ended: no file is touched        | of our name, transient, unused for ten minutes |
 * | dropGuards           | the guard over a VM's RAM that a snapshot has left on is switched off                     | no stream for which it is; no living editor of this user is at the VM |
 * | restart              | `virt-rewind watch` restarts or reverts a VM that crashed                                | somebody runs that command; no protected VM; a VM that is off because it crashed; nothing else is done to it; so many times at most |
 * | removeLessons        | a lesson's VM that an editor left is removed                                             | written down by us when it was made, by name, UUID and folder |
 */
export const unaskedActs = {
  recover: 'all',
  recoverHarmlessly: 'safe',
  takeCheckpoints: 'safe',
  pruneCheckpoints: 'all',
  deleteExpired: 'all',
  pruneLayouts: 'all',
  discardClones: 'all',
  restart: 'all',
  endPools: 'safe',
  dropGuards: 'safe',
  removeLessons: 'safe',
} as const satisfies Record<string, Exclude<AutomaticActions, 'none'>>;

type AutomaticAct = keyof typeof unaskedActs;

export function mayAct(act: AutomaticAct, setting: AutomaticActions): boolean {
  return setting === 'all' || (setting === 'safe' && unaskedActs[act] === 'safe');
}
