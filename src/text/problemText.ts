// What is wrong with a VM, for people: what it is, what it means, what to do about it. Plain text; knows nothing of the editor.
import { knownFaultText } from './knownFaultText.js';
import { t } from '@vscode/l10n';
import type { Problem } from '../diagnosis/problem.js';
import type { Refusal } from '../domain/refusal.js';
import type { Repair } from '../domain/operation.js';
import { displayLine } from '../domain/plainText.js';
import type { VmView } from '../live/views.js';
import { fileProblems } from './fileProblemText.js';
import { titleOf } from './operationProgress.js';
import { type ProblemSentences, type ProblemWords, quotedPath, quotedPaths } from './problemSentence.js';
import { refusalText } from './refusalText.js';
import { snapshotProblems } from './snapshotProblemText.js';

export interface ProblemText {
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
  const title = (name: string): string => displayLine(titleOf(view, name));
  const [what, means, todo] = sentence(problem, { vm: displayLine(view.vm.name), title, now });
  return { what, means, todo };
}

function entryText(
  { refusal }: { readonly refusal: Refusal },
  { vm }: ProblemWords,
): readonly [string, string, string] {
  const { reason, nextStep } = refusalText(refusal);
  return [reason, t('Until then nothing new is begun on {0}.', vm), nextStep];
}

const sentences: ProblemSentences = {
  ...snapshotProblems,
  ...fileProblems,
  vanishes: ({ snapshots }, { vm }) => [
    t('{0} has no configuration of its own any more: it is there only as long as it runs.', vm),
    snapshots === 1
      ? t(
          'Its configuration was removed while it ran. When it stops, libvirt forgets the VM and its snapshot; the files stay.',
        )
      : t(
          'Its configuration was removed while it ran. When it stops, libvirt forgets the VM and its {0} snapshots; their files stay.',
          snapshots,
        ),
    t('Keep the VM before it is switched off.'),
  ],
  unreadableEntry: entryText,
  unfinishedOperation: entryText,
  pausedSaving: (_, { vm }) => [
    t('{0} is paused because its state is being saved.', vm),
    t('If no program saves it now, one that did has died, and the VM stands still for nothing.'),
    t('Resume it when nothing is saving it.'),
  ],
  guestFrozen: (_, { vm }) => [
    t('The file systems in {0} are frozen.', vm),
    t('A program froze them for a snapshot and did not come back: nothing in the guest can write.'),
    t('Thaw them.'),
  ],
  managedSave: (_, { vm }) => [
    t('{0} has a saved state.', vm),
    t('Its next start brings that RAM back, so its disks must not change before.'),
    t('Start the VM once to use it up; a revert asks before it drops it.'),
  ],
  savedBelow: ({ disk, file, overlay }, { vm }) => [
    t('The saved state of {0} belongs below the overlays that its disks are on now.', vm),
    t(
      'Its next start would go on writing to {0} on disk {1}, and damage what {2} holds above it.',
      quotedPath(file),
      displayLine(disk),
      quotedPath(overlay),
    ),
    t('Do not start it. Revert it to a snapshot, which asks before it drops the saved state.'),
  ],
  knownBadVersion: ({ version, why, source }) => [
    t('libvirt {0}: {1}.', displayLine(version), knownFaultText(why)),
    t('This is known from {0}; the distribution may have repaired it.', displayLine(source)),
    t('A newer libvirt is free of it.'),
  ],
};

/** What a repair does, in one sentence. */
export function repairText(repair: Repair, view: Pick<VmView, 'vm' | 'tree'>): string {
  const vm = displayLine(view.vm.name);
  const snapshot = 'snapshot' in repair ? displayLine(titleOf(view, repair.snapshot)) : '';
  switch (repair.kind) {
    case 'removeTag':
      return t('Remove “{0}” from {1}.', displayLine(repair.tag), quotedPath(repair.file));
    case 'removeFiles':
      return t('Clear {0} away.', quotedPaths(repair.files));
    case 'forgetSnapshot':
      return t('Let libvirt forget {0}; no file is touched.', snapshot);
    case 'keepDisks':
      return t('Make {0} a disk-only snapshot, with the title that it has and another name in libvirt.', snapshot);
    case 'finishDelete':
      return t('Delete the snapshot above {0} again, so that its merge is finished.', snapshot);
    case 'makeCurrent':
      return t('Make {0} the current snapshot.', snapshot);
    case 'leaveFrozenFiles':
      return t('Give {0} new files on top of {1}; what is on its disks stays.', vm, snapshot);
    case 'keepVm':
      return t('Define {0} as it runs now, so that it and its snapshots stay when it stops.', vm);
    case 'nameMovedFiles':
      return t('Let all that names the moved files of {0} name them where they are now.', vm);
    case 'configureDisks':
      return t('Let {0} start next time on the files that it runs on now.', vm);
    case 'resumeAfterSave':
      return t('Resume {0}.', vm);
    case 'thawGuest':
      return t('Thaw the file systems in {0}.', vm);
  }
}
