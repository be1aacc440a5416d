// `virt-rewind files`: lists, prints, copies and finds the files in a restore point.
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandEnd, CommandAnswer, Printer, TextPart } from '../../../cli/printed.js';
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
type Action = (visit: Visit, words: readonly string[]) => Promise<CommandEnd>;

/** Each action, with the fewest and the most words after it. */
const actions: Readonly<Record<string, { readonly run: Action; readonly words: readonly [number, number] }>> = {
  ls: { run: listFolder, words: [0, 1] },
  cat: { run: printFile, words: [1, 1] },
  copy: { run: copy, words: [2, 2] },
  find: { run: find, words: [1, 2] },
  restore: { run: restore, words: [1, 2] },
};

export function filesCommand(withBackup: () => Promise<WithBackup>): CommandHandler {
  return async (context) => {
    const { call } = context;
    const [place = '', name, ...words] = call.operands;
    const action = name === undefined ? undefined : actions[name];
    if (
      name !== undefined &&
      (action === undefined || words.length < action.words[0] || words.length > action.words[1])
    ) {
      throw new CliError('usage', 'ACTION is ls, cat, copy, find or restore. See virt-rewind files --help.');
    }
    // CommandAnswer while its disks are open.
    const visit: VisitOf = async (one) =>
      context.printer.print(await (action === undefined ? listVolumes(one) : action.run(one, words)));
    const isBackup = call.texts['from'] !== undefined || /^\.{0,2}\//u.test(place);
    if (isBackup && call.flags.has('now')) {
      throw new CliError('usage', t('{0} is for VMs, and this is a backup.', '--now'));
    }
    return isBackup ? visitBackup(context, place, { withBackup, visit }) : visitVm(context, place, visit);
  };
}

type Exit = Awaited<ReturnType<Printer['print']>>;
type VisitOf = (one: Visit) => Promise<Exit>;

async function visitBackup(
  context: Context,
  place: string,
  { withBackup, visit }: { withBackup: () => Promise<WithBackup>; visit: VisitOf },
): Promise<Exit> {
  let exit: Exit = 'done';
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

async function visitVm(context: Context, place: string, visit: VisitOf): Promise<Exit> {
  let exit: Exit = 'done';
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

async function listVolumes({ volumes, requireUnchanged }: Visit): Promise<CommandAnswer> {
  await requireUnchanged();
  const columns = [
    { title: t('Name'), rank: 0 },
    { title: t('Size'), rank: 1 },
    { title: t('File system'), rank: 0 },
  ];
  return {
    answer: {
      fileSystems: volumes.map(({ name, bytes, type, system }) => ({
        ...{ name, bytes, readable: system !== undefined },
        ...(type !== undefined && { type }),
        ...(system !== undefined && { label: system.label, journal: system.journal }),
      })),
    } satisfies FilesAnswer,
    text: [
      volumes.length === 0
        ? { beside: t('There is no file system on its disks.') }
        : { columns, rows: volumes.map(volumeRow) },
    ],
  };
}

async function listFolder(visit: Visit, [path = '/']: readonly string[]): Promise<CommandAnswer> {
  const entries = await atPath(visit, path, (system, node) => nodesAt(system, node, path));
  await visit.requireUnchanged();
  const told = entries.map((entry) => ({ ...entry, modifiedAt: new Date(entry.modifiedAt).toISOString() }));
  const columns = ['', '', '', ''].map((title) => ({ title, rank: 0 }));
  const rows = entries.map(({ name, link, ...facts }) => [
    modeText(facts),
    bytesText(facts.bytes),
    fullTime(facts.modifiedAt),
    displayLine(link === undefined ? name : `${name} → ${link}`),
  ]);
  const [, ...lines] = tableLines(columns, rows, Infinity);
  return { answer: { entries: told } satisfies FilesAnswer, text: lines };
}

const pieceBytes = 1024 * 1024;

function printFile(visit: Visit, [path = '']: readonly string[]): Promise<CommandEnd> {
  const { terminal, printer, interruption } = visit.context;
  return atPath(visit, path, async (system, node) => {
    const { bytes } = await system.facts(node);
    return printer.print({
      answer: async () => {
        const content = await system.read(node, 0, Math.min(bytes, pieceBytes));
        await visit.requireUnchanged();
        return { bytes, content: content.toString('base64'), cut: bytes > content.length } satisfies FilesAnswer;
      },
      text: async () => {
        const isTerminal = (terminal.output.isTTY as boolean | undefined) === true;
        for (let at = 0; at < bytes || at === 0; at += pieceBytes) {
          interruption.signal.throwIfAborted();
          const piece = await system.read(node, at, pieceBytes);
          // What a guest wrote must not drive the terminal.
          if (!terminal.write(isTerminal ? displayText(piece.toString('utf8')) : piece)) {
            await new Promise((resolve) => terminal.output.once('drain', resolve));
          }
        }
        await visit.requireUnchanged();
        return [];
      },
    });
  });
}

async function copy(visit: Visit, [path = '', to = '']: readonly string[]): Promise<CommandAnswer> {
  const { interruption } = visit.context;
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
  return {
    answer: { copied: { ...copied, unread: copied.unread.map((one) => one.path) } } satisfies FilesAnswer,
    text: [
      t('Copied to {0}: {1}, files: {2}', displayLine(copied.path), bytesText(copied.bytes), copied.files),
      ...(copied.leftOut > 0 ? [{ beside: t('Devices, sockets and pipes were left out: {0}', copied.leftOut) }] : []),
      ...unreadLines(path, copied.unread),
    ],
    exit: copied.unread.length === 0 ? 'done' : 'failed',
  };
}

/** So many are named; of a broken disk there may be thousands. */
const mostTold = 20;

function unreadLines(path: string, unread: readonly UnreadEntry[]): readonly TextPart[] {
  const named = unread.slice(0, mostTold).map(({ path: below, why }) => {
    const whole = `${path.replace(/\/+$/u, '')}/${below}`;
    return { beside: `${displayLine(whole)}: ${failureText(readFailure(why, whole)).sentence}` };
  });
  return unread.length === 0 ? [] : [{ beside: t('Files that could not be read: {0}.', unread.length) }, ...named];
}

async function find(visit: Visit, [text = '', path = '/']: readonly string[]): Promise<CommandAnswer> {
  const { printer, interruption } = visit.context;
  const paths: string[] = [];
  const unread: UnreadEntry[] = [];
  const base = path.replace(/\/+$/u, '');
  await atPath(visit, path, async (system, node) => {
    const visitEntry = (entry: WalkedEntry): void => {
      if (entry.name.includes(text)) {
        const found = `${base}/${entry.path}`;
        paths.push(found);
        printer.say(displayLine(found));
      }
    };
    await walkFolder(system, node, interruption.signal, visitEntry, (one) => unread.push(one));
  });
  await visit.requireUnchanged();
  return {
    answer: { paths, unread: unread.map((one) => one.path) } satisfies FilesAnswer,
    text: unreadLines(path, unread),
    exit: unread.length === 0 ? 'done' : 'failed',
  };
}

async function restore(visit: Visit, [path = '', target]: readonly string[]): Promise<CommandAnswer> {
  const { context, view, requireUnchanged } = visit;
  if (view === undefined) {
    throw new CliError('usage', t('Files of a backup cannot be put into a VM. Copy them out of it.'));
  }
  return atPath(
    visit,
    path,
    async (system, node, found) => {
      // Where another file system is mounted in the guest, only the guest knows.
      if (target === undefined && !(await isRoot(found.volume))) {
        throw new CliError('usage', t('Name the TARGET in the guest: {0} is not its root.', found.volume.name));
      }
      return restoreToVm(context, view, { system, node, target: target ?? found.path, requireUnchanged });
    },
    'itself',
  );
}
