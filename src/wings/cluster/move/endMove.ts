// Finishes a move or undoes it, as far as it came, also one of another process. The VM never stays runnable on both
// hosts.
import { posix } from 'node:path';
import { directFiles } from '../../../driver/files/directFiles.js';
import { turnsOfAll } from '../../../driver/files/fileTurns.js';
import type { KnownDocuments, StandingVm } from '../../../domain/copiedVm.js';
import { orNamed } from '../../../domain/asFailure.js';
import { Failure, isOfWing } from '../../../domain/failure.js';
import type { VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { type LetRun, settle } from '../live/leadMove.js';
import { clusterFailure } from '../clusterFailure.js';
import { dropMarks, hasAnyMark, requireMarks } from './moveMarks.js';
import type { MovedFile, MoveRecord, OpenMove } from './moveStore.js';
import { isAsSent, requireRun, seenOn, type Side, type Sides, topsOn, withEnds, withSides } from './sides.js';

interface Put {
  /** Files of its own host that were put into the trash. */
  readonly trashed: readonly string[];
  /** Those that stay where they are: other VMs use them, or somebody changed them. */
  readonly kept: readonly string[];
  /** Somebody has started it there. */
  readonly isOn?: true;
}

export interface MoveEnd extends Put {
  readonly end: 'moved' | 'undone';
  /** No host had it any more: it was defined again. */
  readonly again?: true;
  readonly record: MoveRecord;
  /** How long the guest was paused in a live move, in milliseconds, where it was measured. */
  readonly stopMs?: number;
}

/**
 * Only what the phase says that we asked for is taken for our own deed.
 *
 * | phase               | since                             | →                                          |
 * |---------------------|-----------------------------------|--------------------------------------------|
 * | `sending`, `defining`, `undoing` |                      | undone                                     |
 * | `sending`           | gone here, before a mark was made | undone: nothing was made                   |
 * | `there`, `leaving`  | not used here                     | finished                                   |
 * | `there`, `leaving`  | used here, and not there          | undone                                     |
 * | `there`, `leaving`  | used on both                      | left to a person                           |
 * | `leaving`           | gone here                         | finished                                   |
 * | `moving`            | the guest is there, or was        | finished                                   |
 * | `moving`            | the guest is here                 | undone                                     |
 * | `moving`            | transient, and gone on both       | defined again                              |
 * | `moving`, copied disks | off on both, never let run there | undone                                  |
 * | the same            | off there, and it may have run    | left to a person                           |
 * | the same            | and something has run there       | left to a person                           |
 * | any other           | gone from a host that had it      | left to a person                           |
 * | all but `sending`   | a mark is gone                    | left to a person                           |
 *
 * Used is also one of which a document says something else, or whose files were written to.
 *
 * @throws Failure: it can be called again
 */
export async function endMove(engine: EnginePort, open: OpenMove, turn?: 'inTurn'): Promise<MoveEnd> {
  const { record } = open;
  const { signal } = new AbortController();
  // Somebody may change it in the last moment: then it is decided anew.
  const end = (sides: Sides): Promise<MoveEnd> =>
    orNamed({ vm: nameNow(engine, record), host: sides.to.name }, () =>
      endBetween(engine, open, sides).catch((error: unknown) => {
        if (isChanged(error)) {
          return endBetween(engine, open, sides);
        }
        throw error;
      }),
    );
  return withSides(engine, record, signal, (sides) =>
    turn === undefined
      ? end(sides)
      : engine.leaseAll(turnOn(record.id, { connection: record.from, uuid: record.vm.uuid }), () => end(sides)),
  );
}

function nameNow(engine: EnginePort, { vm: { uuid, name } }: MoveRecord): string {
  return engine.findVms(uuid)[0]?.vm.name ?? name;
}

export function isChanged(error: unknown): boolean {
  const reason = error instanceof Failure && error.kind === 'refused' ? error.reason : 'other';
  return reason === undefined || isOfWing(error, 'transfer', 'changed');
}

/** Nothing else is done with a VM that is moved. */
export function turnOn(id: string, vm: VmRef): Parameters<EnginePort['leaseAll']>[0] {
  return { id, requests: [{ kind: 'wing', of: 'move', vm }] };
}

async function endBetween(engine: EnginePort, open: OpenMove, sides: Sides): Promise<MoveEnd> {
  const { record } = open;
  const { phase } = record;
  const isOver = phase === 'moved' || phase === 'undone';
  if (phase !== 'sending' && !isOver) {
    await requireMarks(record, sides);
  }
  const decided: Verdict = isOver ? { end: phase } : await endOf(record, sides);
  const put = isOver
    ? { trashed: [], kept: [] }
    : decided.end === 'moved'
      ? await finish(engine, open, sides)
      : await undo(engine, open, sides);
  if (!isOver) {
    await open.put({ phase: decided.end });
  }
  await (decided.end === 'moved' ? open.forgetMade() : undefined);
  await dropMarks(record, sides.to);
  await dropMarks(record, sides.from);
  await open.forget();
  for (const connection of [record.from, record.to]) {
    await engine.refresh({ connection });
  }
  return { ...decided, record, ...put };
}

type Verdict = Pick<MoveEnd, 'end' | 'again'>;

async function endOf(record: MoveRecord, sides: Sides): Promise<Verdict> {
  const { phase, vm } = record;
  const { from, to } = sides;
  if (phase === 'moving') {
    const where = await withEnds(sides, (ends) => settle(ends, vm, () => letRunOn(to, record)));
    if (where !== 'nowhere') {
      return { end: where === 'source' ? 'undone' : 'moved' };
    }
  }
  const [here, there] = [await standingOn(from, vm.uuid), await standingOn(to, vm.uuid)];
  const letRun = await letRunOn(to, record);
  const isOnlyHere = hasTops(record) && letRun !== 'yes';
  const isMissing = (side: Side): Failure => clusterFailure('othersDeed', { name: vm.name, has: side.name });
  if (here === undefined) {
    if (phase === 'sending' && !(await hasAnyMark(record, sides))) {
      return { end: 'undone' };
    }
    const isNew = there === undefined || (there.isOff && !there.hasRun);
    if (phase === 'moving' && isNew && record.was?.isPersistent === false && letRun === 'no') {
      return defineAgain(record, from);
    }
    if (there === undefined || !(phase === 'leaving' || (phase === 'moving' && there.hasRun && !isOnlyHere))) {
      throw isMissing(from);
    }
    return { end: 'moved' };
  }
  const hasAll = phase === 'there' || phase === 'leaving' || phase === 'moving';
  if (!hasAll) {
    return { end: 'undone' };
  }
  if (there === undefined) {
    throw isMissing(to);
  }
  const usedHere = !here.isOff || isOnlyHere || (await isChangedOn(from, record)) || (await hasNews(from, record));
  const usedThere =
    !there.isOff ||
    (phase === 'moving' && (there.hasRun || letRun !== 'no')) ||
    (await isChangedOn(to, record)) ||
    (await hasNews(to, record));
  if (usedHere && usedThere) {
    throw clusterFailure('bothUsed');
  }
  // A guest that has not moved is here.
  return { end: usedHere || (phase === 'moving' && !usedThere) ? 'undone' : 'moved' };
}

/**
 * What its guest has written is on its own host alone until the guest is let run on the other: QEMU copies the tops of
 * its disks, and a copy is whole then.
 */
function hasTops({ phase, files }: MoveRecord): boolean {
  return phase === 'moving' && files.some(({ written }) => written === true);
}

/** QEMU writes to no disk there until the guest is let run: so one that was written to may have run. */
async function letRunOn(to: Side, { phase, letRun, tops }: MoveRecord): Promise<LetRun> {
  if (phase !== 'moving' || letRun !== 'asked') {
    return letRun === 'done' ? 'yes' : 'no';
  }
  const now = await topsOn(
    to,
    (tops ?? []).map(({ source }) => source),
  );
  const isAsLeft = tops?.every((top) => {
    const found = now.find(({ source }) => source === top.source);
    return top.identity !== undefined && found?.identity === top.identity && found.modified === top.modified;
  });
  return isAsLeft === true ? 'no' : 'unsure';
}

/** Its own host forgot it by itself, as it forgets each transient VM: what was written down is all that is left. */
async function defineAgain({ vm, files, documents }: MoveRecord, from: Side): Promise<Verdict> {
  const paths = files.map(({ path }) => path);
  const seen = await seenOn(from, paths);
  if (!paths.every((path) => seen.has(path))) {
    throw clusterFailure('bothUsed');
  }
  await from.ask((copies) => copies.takeOver({ ...vm, documents }));
  return { end: 'undone', again: true };
}

function standingOn(side: Side, uuid: string): Promise<StandingVm | undefined> {
  return side.ask((copies) => copies.standing(uuid));
}

/** What libvirt there is to say of it: we change nothing of that, but may have a part of it forgotten. */
function knownOn(side: Side, { from, documents, there = documents }: MoveRecord): KnownDocuments {
  return side.connection === from ? documents : there;
}

async function hasNews(side: Side, record: MoveRecord): Promise<boolean> {
  const { uuid } = record.vm;
  const known = knownOn(side, record);
  const { definition, snapshots } = await side.ask((copies) => copies.readDocuments(uuid));
  const xmls = new Map(known.snapshots.map(({ name, xml }) => [name, xml]));
  return definition !== known.definition || snapshots.some(({ name, xml }) => xmls.get(name) !== xml);
}

/** Files that were sent: somebody wrote to one, or put another one in its place. On its own host one may be gone. */
async function isChangedOn(side: Side, { from, files }: MoveRecord): Promise<boolean> {
  const isOwn = side.connection === from;
  const seen = await seenOn(
    side,
    files.map(({ path }) => path),
  );
  return files.some((file) => {
    const found = seen.get(file.path);
    return found === undefined ? !isOwn : !isAsSent(file, found, isOwn);
  });
}

async function finish(engine: EnginePort, open: OpenMove, { from, to }: Sides): Promise<Put> {
  const { vm, files, from: uri, startedAt, documents, phase } = open.record;
  const here = await standingOn(from, vm.uuid);
  if (phase === 'there') {
    // Somebody may have set it since; no document says it.
    const set = here !== undefined && { autostart: here.autostart, isPersistent: here.isPersistent };
    await open.put({ phase: 'leaving', ...(set && { was: set }) });
  }
  const { was } = open.record;
  const { host } = from;
  const own = directFiles({ ...host, turns: turnsOfAll, act: (change) => change(host) });
  // libvirt forgets no VM that has it: it removes that, and what has its second name goes to the trash.
  const saved = files.filter(({ role }) => role === 'savedState');
  const secondName = (file: MovedFile): string => `${file.stage}.saved`;
  if (here !== undefined) {
    for (const file of saved) {
      await requireRun(from, posix.dirname(file.path), 'ln', '-f', '--', file.path, secondName(file));
    }
    const how = saved.length > 0 ? 'withSavedState' : undefined;
    await from.ask((copies) => copies.letGo(vm.uuid, documents, how));
  }
  for (const file of saved) {
    await from.shell.run('mv', '-nT', '--', secondName(file), file.path);
  }
  const paths = files.map(({ path }) => path);
  const used = await engine.filesInUse(uri, paths, [vm.uuid]);
  const seen = await seenOn(from, paths);
  const going = files.flatMap((file): readonly (MovedFile & { readonly goes: boolean })[] => {
    const found = seen.get(file.path);
    const goes = found !== undefined && isAsSent(file, found, true) && !used.has(file.path);
    return found === undefined ? [] : [{ ...file, goes }];
  });
  // Somebody may have defined it here again, or taken it away there.
  const { isOff } = await requireStanding(vm, { from, to });
  for (const { path } of going.filter(({ goes }) => goes)) {
    await own.trash(path);
  }
  if (was !== undefined) {
    await requireStanding(vm, { from, to });
    await to.ask((copies) => copies.settleIn(vm.uuid, was));
  }
  await to.ask((copies) => copies.noteMove(vm, uri, Math.max(0, Date.now() - startedAt)));
  const pathsOf = (goes: boolean): readonly string[] => going.filter((one) => one.goes === goes).map((one) => one.path);
  return { trashed: pathsOf(true), kept: pathsOf(false), ...(!isOff && { isOn: true }) };
}

/** There, and not here. @throws Failure `bothUsed`, `othersDeed` */
async function requireStanding({ uuid, name }: MoveRecord['vm'], { from, to }: Sides): Promise<StandingVm> {
  if ((await standingOn(from, uuid)) !== undefined) {
    throw clusterFailure('bothUsed');
  }
  const there = await standingOn(to, uuid);
  if (there === undefined) {
    throw clusterFailure('othersDeed', { name, has: to.name });
  }
  return there;
}

/** All that was made there goes, and nothing else. */
async function undo(engine: EnginePort, open: OpenMove, { from, to }: Sides): Promise<Put> {
  const { record } = open;
  const { phase, vm, files, documents } = record;
  if (phase === 'moving') {
    await from.ask((copies) => copies.takeSnapshotsBack({ ...vm, documents }));
  }
  await (phase !== 'sending' && open.put({ phase: 'undoing' }));
  const there = phase === 'sending' ? undefined : await standingOn(to, vm.uuid);
  const made = files.flatMap(({ path, identityThere = '', ...file }) =>
    identityThere === '' ? [] : [{ ...file, path, identityThere }],
  );
  const seen = await seenOn(
    to,
    made.map(({ path }) => path),
  );
  const placed = made.flatMap((file) => {
    const found = seen.get(file.path);
    return found?.identity === file.identityThere ? [{ ...file, found }] : [];
  });
  const used = await engine.filesInUse(
    to.connection,
    placed.map(({ path }) => path),
    [vm.uuid],
  );
  // A guest has run on them there.
  if (there?.isOff === false || placed.some(({ found, ...file }) => !isAsSent(file, found, false))) {
    throw clusterFailure('bothUsed');
  }
  const [refusal] = used.values();
  if (refusal !== undefined) {
    throw new Failure('refused', { vm: vm.name, connection: to.connection, refusal });
  }
  if (there !== undefined) {
    const how = placed.some(({ role }) => role === 'savedState') ? 'withSavedState' : undefined;
    await to.ask((copies) => copies.letGo(vm.uuid, knownOn(to, record), how));
  }
  const words = placed.flatMap(({ path, identityThere }) => [path, identityThere]);
  await requireRun(to, '/', 'remove_files', ...words);
  for (const folder of new Set(files.flatMap(({ folders }) => folders).reverse())) {
    await to.shell.run('rmdir', '--', folder);
  }
  return { trashed: [], kept: [] };
}
