// What is said between the lines of a guest's console. Knows no terminal.
import { t } from '@vscode/l10n';
import type { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { failureText } from '../failures/failureText.js';

/** As the engine's session tells it. */
type Note =
  | { readonly kind: 'connected' | 'again' }
  | { readonly kind: 'off' }
  | { readonly kind: 'inUse'; readonly taken: boolean }
  | { readonly kind: 'lost' | 'failed'; readonly failure: Failure };

interface RevertedNote {
  readonly reverted?: { readonly title?: string };
}

/** Each is a line of its own. */
export function consoleLines(note: Note & RevertedNote, name: string): readonly string[] {
  const vm = displayLine(name);
  const reverted =
    note.reverted === undefined ? [] : [t('{0} was reverted. The console now shows the guest of that time.', vm)];
  switch (note.kind) {
    case 'connected':
      return [t('Serial console of {0}. If it is empty, press Enter.', vm)];
    case 'again':
      return reverted.length > 0 ? reverted : [t('The console of {0} is connected again.', vm)];
    case 'off':
      return [...reverted, t('{0} is off. The console connects when it starts.', vm)];
    case 'inUse':
      return [
        note.taken
          ? t('Another client took the console of {0}.', vm)
          : t('The console of {0} is in use by another client.', vm),
        t('Press T to take it over from the other client. Press Enter to try again.'),
      ];
    case 'lost':
      return [t('The connection to libvirt ended. {0} is shown again when it is back.', vm)];
    case 'failed':
      return [failedLine(note.failure, vm), t('Press Enter to try again.')];
  }
}

function failedLine(failure: Failure, vm: string): string {
  if (failure.kind === 'unsupported') {
    return t('{0} has no serial console that can be opened. Add {1} to its XML.', vm, '<serial type="pty"/>');
  }
  return failure.kind === 'notFound' ? t('{0} no longer exists.', vm) : displayLine(failureText(failure).sentence, 400);
}
