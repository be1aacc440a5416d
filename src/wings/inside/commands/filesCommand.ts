// `virt-rewind files`: lists, prints, copies and finds the files in a restore point.
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { ExitName } from '../../../cli/exitCodes.js';
import { tableLines } from '../../../cli/table.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine, displayText } from '../../../domain/plainText.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { bytesText } from '../../../text/bytesText.js';
import { failureText } from '../../../text/failures/failureText.js';
import { copyOut } from '../copyOut.js';
import { restore as restoreToVm } from './restoreCommand.js';
import { modeText, volumeRow } from '../filesText.js';
import { type GuestDisks, openDisks, openGuestDisks, withDisks } from '../guestFiles.js';
import { readFailure } from '../readFailure.js';
import { atPath, nodesAt } from '../readFiles.js';
import { isRoot } from '../read/volumes.js';
import { withSnapshotOfNow } from './nowCommand.js';
import { type UnreadEntry, type WalkedEntry, walkFolder } from '../read/walkFolder.js';
import type { InsideAnswers } from './answers.js';

type FilesAnswer = InsideAnswers['files'];

interface Visit extends GuestDisks {
  readonly context: Context;
  /** Absent: its disks are those of a backup. */
  readonly view?: VmView;
}

/** Opens the disks of a backup, an export or a replica, which is left as it is. */
export type WithBackup = (
  context: Context,
  place: { readonly backup: string; readonly snapshot?: string },
  use: (disks: Parameters<typeof openDisks>[0]) => Promise<void>,
) => Promise<void>;

/** `failed`: some of it was not read; what is told says what. */
type Action = (visit: Visit, words: readonly string[]) => Promise<ExitName>;

/** Each action, with the fewest and the most words after it. */
const actions: Readonly<Record<string, { readonly run: Action; readonly words: readonly [number, number] }>> = {
  ls: { run: listFolder, words: [0, 1] },
  cat: { run: printFile, words: [1, 1] },
  copy: { run: copy, words: [2, 2] },
  find: { run: find, words: [1, 2] },
  restore: { run: restore, words: [1, 2] },
};

export function filesCommand(withBackup: () => Promise<WithBackup>): CommandHandler {
  return async (context): Promise<ExitName> => {
    const { call } = context;
    const [place = '', name, ...words] = call.operands;
    const action = name === undefined ? undefined : actions[name];
    if (
      name !== undefined &&
      (action === undefined || words.length < action.words[0] || words.length > action.words[1])
    ) {
      throw new CliError('usage', 'ACTION is ls, cat, copy, find or restore. See virt-rewind files --help.');
    }
    const visit: VisitOf = (one) => (action === undefined ? listVolumes(one) : action.run(one, words));
    const isBackup = call.texts['from'] !== undefined || /^\.{0,2}\//u.test(place);
    if (isBackup && call.flags.has('now')) {
      throw new CliError('usage', t('{0} is for VMs, and this is a backup.', '--now'));
    }
    return isBackup ? visitBackup(context, place, { withBackup, visit }) : visitVm(context, place, visit);
  };
}

type VisitOf = (one: Visit) => ReturnType<Action>;

async function visitBackup(
  context: Context,
  place: string,
  { withBackup, visit }: { withBackup: () => Promise<WithBackup>; visit: VisitOf },
): Promise<ExitName> {
  let exit: ExitName = 'done';
  // The name of a folder may have an @.
  const parts = context.call.texts['from'] === undefined ? /^(.*?)(?:@([^/]*))?$/su : /^([^@]*)(?:@(.*))?$/su;
  const [, backup = '', snapshot] = parts.exec(place) ?? [];
  const { signal } = context.interruption;
  await (
    await withBackup()
  )(context, { backup, ...(snapshot !== undefined && { snapshot }) }, async (images) => {
    const options = { environment: process.env, signal, requireUnchanged: () => Promise.resolve() };
    await withDisks(openDisks(images, options), async (disks) => {
      exit = await visit({ context, ...disks });
    });
  });
  return exit;
}

async function visitVm(context: Context, place: string, visit: VisitOf): Promise<ExitName> {
  let exit: ExitName = 'done';
  const { call, session, interruption } = context;
  const [, vm = '', wanted] = /^([^@]*)(?:@(.*))?$/su.exec(place) ?? [];
  const view = await session.vm(vm);
  const run = async (snapshot?: Snapshot): Promise<void> => {
    const options = { environment: process.env, signal: interruption.signal, ...(snapshot && { snapshot }) };
    await withDisks(openGuestDisks(session.engine, view, options), async (disks) => {
      exit = await visit({ context, view, ...disks });
    });
  };
  if (call.flags.has('now') && (wanted !== undefined || call.operands[1] === 'restore')) {
    throw new CliError('usage', t('{0} reads the current state, which is no snapshot to restore.', '--now'));
  }
  await (wanted !== undefined
    ? run(await session.snapshot(view, wanted))
    : call.flags.has('now') && isActive(view.vm.power)
      ? withSnapshotOfNow(context, view, run)
      : run());
  return exit;
}

async function listVolumes({ context: { terminal, json }, volumes, requireUnchanged }: Visit): Promise<ExitName> {
  await requireUnchanged();
  if (json !== undefined) {
    json({
      fileSystems: volumes.map(({ name, bytes, type, system }) => ({
        ...{ name, bytes, readable: system !== undefined },
        ...(type !== undefined && { type }),
        ...(system !== undefined && { label: system.label, journal: system.journal }),
      })),
    } satisfies FilesAnswer);
    return 'done';
  }
  if (volumes.length === 0) {
    terminal.tell(t('There is no file system on its disks.'));
    return 'done';
  }
  const columns = [
    { title: t('Name'), rank: 0 },
    { title: t('Size'), rank: 1 },
    { title: t('File system'), rank: 0 },
  ];
  terminal.sayTable(columns, volumes.map(volumeRow));
  return 'done';
}

async function listFolder(visit: Visit, [path = '/']: readonly string[]): Promise<ExitName> {
  const { terminal, json } = visit.context;
  const entries = await atPath(visit, path, (system, node) => nodesAt(system, node, path));
  await visit.requireUnchanged();
  if (json !== undefined) {
    const told = entries.map((entry) => ({ ...entry, modifiedAt: new Date(entry.modifiedAt).toISOString() }));
    json({ entries: told } satisfies FilesAnswer);
    return 'done';
  }
  const columns = ['', '', '', ''].map((title) => ({ title, rank: 0 }));
  const rows = entries.map(({ name, link, ...facts }) => [
    modeText(facts),
    bytesText(facts.bytes),
    fullTime(facts.modifiedAt),
    displayLine(link === undefined ? name : `${name} → ${link}`),
  ]);
  const [, ...lines] = tableLines(columns, rows, Infinity);
  if (lines.length > 0) {
    terminal.say(lines.join('\n'));
  }
  return 'done';
}

const pieceBytes = 1024 * 1024;

async function printFile(visit: Visit, [path = '']: readonly string[]): Promise<ExitName> {
  const { terminal, json } = visit.context;
  await atPath(visit, path, async (system, node) => {
    const { bytes } = await system.facts(node);
    if (json !== undefined) {
      const content = await system.read(node, 0, Math.min(bytes, pieceBytes));
      await visit.requireUnchanged();
      json({ bytes, content: content.toString('base64'), cut: bytes > content.length } satisfies FilesAnswer);
      return;
    }
    const isTerminal = (terminal.output.isTTY as boolean | undefined) === true;
    for (let at = 0; at < bytes || at === 0; at += pieceBytes) {
      visit.context.interruption.signal.throwIfAborted();
      const piece = await system.read(node, at, pieceBytes);
      // What a guest wrote must not drive the terminal.
      if (!terminal.write(isTerminal ? displayText(piece.toString('utf8')) : piece)) {
        await new Promise((resolve) => terminal.output.once('drain', resolve));
      }
    }
    await visit.requireUnchanged();
  });
  return 'done';
}

async function copy(visit: Visit, [path = '', to = '']: readonly string[]): Promise<ExitName> {
  const { terminal, json, interruption } = visit.context;
  const copied = await atPath(visit, path, (system, node, found) =>
    copyOut(system, node, {
      name:
        found.path
          .split('/')
          .filter((part) => part !== '')
          .at(-1) ?? found.volume.name,
      to,
      signal: interruption.signal,
      isStillTrue: visit.requireUnchanged,
    }),
  );
  const exit = copied.unread.length === 0 ? 'done' : 'failed';
  if (json !== undefined) {
    json({ copied: { ...copied, unread: copied.unread.map((one) => one.path) } } satisfies FilesAnswer);
    return exit;
  }
  terminal.say(t('Copied to {0}: {1}, files: {2}', displayLine(copied.path), bytesText(copied.bytes), copied.files));
  if (copied.leftOut > 0) {
    terminal.tell(t('Devices, sockets and pipes were left out: {0}', copied.leftOut));
  }
  tellUnread(visit, path, copied.unread);
  return exit;
}

/** So many are named; of a broken disk there may be thousands. */
const mostTold = 20;

function tellUnread({ context: { terminal } }: Visit, path: string, unread: readonly UnreadEntry[]): void {
  if (unread.length === 0) {
    return;
  }
  terminal.tell(t('Files that could not be read: {0}.', unread.length));
  for (const { path: below, why } of unread.slice(0, mostTold)) {
    const whole = `${path.replace(/\/+$/u, '')}/${below}`;
    terminal.tell(`${displayLine(whole)}: ${failureText(readFailure(why, whole)).sentence}`);
  }
}

async function find(visit: Visit, [text = '', path = '/']: readonly string[]): Promise<ExitName> {
  const { terminal, json, interruption } = visit.context;
  const paths: string[] = [];
  const unread: UnreadEntry[] = [];
  const base = path.replace(/\/+$/u, '');
  await atPath(visit, path, async (system, node) => {
    const visitEntry = (entry: WalkedEntry): void => {
      if (entry.name.includes(text)) {
        const found = `${base}/${entry.path}`;
        paths.push(found);
        if (json === undefined) {
          terminal.say(displayLine(found));
        }
      }
    };
    await walkFolder(system, node, interruption.signal, visitEntry, (one) => unread.push(one));
  });
  await visit.requireUnchanged();
  if (json === undefined) {
    tellUnread(visit, path, unread);
  } else {
    json({ paths, unread: unread.map((one) => one.path) } satisfies FilesAnswer);
  }
  return unread.length === 0 ? 'done' : 'failed';
}

async function restore(visit: Visit, [path = '', target]: readonly string[]): Promise<ExitName> {
  const { context, view, requireUnchanged } = visit;
  if (view === undefined) {
    throw new CliError('usage', t('Files of a backup cannot be put into a VM. Copy them out of it.'));
  }
  await atPath(
    visit,
    path,
    async (system, node, found) => {
      // Where another file system is mounted in the guest, only the guest knows.
      if (target === undefined && !(await isRoot(found.volume))) {
        throw new CliError('usage', t('Name the TARGET in the guest: {0} is not its root.', found.volume.name));
      }
      await restoreToVm(context, view, { system, node, target: target ?? found.path, requireUnchanged });
    },
    'itself',
  );
  return 'done';
}
