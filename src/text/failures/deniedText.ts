// Why somebody may not use a daemon or change something over a connection, and what helps. A part of failureText.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import { entryAdvice } from './entryAdvice.js';

/** libvirt's VIR_ERR_OPERATION_DENIED: the connection was opened read-only. */
const readOnlyCode = 29;

/** @param daemon what the connection leads to */
export function deniedText(
  details: FailureDetails,
  daemon: string,
): { readonly sentence: string; readonly nextStep: string } {
  const { libvirtCode, group, entry, vm } = details;
  if (libvirtCode === readOnlyCode) {
    return {
      sentence: t('The connection of {0} is read-only.', vm ?? daemon),
      nextStep: t('Allow changes in the setting {0}.', 'virtRewind.connections'),
    };
  }
  return {
    sentence: t(
      'You do not have permission to use {0}.',
      (group === undefined && entry === undefined ? vm : undefined) ?? daemon,
    ),
    nextStep:
      entryAdvice(details) ?? t('Get permission in the libvirt policy (polkit) or for its socket, then connect again.'),
  };
}
