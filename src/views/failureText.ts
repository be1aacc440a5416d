// Failure → what a person reads: what happened, the state now, what to do next. The only place where sentences about
// failures are made. Knows nothing of the editor.
import type { CommandId } from '../manifest/commandIds.js';
import type { Failure } from '../model/failure.js';
import type { Translate } from './translate.js';

export interface FailureButton {
  readonly title: string;
  readonly command: CommandId;
  readonly arguments: readonly unknown[];
}

export interface FailureText {
  /** What happened, the true state where it is known, and libvirt's own words quoted. */
  readonly sentence: string;
  /** What to do next; may be empty. */
  readonly nextStep: string;
  /** `silent` is shown to nobody: the user cancelled it. */
  readonly severity: 'error' | 'warning' | 'silent';
  /** Besides "Show Log", which every failure has as its last button. */
  readonly buttons: readonly FailureButton[];
}

export function failureText(failure: Failure, t: Translate): FailureText {
  return { sentence: t('It failed.') + failure.kind, nextStep: '', severity: 'error', buttons: [] };
}
