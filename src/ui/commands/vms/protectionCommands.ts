// Which VMs are dealt with only after their name was typed.
import { t } from '@vscode/l10n';
import type { CommandRun, CommandTable } from '../commandServices.js';
import type { VmView } from '../../../live/views.js';
import { displayLine } from '../../../domain/plainText.js';
import { argumentsOf } from '../commandArguments.js';
import { type Choice, pick } from '../../prompts/pickTarget.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { mustConfirm } from '../consent.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { targetVms } from '../targets.js';
import { readSettings, writeSetting } from '../../readSettings.js';
import { protectionMatcher, isNameOnly } from '../../../domain/protection.js';
import { CommandError } from '../../prompts/commandError.js';

export const protectionCommands = {
  'virtRewind.protectVm': setProtection,
} satisfies CommandTable;

/** As given, or as picked. */
async function setProtection(run: CommandRun): Promise<void> {
  const views = await targetVms(run);
  const protect = argumentsOf(run.call).protect ?? (await pickProtection(views));
  return protect ? protectVms(views) : unprotectVms(run, views);
}

function pickProtection(views: readonly VmView[]): Promise<boolean> {
  const isProtected = protectionMatcher(readSettings().protectedVms);
  const line = (value: boolean, label: string, description: string): Choice<boolean> => {
    const isNow = views.every(({ vm }) => isProtected(vm) === value);
    return { icon: isNow ? 'check' : 'blank', label, description: isNow ? t('current') : description, value };
  };
  return pick(
    [
      line(true, t('Protected'), t('Dangerous operations ask for its name.')),
      line(false, t('Not Protected'), t('Dangerous operations ask with a button.')),
    ],
    t('Select the protection'),
    displayLine(views.map(({ vm }) => vm.name).join(', ')),
  );
}

/** From now on dangerous operations on the VM ask for its name. */
async function protectVms(views: readonly VmView[]): Promise<void> {
  const { protectedVms } = readSettings();
  const isProtected = protectionMatcher(protectedVms);
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
async function unprotectVms(run: CommandRun, views: readonly VmView[]): Promise<void> {
  const { protectedVms } = readSettings();
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
  const [first, ...others] = views;
  if (mustConfirm(run)) {
    await askQuestion({
      title: others.length === 0 ? t('Unprotect {0}?', first?.vm.name ?? '') : t('Unprotect {0} VMs?', views.length),
      lines: [
        others.length === 0
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
