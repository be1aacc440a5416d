// What is wrong with a VM, for people: what it is, what it means, what to do about it. Plain text; knows nothing of the
// editor.
import { inQuotes } from '../quotes.js';
import { knownFaultText } from './knownFaultText.js';
import { t } from '@vscode/l10n';
import type { Problem } from '../../diagnosis/problem.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Warning } from '../../domain/consequences.js';
import type { Repair } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import { fileProblems } from './fileProblemText.js';
import { titleOf } from '../operations/operationProgress.js';
import { type ProblemSentences, type ProblemWords, quotedPath, quotedPaths } from './problemSentence.js';
import { refusalText } from '../refusals/refusalText.js';
import { snapshotProblems } from './snapshotProblemText.js';

interface ProblemText {
  /** One line. */
  readonly what: string;
  readonly means: string;
  /** What a person can do, whether or not there is a repair. */
  readonly todo: string;
}

/** @param now milliseconds since 1970 */
export function problemText(problem: Problem, view: Pick<VmView, 'vm' | 'tree'>, now: number): ProblemText {
  // The record has a row for each kind, and gives it problems of that kind alone.
  const sentence = sentences[problem.kind] as (
    problem: Problem,
    words: ProblemWords,
  ) => readonly [string, string, string];
  const title = (name: string): string => inQuotes(displayLine(titleOf(view, name)));
  const [what, means, todo] = sentence(problem, { vm: displayLine(view.vm.name), title, now });
  return { what, means, todo };
}

function entryText(
  { refusal }: { readonly refusal: Refusal },
  { vm }: ProblemWords,
): readonly [string, string, string] {
  const { reason, nextStep } = refusalText(refusal, vm);
  return [reason, t('Until then, no new operation can start on {0}.', vm), nextStep];
}

const sentences: ProblemSentences = {
  ...snapshotProblems,
  ...fileProblems,
  vanishes: ({ snapshots }, { vm }) => [
    t('{0} no longer has a persistent configuration: it exists only while it runs.', vm),
    t(
      'The configuration was removed while the VM was running. When the VM stops, libvirt forgets it and its snapshots ({0}). The files stay.',
      snapshots,
    ),
    t('Make the VM persistent before it is switched off.'),
  ],
  unreadableEntry: entryText,
  unfinishedOperation: entryText,
  pausedSaving: (_, { vm }) => [
    t('{0} is paused because its state is being saved.', vm),
    t('If no program is saving it now, the program that did so has crashed, and the VM is paused for no reason.'),
    t('Wait until the save has ended. If no program is saving the VM, resume {0}.', vm),
  ],
  guestFrozen: (_, { vm }) => [
    t('The file systems in {0} are frozen.', vm),
    t('A program froze them for a snapshot and did not thaw them. Nothing in the guest can write.'),
    t('Thaw them.'),
  ],
  managedSave: (_, { vm }) => [
    t('{0} has a saved state.', vm),
    t('The next start restores its RAM, so the disks must not change before that.'),
    t('Start the VM once to use the saved state. A revert asks before it discards it.'),
  ],
  temporaryClone: (_, { vm }) => [
    t('The clone is temporary: when it is off, it is deleted with its files, unless a setting protects it.'),
    t('The program that created it may have ended.'),
    t('The temporary clone {0} still exists. Delete it when you no longer need it.', vm),
  ],
  savedBelow: ({ disk, file, overlay }, { vm }) => [
    t('The saved state of {0} belongs to layers below the overlays that its disks use now.', vm),
    t(
      'The next start would continue to write to {0} on disk {1}, and damage the content of {2} above it.',
      quotedPath(file),
      displayLine(disk),
      quotedPath(overlay),
    ),
    t('Do not start the VM. Revert it to a snapshot: the revert asks before it discards the saved state.'),
  ],
  knownBadVersion: ({ version, why, source }) => [
    t('libvirt {0}: {1}.', displayLine(version), knownFaultText(why)),
    t('This is known from {0}. Your distribution may have fixed it.', displayLine(source)),
    t('A newer libvirt does not have this bug.'),
  ],
};

/** What a repair does, in one sentence. */
/** @param warnings of its plan: what is not known to be ours is moved, not removed */
export function repairText(
  repair: Repair,
  view: Pick<VmView, 'vm' | 'tree'>,
  warnings: readonly Warning[] = [],
): string {
  const vm = displayLine(view.vm.name);
  const snapshot = 'snapshot' in repair ? displayLine(titleOf(view, repair.snapshot)) : '';
  switch (repair.kind) {
    case 'removeTag':
      return t('Remove “{0}” from {1}.', displayLine(repair.tag), quotedPath(repair.file));
    case 'repairImages':
      return t('Repair {0} (qemu-img check -r all). What the guest sees does not change.', quotedPaths(repair.files));
    case 'adoptTag':
      return t('Add “{0}” to the snapshots of {1}. No file is changed.', displayLine(repair.tag), vm);
    case 'removeFiles':
      return warnings.some(({ kind }) => kind === 'goesToTrash')
        ? t('Move {0} to a trash folder.', quotedPaths(repair.files))
        : t('Remove {0}.', quotedPaths(repair.files));
    case 'forgetSnapshot':
      return t('Make libvirt forget {0}. No file is changed.', snapshot);
    case 'keepDisks':
      return t('Convert {0} into a disk-only snapshot with the same title and another name in libvirt.', snapshot);
    case 'finishDelete':
      return t('Delete the snapshot above {0} again to finish its merge.', snapshot);
    case 'makeCurrent':
      return t('Make {0} the current snapshot.', snapshot);
    case 'leaveFrozenFiles':
      return t('Create new files for {0} on top of {1}. The content of its disks does not change.', vm, snapshot);
    case 'keepVm':
      return t('Define {0} as it is running now, so that the VM and its snapshots stay when it stops.', vm);
    case 'nameMovedFiles':
      return t('Update all references to the moved files of {0} to their new place.', vm);
    case 'configureDisks':
      return t('Let {0} start with the files that it is using now.', vm);
    case 'resumeAfterSave':
      return t('Resume {0}.', vm);
    case 'thawGuest':
      return t('Thaw the file systems in {0}.', vm);
  }
}
