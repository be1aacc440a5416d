// The shape of what a failure says: sentence, next step, buttons.
import type { CommandId } from '../../verbs/verbs.js';

export interface FailureText {
  /** What happened, libvirt's own words quoted, and the true state where it is known. */
  readonly sentence: string;
  /** What to do next; may be empty. */
  readonly nextStep: string;
  /** `silent` is shown to nobody: the user cancelled it, and nothing comes of it. */
  readonly severity: 'error' | 'warning' | 'info' | 'silent';
  /** Besides "Show Log", which every failure has as its last button. */
  readonly buttons: readonly FailureButton[];
}

export interface FailureButton {
  readonly title: string;
  readonly command: CommandId;
  readonly arguments: readonly unknown[];
}
