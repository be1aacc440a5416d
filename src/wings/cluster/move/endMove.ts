// Finishes a move or undoes it, as far as it came, whoever began it. The VM never stays runnable on both hosts.
import { posix } from 'node:path';
import { directFiles } from '../../../driver/files/directFiles.js';
import { turnsOfAll } from '../../../driver/files/fileTurns.js';
import type { StandingVm } from '../../../domain/copiedVm.js';
import type { VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { filesOfVms } from '../../copies/vm/filesOfVms.js';
import { settle } from '../live/leadMove.js';
import { MoveFault } from '../moveFault.js';
import type { MovedFile, MoveRecord, OpenMove } from './moveStore.js';
import { requireRun, seenOn, type Side, type Sides, withEnds, withSides } from './sides.js';

export interface MoveEnd {
  readonly end: 'moved' | 'undone';
  /** Somebody had undefined it on both hosts: it was defined again. */
  readonly again?: true;
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
 * | any                 | undefined here, not by us | finished where it is there, else defined again           |
 *
 * A host on which the VM got snapshots or disks since does not forget it: also that is used.
 *
 * @throws MoveFault `bothUsed`; Failure, CopiesFault: it can be called again
 */
export async function endMove(engine: EnginePort, open: OpenMove, turn?: 'inTurn'): Promise<MoveEnd> {
  const { record } = open;
  const { signal } = new AbortController();
  return withSides(engine, record, signal, (sides) =>
    turn === undefined
      ? endBetween(engine, open, sides)
      : engine.leaseAll(turnOn(record.id, { connection: record.from, uuid: record.vm.uuid }), () =>
          endBetween(engine, open, sides),
        ),
  );
}

/** Nothing else is done with a VM that is moved. */
export function turnOn(id: string, vm: VmRef): Parameters<EnginePort['leaseAll']>[0] {
  return { id, requests: [{ kind: 'power', vm, action: 'shutDown' }] };
}

async function endBetween(engine: EnginePort, open: OpenMove, sides: Sides): Promise<MoveEnd> {
  const { record } = open;
  const decided = await endOf(record, sides);
  const { end } = decided;
  if (await hasNews(end === 'moved' ? sides.from : sides.to, record)) {
    throw new MoveFault({ kind: 'bothUsed' });
  }
  const trashed = end === 'moved' ? await finish(record, sides) : await undo(engine, record, sides);
  await open.forget();
  for (const connection of [record.from, record.to]) {
    await engine.refresh({ connection });
  }
  return { ...decided, record, trashed };
}

async function endOf(record: MoveRecord, sides: Sides): Promise<Pick<MoveEnd, 'end' | 'again'>> {
  const { phase, vm, files } = record;
  const { from, to } = sides;
  if (phase === 'moving') {
    const where = await withEnds(sides, (ends) => settle(ends, vm));
    if (where !== 'nowhere') {
      return { end: where === 'source' ? 'undone' : 'moved' };
    }
  }
  const [here, there] = [await standingOn(from, vm.uuid), await standingOn(to, vm.uuid)];
  if (here === undefined) {
    return endOfForgotten(record, sides, there);
  }
  if (phase !== 'there') {
    return { end: phase === 'moving' && (await hasNews(to, record)) ? 'moved' : 'undone' };
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
  return { end: usedHere || there === undefined ? 'undone' : 'moved' };
}

/** Its own host has forgotten it: what was written down may be all that is left of its definition and snapshots. */
async function endOfForgotten(
  { phase, vm, files, documents }: MoveRecord,
  { from, to }: Sides,
  there: StandingVm | undefined,
): Promise<Pick<MoveEnd, 'end' | 'again'>> {
  const known = { ...vm, documents };
  if (there !== undefined) {
    // The other one may know a part of its snapshots.
    await (phase === 'defining' && to.ask((copies) => copies.takeSnapshotsBack(known)));
    return { end: 'moved' };
  }
  const paths = files.map(({ path }) => path);
  for (const side of phase === 'defining' || phase === 'there' ? [to, from] : [from]) {
    const seen = await seenOn(side, paths);
    if (paths.every((path) => seen.has(path))) {
      await side.ask((copies) => copies.takeOver(known));
      return { end: side === to ? 'moved' : 'undone', again: true };
    }
  }
  throw new MoveFault({ kind: 'bothUsed' });
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
