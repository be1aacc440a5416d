// What is said where the VM, the snapshot, the system or the connection that is meant is not there.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureText } from './failureSentences.js';
import { lookAgain } from '../ways.js';

interface MissingWording extends Pick<FailureText, 'sentence' | 'nextStep' | 'severity'> {
  readonly offers?: 'refresh';
}

export function missingText(details: FailureDetails): MissingWording {
  const { system, snapshot, vm, noRevert } = details;
  if (system !== undefined) {
    const severity = noRevert === true ? 'info' : 'warning';
    return { sentence: missingOfSystem(system, details), nextStep: '', severity };
  }
  const advice = lookAgain(snapshot === undefined ? undefined : vm);
  return {
    sentence: missing(details),
    nextStep: `${t('Another program may have removed or renamed it.')} ${advice}`,
    severity: 'warning',
    offers: 'refresh',
  };
}

function missing({ snapshot, vm, connection }: FailureDetails): string {
  if (snapshot !== undefined) {
    return vm === undefined
      ? t('There is no snapshot {0}.', snapshot)
      : t('The VM {0} has no snapshot {1}.', vm, snapshot);
  }
  if (vm !== undefined) {
    return t('There is no VM {0}.', vm);
  }
  return connection === undefined
    ? t('The item no longer exists.')
    : t('The connection {0} does not exist here. Add it first.', connection);
}

function missingOfSystem(system: string, { snapshot, noRevert }: FailureDetails): string {
  if (snapshot !== undefined) {
    return t('The system {0} has no restore point “{1}”.', system, snapshot);
  }
  return noRevert === true ? t('The system {0} has no revert to undo.', system) : t('There is no system {0}.', system);
}
