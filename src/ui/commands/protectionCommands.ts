// What is not to be deleted by rule, and which VMs are dealt with only after their name was typed.
import { t } from '@vscode/l10n';
import type { CommandRun, CommandTable } from './commandServices.js';
import { type VmView, vmKey } from '../../live/views.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { mustConfirm } from './consent.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { targetSnapshot, targetSnapshots, targetVm, targetVms } from './targets.js';
import { readSettings, writeSetting } from '../readSettings.js';
import { protectionMatcher, isNameOnly } from '../../domain/protection.js';
import { CommandError } from '../prompts/commandError.js';

export const protectionCommands = {
  /** From now on nothing that deletes by rule touches the snapshot, and its age is no warning. */
  'virtRewind.keepSnapshot': (run) => markSnapshots(run, 'kept', (titles) => t('Kept: {0}', titles)),
  /** Takes back that a snapshot is to be kept. */
  'virtRewind.unkeepSnapshot': (run) => markSnapshots(run, 'free', (titles) => t('No longer kept: {0}', titles)),
  /** From now on one command and one key go back to it; the VM's favourite before is one no longer. */
  'virtRewind.markFavourite': async (run) => {
    const { view, snapshot } = await targetSnapshot(run);
    await run.engine.setFavourite(view.ref, snapshot.name);
    noteInStatusBar(t('Favourite of {0}: {1}', view.vm.name, snapshot.title));
  },
  'virtRewind.unmarkFavourite': async (run) => {
    const { ref, vm } = await targetVm(run, hasFavourite);
    await run.engine.setFavourite(ref, undefined);
    noteInStatusBar(t('{0} no longer has a favourite.', vm.name));
  },
  'virtRewind.protectVm': protectVm,
  'virtRewind.unprotectVm': unprotectVm,
} satisfies CommandTable;

function hasFavourite({ favourite }: VmView): boolean {
  return favourite !== undefined;
}

/** Puts the mark "keep" on snapshots, or takes it off: each VM's in one go. */
async function markSnapshots(run: CommandRun, kept: 'kept' | 'free', said: (titles: string) => string): Promise<void> {
  const targets = await targetSnapshots(run);
  const views = new Map<string, VmView>(targets.map(({ view }) => [vmKey(view.ref), view]));
  for (const { ref, vm } of kept === 'free' ? views.values() : []) {
    const favourite = await run.engine.readFavourite(ref);
    const held = targets.find(({ view, snapshot }) => vmKey(view.ref) === vmKey(ref) && snapshot.name === favourite);
    if (held !== undefined) {
      throw new CommandError(
        'refused',
        t('{0} is the favourite of {1} and is therefore kept.', held.snapshot.title, vm.name),
        { vm: vm.name, snapshot: held.snapshot.name },
      );
    }
  }
  for (const [key, { ref }] of views) {
    const names = targets.filter(({ view }) => vmKey(view.ref) === key).map(({ snapshot }) => snapshot.name);
    await run.engine.setKept(ref, names, kept);
  }
  noteInStatusBar(said(targets.map(({ snapshot }) => snapshot.title).join(', ')));
}

/** From now on dangerous operations on the VM ask for its name. */
async function protectVm(run: CommandRun): Promise<void> {
  const { protectedVms } = readSettings();
  const isProtected = protectionMatcher(protectedVms);
  const views = await targetVms(run, ({ vm }) => !isProtected(vm));
  const added = views.filter(({ vm }) => !isProtected(vm)).map(({ vm }) => (/[*?]/u.test(vm.name) ? vm.uuid : vm.name));
  if (added.length > 0) {
    await writeSetting('protectedVms', [...new Set([...protectedVms, ...added])]);
  }
  noteInStatusBar(t('Protected: {0}', views.map(({ vm }) => vm.name).join(', ')));
}

/**
 * Takes the protection of a VM away again.
 * @throws CommandError `refused` where a pattern protects other VMs too: taking it away is for the settings
 */
async function unprotectVm(run: CommandRun): Promise<void> {
  const { protectedVms } = readSettings();
  const views = await targetVms(run, ({ vm }) => protectionMatcher(protectedVms)(vm));
  const kept = protectedVms.filter((pattern) => !views.some(({ vm }) => isNameOnly(pattern, vm)));
  const still = views.find(({ vm }) => protectionMatcher(kept)(vm));
  if (still !== undefined) {
    const pattern = kept.find((one) => protectionMatcher([one])(still.vm)) ?? '';
    throw new CommandError(
      'refused',
      t(
        '{0} is protected by the pattern {1}, which may match other VMs too. Change it in the settings.',
        still.vm.name,
        pattern,
      ),
      { vm: still.vm.name },
    );
  }
  if (mustConfirm(run)) {
    await askQuestion({
      title: views.length === 1 ? t('Unprotect {0}?', views[0].vm.name) : t('Unprotect {0} VMs?', views.length),
      lines: [
        views.length === 1
          ? t('Operations that revert, delete, stop or pause it will no longer ask for its name.')
          : t('Operations that revert, delete, stop or pause them will no longer ask for their names.'),
      ],
      details: '',
      confirm: t('Unprotect'),
      isCalm: true,
    });
  }
  await writeSetting('protectedVms', kept);
  noteInStatusBar(t('No longer protected: {0}', views.map(({ vm }) => vm.name).join(', ')));
}
