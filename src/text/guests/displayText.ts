// What is said above the display of a guest that does not answer.
import { t } from '@vscode/l10n';
import type { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { failureText } from '../failures/failureText.js';

/** As the engine's session tells it; undefined: the display is shown. */
export function displayStatus(
  note: { readonly kind: string; readonly failure?: Failure },
  name: string,
): string | undefined {
  const vm = displayLine(name);
  if (note.failure === undefined) {
    return note.kind === 'off' ? t('{0} is off. The display connects when it starts.', vm) : undefined;
  }
  if (note.kind === 'lost') {
    return t('The connection to libvirt ended. {0} is shown again when it is back.', vm);
  }
  return failedDisplay(note.failure, vm);
}

export function unreachedDisplay(vm: string, why: string): string {
  return t('The display of {0} cannot be reached from here: {1}.', displayLine(vm), displayLine(why, 200));
}

function failedDisplay(failure: Failure, vm: string): string {
  const why = displayLine(failure.message, 200);
  if (failure.kind === 'unsupported') {
    return unreachedDisplay(vm, failure.message);
  }
  if (failure.kind === 'denied') {
    return t(
      'This user may not open the display of {0}: {1}. Let it listen on an address: {2}.',
      vm,
      why,
      '<listen type="address"/>',
    );
  }
  return failure.kind === 'notFound' ? t('{0} no longer exists.', vm) : displayLine(failureText(failure).sentence, 400);
}
