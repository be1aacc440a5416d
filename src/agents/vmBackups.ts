// What agents are told of the backups of VMs: what this computer knows of them. No repository is read, no key needed,
// and no program started.
import { asFailure } from '../domain/asFailure.js';
import { displayLine } from '../domain/plainText.js';
import type { VmView } from '../live/views.js';
import { wingReaders } from '../wings/readers.js';
import { untrustedLine } from './guestText.js';
import type { ToolCall } from './toolCall.js';

const mostSchedules = 20;
const mostMessages = 5;

type Copies = Awaited<ReturnType<typeof wingReaders.copies>>;
type ReadOfVm = Awaited<ReturnType<Copies['readKnownBackups']>>;
type VmBackups = ReturnType<ReadOfVm>;

/** Gives what is known of a VM; nothing where what is kept cannot be read: the VM is good without it. */
export async function readBackupsOfVms({
  session: { folder },
  tools: { log, seenBackups },
}: Pick<ToolCall, 'session' | 'tools'>): Promise<(view: VmView) => VmBackups> {
  try {
    const { readKnownBackups } = await wingReaders.copies();
    const ofVm = await readKnownBackups(folder, log);
    return (view) => ofVm(view, seenBackups?.(view) ?? []);
  } catch (error) {
    log.warn(`What is known of backups cannot be read: ${asFailure(error).line}`);
    return () => ({ schedules: [] });
  }
}

export function lastBackup({ newest }: VmBackups): { readonly last_backup?: string } {
  return newest === undefined ? {} : { last_backup: isoTime(newest.madeAt) };
}

export function backupsAnswer(view: VmView, { newest, verified, schedules }: VmBackups): object {
  return {
    ...(newest !== undefined && {
      last: { made_at: isoTime(newest.madeAt), repository: untrustedLine(newest.target) },
    }),
    ...(verified !== undefined && {
      last_check: { at: isoTime(verified.at), how: verified.how, passed: verified.passed },
    }),
    schedules: schedules.slice(0, mostSchedules).map((one) => scheduleAnswer(view, one)),
    ...(schedules.length > mostSchedules && { left_out: schedules.length - mostSchedules }),
  };
}

function scheduleAnswer(
  view: VmView,
  { name, every, to, state, lastRun, nextAt, missedAt }: VmBackups['schedules'][number],
): object {
  const messages = (lastRun?.messages ?? []).filter((line) => isAbout(line, view)).slice(0, mostMessages);
  return {
    ...{ name, every: untrustedLine(every), repository: untrustedLine(to), last_run: state },
    ...(lastRun !== undefined && { started_at: lastRun.startedAt }),
    ...(lastRun?.exitCode !== undefined && { exit_code: lastRun.exitCode }),
    ...(messages.length > 0 && { messages: messages.map((line) => untrustedLine(line)) }),
    ...(missedAt !== undefined && { missed_at: missedAt }),
    ...(nextAt !== undefined && { next_run: nextAt }),
  };
}

/** What went wrong with other VMs, which the agent may not see, is not told. */
function isAbout(message: string, { ref, vm }: VmView): boolean {
  return [vm.name, ref.uuid].some((about) => message.startsWith(`${displayLine(about)}: `));
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
