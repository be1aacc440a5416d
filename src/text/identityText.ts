// What is said before the machine ID and the SSH host keys of a guest are made anew, and afterwards.
import { t } from '@vscode/l10n';
import { type IdentityPart, type Renewal, renewalMs } from '../domain/guestIdentity.js';
import { displayLine } from '../domain/plainText.js';
import { lateProgramText } from './waitText.js';

/** A guest's own line, at most. */
const longestWhy = 200;

export function identityQuestion(names: readonly string[]): string {
  const [only = ''] = names;
  return names.length === 1
    ? t('Give {0} a new machine ID and new SSH host keys?', displayLine(only))
    : t('Give {0} VMs a new machine ID and new SSH host keys each?', names.length);
}

export function identityWarning(): string {
  return t(
    'The old ones are lost, and SSH will warn at the next login. A restore point that was taken before has them.',
  );
}

export function renewedText(name: string, renewal: Renewal): string {
  const vm = displayLine(name);
  if (renewal.kind === 'late') {
    return lateProgramText(name, renewalMs, renewal.pid);
  }
  const done = renewal.parts.map(partText).join(', ');
  if (renewal.kind === 'stopped') {
    const why = displayLine(renewal.why, longestWhy) || t('the guest does not say why');
    return done === ''
      ? t('Nothing in {0} was renewed: {1}', vm, why)
      : t('Renewed in {0}: {1}. What comes after it failed: {2}', vm, done, why);
  }
  if (done === '') {
    return t('{0} has no machine ID and no SSH host keys, so nothing was changed.', vm);
  }
  const more = renewal.parts.includes('machineId')
    ? t('Programs that run in it keep the old machine ID until they start again.')
    : '';
  return `${t('Renewed in {0}: {1}.', vm, done)} ${more}`.trim();
}

function partText(part: IdentityPart): string {
  switch (part) {
    case 'seed':
      return t('random numbers');
    case 'machineId':
      return t('machine ID');
    case 'hostKeys':
      return t('SSH host keys');
  }
}
