// Who did what to which VM, from any editor and command line of this user. Connects only to learn whether a VM without
// entries is there.
import { t } from '@vscode/l10n';
import { join } from 'node:path';
import { displayLine } from '../../domain/plainText.js';
import { readHistory } from '../../journal/readAudit.js';
import { type HistoryEntry, historyEntries } from '../../text/rows/historyRows.js';
import { historyText } from '../../text/rows/historyText.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { plainReport } from '../plainReport.js';
import type { Answers } from '../answers.js';

export async function history({ call, session, terminal, log }: Context): Promise<CommandAnswer> {
  const [wanted] = call.operands;
  const isWanted = (vm: { readonly name: string; readonly uuid: string }): boolean =>
    wanted === undefined || vm.name === wanted || vm.uuid === wanted.toLowerCase();
  const lines = await readHistory(session.folder, log);
  const entries = historyEntries(lines).filter(({ vm }) => isWanted(vm));
  // One that is gone has its history still.
  const view = entries.length === 0 && wanted !== undefined ? await session.vm(wanted) : undefined;
  const systems = await systemsOf(entries, session.engine);
  const systemOf = ({ entry = '' }: HistoryEntry): string | undefined => systems.get(entry);
  const answer = {
    entries: entries.map((entry) => {
      const system = systemOf(entry);
      return { ...entry, at: new Date(entry.at).toISOString(), ...(system !== undefined && { system }) };
    }),
  } satisfies Answers['history'];
  const isWhole = call.flags.has('verbose');
  const shown = lines
    .filter((line) => historyEntries([line]).some(({ vm }) => isWanted(vm)))
    .map((line) => (isWhole ? line : withoutCommand(line)));
  const path = join(session.folder, 'audit.jsonl');
  const nothing =
    view === undefined
      ? t('No VM has been changed from here yet.')
      : t('{0} has not been changed from here yet.', displayLine(view.vm.name));
  return {
    answer,
    text:
      shown.length === 0
        ? [{ beside: nothing }]
        : plainReport(
            historyText(shown, (_, snapshot) => snapshot, path, systemOf),
            terminal,
          ),
  };
}

/** The names of the systems that operations were carried out for, by their ids in the log. */
async function systemsOf(
  entries: readonly HistoryEntry[],
  engine: Pick<Context['session']['engine'], 'readLog'>,
): Promise<ReadonlyMap<string, string>> {
  const vms = new Map(
    entries.flatMap(({ entry, connection, vm: { uuid } }) =>
      entry === undefined || connection === undefined ? [] : [[`${connection} ${uuid}`, { connection, uuid }] as const],
    ),
  );
  const logged = await Promise.all([...vms.values()].map((vm) => engine.readLog(vm)));
  return new Map(logged.flat().flatMap(({ id, system }) => (system === undefined ? [] : [[id, system.name] as const])));
}

/** It is longer than all the rest. */
function withoutCommand(line: string): string {
  const { command, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  return JSON.stringify(rest);
}
