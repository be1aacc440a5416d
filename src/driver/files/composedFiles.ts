// Several ways to the same host's files as one: the first that knows answers, the first that can acts. Touches no file
// itself.
import { Failure, type FailureKind } from '../../domain/failure.js';
import type { CannotAct, FolderNames, HostFiles, ImageFacts, OnMade, Observation } from '../../domain/hostFiles.js';

export interface FileAccess extends HostFiles {
  /**
   * Whether what stands there is, for certain, neither a file nor a block device: no other way knows more of it, and
   * libvirt would make a pool of the folder to find out.
   */
  readonly isNoFile?: (path: string) => Promise<boolean>;
  /** Whether a file has the name, readable or not: a pool of libvirt leaves out what it could not open. */
  readonly isTaken?: (path: string) => Promise<boolean>;
}

interface FileAccesses {
  /** In this order for what changes something. */
  readonly acting: readonly HostFiles[];
  /** In this order for what only looks. */
  readonly reading: readonly FileAccess[];
}

/** Another way would meet the same, or would not know what the first has done by now. */
const finalKinds: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'exists',
  'noSpace',
  'notFound',
  'invalid',
  'busy',
  'lost',
  'protocol',
  'cancelled',
  'refused',
]);

export function composedFiles({ acting, reading }: FileAccesses): HostFiles {
  const identity = (path: string): Promise<string | undefined> =>
    firstKnown(reading, undefined, (files) => files.identity(path));
  return {
    ready: async () => {
      await Promise.all(reading.map(async (files) => files.ready?.()));
    },
    file: (path) => firstKnown(reading, 'unknown', (files) => files.file(path), path),
    image: async (path, format, depth) => {
      const look = (files: HostFiles): Promise<Observation<ImageFacts>> => files.image(path, format, depth);
      const seen = await firstKnown(reading, 'unknown', look, path);
      // In a container, say, this program may see another folder there than libvirt, and would call gone what a VM
      // rests on.
      const other = seen === 'missing' ? await firstKnown(reading.slice(1), 'unknown', look).catch(() => seen) : seen;
      return other === 'unknown' ? seen : other;
    },
    identity,
    sum: (path) => firstKnown(reading, undefined, (files) => files.sum(path)),
    hostKeyOf: (seed) => firstKnown(reading, undefined, (files) => files.hostKeyOf(seed)),
    list: (folder) => firstKnown<FolderNames>(reading, 'unseen', (files) => files.list(folder)),
    space: (folder) => firstKnown(reading, undefined, (files) => files.space(folder)),
    hostUses: (devices) => firstKnown(reading, undefined, (files) => files.hostUses(devices)),
    imageLocks: (confined) => firstKnown(reading, undefined, (files) => files.imageLocks(confined)),
    canAct: (folder) => canDo(reading, (files) => files.canAct(folder)),
    createOverlay: (overlay, onMade) =>
      knowingAccesses(overlay.file, onMade, (files, tell) => files.createOverlay(overlay, tell)),
    copy: (from, to, existing, onMade) =>
      knowingAccesses(to, onMade, (files, tell) => files.copy(from, to, existing, tell)),
    writeSeed: (seed, onMade) => knowingAccesses(seed.to, onMade, (files, tell) => files.writeSeed(seed, tell)),
    makeFolders: (like, folder) => firstAble(acting, (files) => files.makeFolders(like, folder)),
    repair: (file) => firstAble(acting, (files) => files.repair(file)),
    rebase: (overlay) => firstAble(acting, (files) => files.rebase(overlay)),
    resize: (file, format, bytes) => firstAble(acting, (files) => files.resize(file, format, bytes)),
    removeTag: (file, tag) => firstAble(acting, (files) => files.removeTag(file, tag)),
    canChange: (path) => canDo(reading, (files) => files.canChange(path)),
    commit: (commit, signal, onFraction) => firstAble(acting, (files) => files.commit(commit, signal, onFraction)),
    copyImage: (copy, signal, onFraction, onMade) =>
      firstAble(acting, (files) => files.copyImage(copy, signal, onFraction, onMade)),
    remove: async (path) => {
      // libvirt lists no pipe, and so would take one for gone.
      const seen = await Promise.all(reading.map(async (files) => (await files.isNoFile?.(path)) === true));
      await firstAble([...reading.filter((_, at) => seen[at]), ...acting], (files) => files.remove(path));
    },
    trash: (path, from) => firstAble(acting, (files) => files.trash(path, from)),
  };

  /** A way that tells of no file before it has its name made it where there was none. */
  async function knowingAccesses(
    path: string,
    onMade: OnMade | undefined,
    make: (files: HostFiles, tell: OnMade) => Promise<void>,
  ): Promise<void> {
    const told = new Set<string>();
    await firstAble(acting, (files) => {
      told.clear();
      return make(files, async (made) => {
        told.add(made.path);
        await onMade?.(made);
      });
    });
    if (!told.has(path) && onMade !== undefined) {
      const own = await identity(path);
      await onMade({ path, ...(own === undefined ? {} : { identity: own }) });
    }
  }
}

async function isTakenFor(ways: readonly FileAccess[], path: string): Promise<boolean> {
  const asked = await Promise.all(ways.map(async (files) => (await files.isTaken?.(path)) === true));
  return asked.includes(true);
}

/** A way that fails does not keep the next from answering; if none answers, the first failure is told. */
async function firstKnown<T>(
  ways: readonly FileAccess[],
  notKnown: T,
  read: (files: HostFiles) => Promise<T>,
  path?: string,
): Promise<T> {
  const failures: unknown[] = [];
  for (const files of ways) {
    try {
      const answer = await read(files);
      if (answer === 'missing' && path !== undefined && (await isTakenFor(ways.slice(0, ways.indexOf(files)), path))) {
        return notKnown;
      }
      if (answer !== notKnown || (path !== undefined && (await files.isNoFile?.(path)) === true)) {
        return answer;
      }
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) {
    throw failures[0];
  }
  return notKnown;
}

/**
 * One that can is enough, so the one that is asked most cheaply is asked first; else its reason is told with what all
 * said.
 */
async function canDo(
  ways: readonly HostFiles[],
  ask: (files: HostFiles) => Promise<'yes' | CannotAct>,
): Promise<'yes' | CannotAct> {
  const reasons: CannotAct[] = [];
  for (const files of ways) {
    const answer = await ask(files);
    if (answer === 'yes') {
      return answer;
    }
    reasons.push(answer);
  }
  const said = [...new Set(reasons.flatMap((reason) => reason.said ?? []))].join('\n');
  return { why: reasons[0]?.why ?? 'failed', ...(said === '' ? {} : { said }) };
}

async function firstAble(ways: readonly HostFiles[], act: (files: HostFiles) => Promise<void>): Promise<void> {
  const failures: Failure[] = [];
  for (const files of ways) {
    try {
      await act(files);
      return;
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      failures.push(error);
      if (finalKinds.has(error.kind)) {
        break;
      }
    }
  }
  const last = failures.at(-1);
  const said = [...new Set(failures.map((failure) => failure.message))].join('\n');
  if (last?.kind === 'refused') {
    throw last;
  }
  throw new Failure(
    last?.kind ?? 'unsupported',
    { ...last?.details, ...(said === '' ? {} : { libvirtMessage: said }) },
    { cause: failures.length === 1 ? last : new AggregateError(failures) },
  );
}
