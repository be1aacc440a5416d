// A login at a guest in a terminal of the editor: our command line, which finds its address anew when the connection
// ends with a revert.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import { runInTerminal } from '../../../ui/guest/terminals.js';

/** The command line, beside the editor's bundle, and what makes Node.js of the editor's program. */
export const commandLine = [process.execPath, join(__dirname, 'commandLine.js')] as const;
export const asNode = { ELECTRON_RUN_AS_NODE: '1' } as const;

/** @param user absent: the one that it was made with */
export function logInInTerminal({ ref, vm }: VmView, user?: string): void {
  const [program, file] = commandLine;
  const as = user === undefined ? [] : ['--user', user];
  const args = [file, '-c', ref.connection, 'ssh', ...as, '--', ref.uuid];
  runInTerminal(t('{0} ssh', vm.name), 'remote', program, args, asNode);
}
