// Finishes a move or undoes it, as far as it came, whoever began it. The VM never stays runnable on both hosts.
import { posix } from 'node:path';
import { directFiles } from '../../../driver/files/directFiles.js';
import { turnsOfAll } from '../../../driver/files/fileTurns.js';
import type { StandingVm } from '../../../domain/copiedVm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { filesOfVms } from '../../copies/vm/filesOfVms.js';
import { settle } from '../live/leadMove.js';
import { MoveFault } from '../moveFault.js';
import type { MovedFile, MoveRecord, OpenMove } from './moveStore.js';
import { requireRun, seenOn, type Side, type Sides, withEnds, withSides } from './sides.js';

export interface MoveEnd {
  readonly end: 'moved' | 'undone';
  readonly record: MoveRecord;
  /** Files of its own host that were put into the trash. */
  readonly trashed: readonly string[];
  /** Of a live move: milliseconds that the guest stood still, where they were counted. */
  readonly stopMs?: number;
}

/**
 * | phase               | used since              | →                                          |
 * |---------------------|-------------------------|--------------------------------------------|
 * | before `there`      |                         | undone                                     |
 * | `there`             | not here                | finished                                   |
 * | `there`             | here, and not there     | undone                                     |
 * | `there`             | on both                 | left to a person                           |
 * | `moving`            |                         | finished where the guest is there, undone where it is here |
 *
 * A host on which the VM got snapshots or disks since does not forget it: also that is used.
 *
 * @throws MoveFault `bothUsed`; Failure, CopiesFault: it can be called again
 */
export async function endMove(engine: EnginePort, open: OpenMove): Promise<MoveEnd> {
  const { record } = open;
  const { signal } = new AbortController();
  return withSides(engine, record, signal, async (sides) => {
    const end = await endOf(record, sides);
    if (await hasNews(end === 'moved' ? sides.from : sides.to, record)) {
      throw new MoveFault({ kind: 'bothUsed' });
    }
    const trashed = end === 'moved' ? await finish(record, sides) : await undo(engine, record, sides);
    await open.forget();
    for (const connection of [record.from, record.to]) {
      await engine.refresh({ connection });
    }
    return { end, record, trashed };
  });
}

async function endOf(record: MoveRecord, sides: Sides): Promise<MoveEnd['end']> {
  const { phase, vm, files } = record;
  const { from, to } = sides;
  if (phase === 'moving') {
    const where = await withEnds(sides, (ends) => settle(ends, vm));
    if (where !== 'nowhere') {
      return where === 'source' ? 'undone' : 'moved';
    }
    const isHere = (await standingOn(from, vm.uuid)) !== undefined;
    return isHere && !(await hasNews(to, record)) ? 'undone' : 'moved';
  }
  const there = await standingOn(to, vm.uuid);
  if (phase !== 'there') {
    return 'undone';
  }
  const here = await standingOn(from, vm.uuid);
  if (here === undefined) {
    return 'moved';
  }
  const paths = files.map(({ path }) => path);
  const [seenHere, seenThere] = [await seenOn(from, paths), await seenOn(to, paths)];
  const isUsed = ({ path, bytes, modified }: MovedFile, seen: typeof seenHere): boolean => {
    const found = seen.get(path);
    return found !== undefined && (found.bytes !== bytes || found.modified !== modified);
  };
  const usedHere = !here.isOff || files.some((file) => isUsed(file, seenHere)) || (await hasNews(from, record));
  const usedThere =
    there?.isOff !== true ||
    files.some((file) => isUsed(file, seenThere) || !seenThere.has(file.path)) ||
    (await hasNews(to, record));
  if (usedHere && usedThere) {
    throw new MoveFault({ kind: 'bothUsed' });
  }
  return usedHere || there === undefined ? 'undone' : 'moved';
}

function standingOn(side: Side, uuid: string): Promise<StandingVm | undefined> {
  return side.ask((copies) => copies.standing(uuid));
}

/** Snapshots that were not when the move began, or disks in other files: of others, for we make none. */
async function hasNews(side: Side, { phase, vm, documents: was }: MoveRecord): Promise<boolean> {
  if (phase === 'sending' || (await standingOn(side, vm.uuid)) === undefined) {
    return false;
  }
  return side.ask(async (copies) => {
    const now = await copies.readDocuments(vm.uuid);
    const known = new Set(was.snapshots.map(({ name }) => name));
    const disks = new Set((await copies.presentDisks(was.definition)).map(({ file }) => file));
    const present = await copies.presentDisks(now.definition);
    return now.snapshots.some(({ name }) => !known.has(name)) || present.some(({ file }) => !disks.has(file));
  });
}

async function finish(
  { vm, files, from: uri, startedAt, documents, was }: MoveRecord,
  { from, to }: Sides,
): Promise<readonly string[]> {
  const { host } = from;
  const own = directFiles({ ...host, turns: turnsOfAll, act: (change) => change(host) });
  const trashed: string[] = [];
  const put = async (some: readonly MovedFile[]): Promise<void> => {
    const seen = await seenOn(
      from,
      some.map(({ path }) => path),
    );
    for (const { path } of some.filter((file) => seen.get(file.path)?.identity === file.identity)) {
      await own.trash(path);
      trashed.push(path);
    }
  };
  // libvirt forgets no VM that has it.
  await put(files.filter(({ role }) => role === 'savedState'));
  if ((await standingOn(from, vm.uuid)) !== undefined) {
    await from.ask((copies) => copies.letGo(vm.uuid, namesIn(documents)));
  }
  await put(files);
  if (was !== undefined) {
    await to.ask((copies) => copies.settleIn(vm.uuid, was));
  }
  await to.ask((copies) => copies.noteMove(vm, uri, Math.max(0, Date.now() - startedAt)));
  return trashed;
}

function namesIn({ snapshots }: MoveRecord['documents']): readonly string[] {
  return snapshots.map(({ name }) => name);
}

/** All that was made there goes, and nothing else. */
async function undo(
  engine: EnginePort,
  { phase, vm, files, stages, documents }: MoveRecord,
  { from, to }: Sides,
): Promise<readonly string[]> {
  if (phase === 'moving') {
    await from.ask((copies) => copies.takeSnapshotsBack({ ...vm, documents }));
  }
  const there = phase === 'sending' ? undefined : await standingOn(to, vm.uuid);
  const used = phase === 'sending' ? new Set<string>() : await filesOfVms(engine, to.connection, vm.uuid);
  if (there?.isOff === false || used === undefined || files.some(({ path }) => used.has(path))) {
    throw new MoveFault({ kind: 'bothUsed' });
  }
  const made = files.flatMap(({ path, identityThere = '', role }) =>
    identityThere === '' ? [] : [{ path, identityThere, role }],
  );
  const remove = (some: typeof made): Promise<unknown> =>
    requireRun(to, '/', 'remove_files', ...some.flatMap(({ path, identityThere }) => [path, identityThere]));
  // libvirt forgets no VM that has one.
  await remove(made.filter(({ role }) => role === 'savedState'));
  if (there !== undefined) {
    await to.ask((copies) => copies.letGo(vm.uuid, namesIn(documents)));
  }
  await remove(made);
  for (const folder of new Set(files.flatMap(({ folders }) => folders).reverse())) {
    await to.shell.run('rmdir', '--', folder);
  }
  for (const stage of stages.filter((one) => /^\.virt-rewind-move-[\da-f]{32}$/u.test(posix.basename(one)))) {
    await requireRun(to, posix.dirname(stage), 'rm', '-rf', '--', stage);
  }
  return [];
}
