// `virt-rewind changed`: which files and packages changed between two restore points of a VM, or since one.
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer, TextPart } from '../../../cli/printed.js';
import { tableLines } from '../../../cli/table.js';
import { displayLine, displayText } from '../../../domain/plainText.js';
import { notInstalledText } from '../../../text/failures/obstacleText.js';
import { type GuestDisks, openGuestDisks, withDisks } from '../guestFiles.js';
import { FileSystemError, findNode, type GuestFileSystem, type NodeFacts } from '../read/guestFileSystem.js';
import { asReadFailure, orReadFailure } from '../readFailure.js';
import { requirePath } from '../readFiles.js';
import { changeLine, countsByFolder, countsLine, packageLine, pathText, wholePath } from '../changes/changedText.js';
import type { FileChange } from '../changes/compareFolders.js';
import { readChanges, type VolumeChanges } from '../changes/readChanges.js';
import { isText, longestDiffed, textDiff } from '../changes/textDiff.js';
import type { InsideAnswers } from './answers.js';
import { createHash } from 'node:crypto';
import type { Snapshot } from '../../../domain/snapshot.js';
import { currentOf, sortSnapshots } from '../../../domain/snapshotTree.js';
import { isActive } from '../../../domain/vm.js';

interface PointPair {
  readonly context: Context;
  readonly before: GuestDisks;
  readonly after: GuestDisks;
}

interface PointReport extends PointPair {
  readonly found: readonly VolumeChanges[];
}

export const showChanges: CommandHandler = async (context) => {
  const { call, session, interruption } = context;
  const [vm = '', first = '', ...words] = call.operands;
  const path = words.at(-1)?.includes('/') === true ? words.pop() : undefined;
  if (words.length > 1) {
    throw new CliError('usage', 'PATH has a slash. See virt-rewind changed --help.');
  }
  const view = await session.vm(vm);
  const { when } = call.texts;
  if ((when === undefined) === (first === '')) {
    throw new CliError('usage', 'Name a snapshot, or --when PATH alone. See virt-rewind changed --help.');
  }
  if (when !== undefined) {
    return showWhen(context, view, when);
  }
  const [older, newer] = [
    await session.snapshot(view, first),
    words[0] === undefined ? undefined : await session.snapshot(view, words[0]),
  ];
  const options = { environment: process.env, signal: interruption.signal };
  const open = (snapshot?: Snapshot): Promise<GuestDisks> =>
    openGuestDisks(session.engine, view, { ...options, ...(snapshot && { snapshot }) });
  return withDisks(open(newer), (after) =>
    withDisks(open(older), (before) => compare({ context, before, after }, path)),
  );
};

async function compare(points: PointPair, path: string | undefined): Promise<CommandAnswer> {
  const { context, before, after } = points;
  const { signal } = context.interruption;
  const wanted = path === undefined ? undefined : await requirePath(after, path).catch(() => requirePath(before, path));
  const options = { environment: process.env, signal, ...(wanted && { only: wanted.volume.name }) };
  const base = wanted?.path ?? '/';
  const found = await orReadFailure(path ?? base, () => readChanges(before, after, options, base));
  const diff = path === undefined ? undefined : await diffOf(points, found, base);
  await Promise.all([before.requireUnchanged(), after.requireUnchanged()]);
  return changesAnswer({ ...points, found }, base, diff);
}

/** The difference of the one requested file; undefined where that is no text that changed. */
async function diffOf(
  { context }: PointPair,
  found: readonly VolumeChanges[],
  base: string,
): Promise<string | undefined> {
  const [one] = found;
  const [change] = one?.files.changes ?? [];
  const comparison = one?.pair.comparison;
  const sides = [change?.before, change?.after];
  if (
    comparison === undefined ||
    change?.path !== '' ||
    !(change.change !== 'changed' || change.parts.includes('content')) ||
    sides.some((facts) => facts !== undefined && (facts.kind !== 'file' || facts.bytes > longestDiffed))
  ) {
    return undefined;
  }
  const [before, after] = [
    change.before && (await readWhole(comparison.before, base)),
    change.after && (await readWhole(comparison.after, base)),
  ];
  const label = `${one?.pair.name ?? ''}:${pathText(base)}`;
  const texts = [before, after].map((bytes) => ({
    label: bytes === undefined ? '/dev/null' : label,
    bytes: bytes ?? Buffer.alloc(0),
  }));
  const [old, own] = texts;
  if (old === undefined || own === undefined || !texts.every(({ bytes }) => isText(bytes))) {
    return undefined;
  }
  const diff = await textDiff(old, own, process.env, context.interruption.signal);
  if (diff === undefined) {
    context.terminal.tell(notInstalledText('diff', 'diffutils'));
  }
  return diff;
}

async function readWhole(system: GuestFileSystem, path: string): Promise<Buffer> {
  return system.read(await findNode(system, path), 0, longestDiffed);
}

function changesAnswer({ context, found }: PointReport, base: string, diff: string | undefined): CommandAnswer {
  const { terminal, call } = context;
  const isCounted = call.flags.has('stat');
  const packages = found.flatMap((volume) => volume.packages.packages);
  const isRpm = found.some((volume) => volume.packages.rpm);
  return {
    answer: {
      fileSystems: found.map(({ pair: { name, state, before, after }, files }) => {
        const { type } = after ?? before ?? {};
        return {
          name,
          state,
          ...(type !== undefined && { type }),
          ...(isCounted
            ? { folders: countsByFolder(files.changes, base) }
            : { changes: files.changes.map((change) => jsonOf(change, base)) }),
          leftOut: files.leftOut,
          unreadable: files.unreadable.map((path) => `/${path}`),
        };
      }),
      packages,
      rpmChanged: isRpm,
      ...(diff !== undefined && { diff }),
    } satisfies InsideAnswers['changed'],
    text: [
      ...found.flatMap((volume) => volumeText(context, volume, base, isCounted)),
      ...(packages.length > 0 ? [terminal.style('bold', t('Packages')), ...packages.map(packageLine)] : []),
      ...(isRpm ? [{ beside: t('RPM packages changed. To see which, use rpm in the guest.') }] : []),
      ...(diff === undefined ? [] : [displayText(diff).trimEnd()]),
    ],
  };
}

function volumeText(
  { terminal }: Context,
  volume: VolumeChanges,
  base: string,
  isCounted: boolean,
): readonly TextPart[] {
  const { changes, leftOut, unreadable } = volume.files;
  const columns = ['', t('added'), t('removed'), t('changed')].map((title) => ({ title, rank: 0 }));
  const rows = countsByFolder(changes, base).map(({ folder, ...counts }) => [
    pathText(folder),
    ...[counts.added, counts.removed, counts.changed].map(String),
  ]);
  const lines = isCounted ? tableLines(columns, rows, Infinity) : changes.map((change) => changeLine(change, base));
  return [
    terminal.style('bold', countsLine(volume)),
    ...(changes.length > 0 ? lines : []),
    ...(leftOut > 0 ? [{ beside: t('More changed than are listed: {0}', leftOut) }] : []),
    ...(unreadable.length > 0
      ? [{ beside: t('Cannot be read, not compared: {0}', unreadable.map(pathText).join(', ')) }]
      : []),
  ];
}

type ChangeInfo = NonNullable<InsideAnswers['changed']['fileSystems'][number]['changes']>[number];

function jsonOf(change: FileChange, base: string): ChangeInfo {
  const { parts, before, after } = change;
  return {
    path: wholePath(change, base),
    change: change.change,
    ...(change.change === 'changed' && { parts }),
    ...(before && { before: factsOf(before) }),
    ...(after && { after: factsOf(after) }),
  };
}

function factsOf({ kind, bytes, mode, uid, gid, modifiedAt }: NodeFacts): NonNullable<ChangeInfo['after']> {
  return {
    ...{ kind, bytes, modifiedAt: new Date(modifiedAt).toISOString() },
    ...(mode !== undefined && { mode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}

// `virt-rewind changed VM --when PATH`: between which restore points a file changed. Each is read once.

const pieceBytes = 4 * 1024 * 1024;

async function showWhen(
  { session, interruption }: Context,
  view: Parameters<typeof openGuestDisks>[1],
  path: string,
): Promise<CommandAnswer> {
  const tree = await session.engine.readTree(view.ref);
  const { signal } = interruption;
  const read = async (snapshot?: Snapshot): Promise<string> => {
    const options = { environment: process.env, signal, ...(snapshot && { snapshot }) };
    return withDisks(openGuestDisks(session.engine, view, options), async (disks) => {
      const state = await stateOf(disks, path, signal);
      await disks.requireUnchanged();
      return state;
    });
  };
  const states = new Map<string, string>();
  const when: { readonly before: Snapshot; readonly after?: Snapshot }[] = [];
  const compare = async (before: Snapshot | undefined, after?: Snapshot): Promise<void> => {
    const state = await read(after);
    if (before !== undefined && states.get(before.name) !== state) {
      when.push({ before, ...(after && { after }) });
    }
    if (after !== undefined) {
      states.set(after.name, state);
    }
  };
  const byName = new Map(tree.snapshots.map((snapshot) => [snapshot.name, snapshot]));
  for (const snapshot of sortSnapshots(tree, 'time')) {
    await compare(byName.get(snapshot.parent ?? ''), snapshot);
  }
  if (!isActive(view.vm.power)) {
    await compare(currentOf(tree));
  }
  const lines = when.map(({ before, after }) =>
    t('{0}: changed from {1} to {2}', displayLine(path), before.title, after?.title ?? t('Current state')),
  );
  return {
    answer: {
      fileSystems: [],
      packages: [],
      rpmChanged: false,
      when: when.map(({ before, after }) => ({ before: before.name, ...(after && { after: after.name }) })),
    } satisfies InsideAnswers['changed'],
    text: lines.length > 0 ? lines : t('{0}: nothing changed', displayLine(path)),
  };
}

/** What a change of it would change: content, link, mode, owner, type. Empty: it is not there. */
async function stateOf(disks: GuestDisks, path: string, signal: AbortSignal): Promise<string> {
  const found = await requirePath(disks, path);
  const { system } = found.volume;
  try {
    const node = await findNode(system, found.path, 'itself');
    const { kind, bytes, mode, uid, gid } = await system.facts(node);
    if (kind === 'folder') {
      throw new FileSystemError('isAFolder', path);
    }
    const hash = createHash('sha256');
    if (kind === 'link') {
      hash.update(await system.readLink(node));
    }
    for (let at = 0; kind === 'file' && at < bytes; at += pieceBytes) {
      signal.throwIfAborted();
      hash.update(await system.read(node, at, pieceBytes));
    }
    return [kind, mode, uid, gid, hash.digest('hex')].join(' ');
  } catch (error) {
    if (error instanceof FileSystemError && (error.fault === 'notFound' || error.fault === 'notAFolder')) {
      return '';
    }
    throw asReadFailure(error, path);
  }
}
