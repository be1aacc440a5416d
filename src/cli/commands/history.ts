// Who did what to which VM, from any editor and command line of this user. Connects to nothing.
import { t } from '@vscode/l10n';
import { join } from 'node:path';
import { readAudit } from '../../journal/readAudit.js';
import { historyEntries } from '../../text/historyRows.js';
import { historyText } from '../../text/historyText.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { plainReport } from '../plainReport.js';

export async function history({ call, session, terminal, log, json }: Context): Promise<ExitName> {
  const [wanted] = call.operands;
  const isWanted = (vm: { readonly name: string; readonly uuid: string }): boolean =>
    wanted === undefined || vm.name === wanted || vm.uuid === wanted.toLowerCase();
  const lines = await readAudit(session.folder, log);
  if (json !== undefined) {
    json({
      entries: historyEntries(lines)
        .filter(({ vm }) => isWanted(vm))
        .map(({ at, ...entry }) => ({ at: new Date(at).toISOString(), ...entry })),
    });
    return 'done';
  }
  const isWhole = call.flags.has('verbose');
  const shown = lines
    .filter((line) => historyEntries([line]).some(({ vm }) => isWanted(vm)))
    .map((line) => (isWhole ? line : withoutCommand(line)));
  if (shown.length === 0) {
    terminal.tell(t('Nothing has been done to a VM from here yet.'));
    return 'done';
  }
  const path = join(session.folder, 'audit.jsonl');
  terminal.say(
    plainReport(
      historyText(shown, (_, snapshot) => snapshot, path),
      terminal,
    ),
  );
  return 'done';
}

/** It is longer than all the rest. */
function withoutCommand(line: string): string {
  const { command, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  return JSON.stringify(rest);
}
