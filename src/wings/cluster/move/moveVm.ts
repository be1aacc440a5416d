// Moves a VM to another host: files are sent, the VM is defined there and compared, a guest that runs follows, and its
// own host forgets it. Each step is written down before it, so that one that broke off is finished or undone.
import { posix } from 'node:path';
import type { Log } from '../../../base/log.js';
import { asFailure, orNamed } from '../../../domain/asFailure.js';
import type { VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { newId } from '../../../journal/durable.js';
import { sendFiles } from '../../../transfer/sendFiles.js';
import { clusterFailure } from '../clusterFailure.js';
import { endMove, isChanged, type MoveEnd, turnOn } from './endMove.js';
import { stageIn, stagesOf, takeMarks } from './moveMarks.js';
import { type MovedFile, MoveStore, type OpenMove } from './moveStore.js';
import { moveGuest, requireAsSent } from './moveGuest.js';
import type { PlannedFile, PlannedMove } from './plannedMove.js';
import { requireUnkept } from './planMove.js';
import { requireRun, seenOn, type Sides } from './sides.js';
import { makeTop, writtenDisks } from './tops.js';

interface MoveWish {
  /** The folder of the session. */
  readonly folder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** Absent: as fast as it goes. */
  readonly mebibytesPerSecond?: number;
}

/** @throws Failure: the VM is as it was, unless it is `moveStays` */
export function moveVm(engine: EnginePort, sides: Sides, move: PlannedMove, wish: MoveWish): Promise<MoveEnd> {
  return orNamed({ vm: move.view.vm.name, host: sides.to.name }, () => moveBetween(engine, sides, move, wish));
}

async function moveBetween(engine: EnginePort, sides: Sides, move: PlannedMove, wish: MoveWish): Promise<MoveEnd> {
  const { view, documents, send, shared, standing } = move;
  const { ref, vm } = view;
  const { folder, log, signal, mebibytesPerSecond } = wish;
  const run = { signal, ...(mebibytesPerSecond !== undefined && { mebibytesPerSecond }) };
  const id = newId();
  return engine.leaseAll({ ...turnOn(id, ref), signal }, async (lease) => {
    const stageOf = (base: string): string => stageIn(base, ref.uuid);
    const files = send.map(({ base, top, ...file }, at): MovedFile => ({ ...file, stage: `${stageOf(base)}/${at}` }));
    const open = await new MoveStore(folder, log).begin({
      ...{ id, vm: { uuid: ref.uuid, name: vm.name }, from: sides.from.connection, to: sides.to.connection },
      ...{ startedAt: Date.now(), phase: 'sending', documents: structuredClone(documents) as never, files },
      was: { autostart: standing.autostart, isPersistent: standing.isPersistent },
      stages: [...stagesOf([...send, ...shared], ref.uuid)],
    });
    await lease.requireAlone(() => open.forget());
    // It may have been given to a cluster while somebody was asked. From now on we do not: it is moved.
    await requireUnkept(engine, view, sides.from).catch(async (error: unknown) => {
      await open.forget();
      throw error;
    });
    let stopMs: number | undefined;
    try {
      try {
        await markBoth(open, sides, move);
        const [onSent, onMoved] = partsOf(move, wish.onProgress);
        await sendThere(open, sides, move, { ...run, onProgress: onSent });
        await place(open, sides);
        await defineThere(engine, open, sides, move);
        signal.throwIfAborted();
        if (move.live === undefined) {
          await open.put({ phase: 'there' });
        } else {
          const guest = { live: move.live, written: [...writtenDisks(vm).keys()] };
          stopMs = await moveGuest(open, sides, guest, { ...run, onProgress: onMoved });
        }
      } catch (error_) {
        const error = isChanged(error_) ? clusterFailure('changed') : error_;
        const ended = await endMove(engine, open).catch((failed: unknown) => {
          log.warn(`the move of ${vm.name} that broke off stays: ${String(failed)}`);
          throw clusterFailure('moveStays', { vm: vm.name, host: sides.to.name, cause: asFailure(error) });
        });
        // A guest that runs may have been there already.
        if (ended.end === 'moved') {
          return ended;
        }
        throw error;
      }
      const ended = await endMove(engine, open);
      if (ended.end === 'undone') {
        throw clusterFailure('changed');
      }
      return { ...ended, ...(stopMs !== undefined && { stopMs }) };
    } finally {
      await open.leave();
    }
  });
}

/** A folder that was made a moment ago on the one and is seen on the other: what is beside it is sent to nobody. */
async function markBoth({ record }: OpenMove, sides: Sides, { view, send, shared }: PlannedMove): Promise<void> {
  const common = await takeMarks(record, sides);
  const isCommon = ({ base }: PlannedFile): boolean => common.has(stageIn(base, view.ref.uuid));
  const other = [...shared.filter((file) => !isCommon(file)), ...send.filter(isCommon)][0];
  if (other !== undefined) {
    throw clusterFailure('fileThere', { file: other.path });
  }
}

type OnProgress = (fraction: number) => void;

/** Of one whole, by their bytes: what is sent before, and what the guest takes with it. Neither goes back. */
function partsOf({ view, send, live }: PlannedMove, onProgress: OnProgress): readonly [OnProgress, OnProgress] {
  const bytes = (written: true | undefined): number =>
    send.reduce((sum, file) => sum + (file.written === written ? file.allocatedBytes : 0), 0);
  const first = bytes(undefined);
  const second = live === undefined ? 0 : bytes(true) + view.vm.memoryBytes;
  const share = first / Math.max(1, first + second);
  let furthest = 0;
  const tell: OnProgress = (fraction) => onProgress((furthest = Math.max(furthest, fraction)));
  return [(fraction) => tell(fraction * share), (fraction) => tell(share + fraction * (1 - share))];
}

/** Whole, and the same as here, before any file has its name. What the VM writes to is made, and filled by QEMU. */
async function sendThere(
  open: OpenMove,
  { from, to }: Sides,
  { send }: PlannedMove,
  { signal, onProgress, mebibytesPerSecond }: Pick<MoveWish, 'signal' | 'onProgress' | 'mebibytesPerSecond'>,
): Promise<void> {
  const { files } = open.record;
  const frozen = files.filter(({ written }) => written === undefined);
  const sent = frozen.map(({ path, stage, bytes, modified }) => ({ from: path, to: stage, bytes, modified }));
  const limit = mebibytesPerSecond === undefined ? {} : { bytesPerSecond: mebibytesPerSecond * 1024 ** 2 };
  const copy = { signal, onProgress, shell: to.shell, folder: '/', begun: '/', ...limit };
  await sendFiles(copy, sent, onProgress, from.originals);
  for (const { path, stage } of frozen) {
    const [sum, { said }] = await Promise.all([from.originals.sum(path), to.shell.run('sum_of', stage)]);
    if (said.slice(0, 64) !== sum) {
      throw clusterFailure('notSame', { file: path });
    }
  }
  for (const [at, { top }] of send.entries()) {
    const stage = files[at]?.stage;
    if (top !== undefined && stage !== undefined) {
      await makeTop(to, stage, top);
    }
  }
  const there = await seenOn(
    to,
    files.map(({ stage }) => stage),
  );
  const whole = files.map((file) => ({ ...file, identityThere: there.get(file.stage)?.identity ?? '' }));
  await open.put({ files: whole });
}

async function place({ record: { files, stages } }: OpenMove, { from, to }: Sides): Promise<void> {
  for (const folder of new Set(files.flatMap(({ folders }) => folders))) {
    if ((await to.shell.run('test', '-d', folder)).code !== 0) {
      await requireRun(to, folder, 'mkdir', '-m', '700', '--', folder);
      await giveTo(folder, folder, { from, to });
    }
  }
  for (const { path, stage } of files) {
    await giveTo(path, stage, { from, to });
    await requireRun(to, posix.dirname(path), 'mv', '-nT', '--', stage, path);
  }
  const there = await seenOn(
    to,
    files.map(({ path }) => path),
  );
  const other = files.find(({ path, identityThere }) => there.get(path)?.identity !== identityThere);
  if (other !== undefined) {
    throw clusterFailure('fileThere', { file: other.path });
  }
  for (const stage of stages) {
    await requireRun(to, posix.dirname(stage), 'sync', '-f', posix.dirname(stage));
  }
}

/** By names, for hosts number their users as they like. Where there is no such user, libvirt gives it to its own. */
async function giveTo(like: string, path: string, { from, to }: Sides): Promise<void> {
  const [mode = '', owner = ''] = (await from.shell.run('stat', '-c', '%a %U:%G', '--', like)).said.split(' ');
  await to.shell.run('chmod', mode, '--', path);
  await to.shell.run('chown', owner, '--', path);
}

async function defineThere(engine: EnginePort, open: OpenMove, { from, to }: Sides, move: PlannedMove): Promise<void> {
  const { documents, view, send, requireUnchanged } = move;
  const { uuid } = view.ref;
  await open.put({ phase: 'defining' });
  const there = await to.ask(async (copies) => {
    const { documents: taken } = await copies.needs(documents);
    await copies.takeOver({ name: view.vm.name, uuid, documents: taken });
    return copies.readDocuments(uuid);
  });
  await open.put({ there: structuredClone(there) as never });
  await to.ask(async (copies) => {
    const [mine, theirs] = [copies.filesIn(documents), copies.filesIn(there)];
    const missing = mine.files.find((file) => !theirs.files.includes(file));
    if (missing !== undefined) {
      throw clusterFailure('notSame', { file: missing });
    }
    return Promise.resolve();
  });
  await engine.refresh({ connection: to.connection });
  await carryMarks(engine, view.ref, to.connection, documents);
  await requireUnchanged();
  const now = await from.ask((copies) => copies.readDocuments(uuid));
  await requireAsSent(from, send);
  const standing = await from.ask((copies) => copies.standing(uuid));
  const isSame = JSON.stringify([standing, now]) === JSON.stringify([move.standing, documents]);
  if (!isSame) {
    throw clusterFailure('changed');
  }
}

/**
 * What a person put on snapshots goes with them. A VM that was there before may have some in the trash of that host,
 * whose time is over: what comes back is wanted.
 */
async function carryMarks(
  engine: EnginePort,
  ref: VmRef,
  connection: string,
  { snapshots }: PlannedMove['documents'],
): Promise<void> {
  const there = { connection, uuid: ref.uuid };
  const names = snapshots.map(({ name }) => name);
  await engine.mark({ kind: 'trash', vm: there, snapshots: names, put: 'out', until: 0 });
  const [kept, favourite] = [await engine.keptSnapshots(ref), await engine.readFavourite(ref)];
  const dated = await engine.datedSnapshots(ref);
  const forGood = kept.filter((name) => !dated.some((one) => one.name === name));
  if (forGood.length > 0) {
    await engine.setKept(there, forGood, 'kept', { unasked: true });
  }
  for (const { name, until } of dated) {
    await engine.setKept(there, [name], 'kept', { until, unasked: true });
  }
  if (favourite !== undefined) {
    await engine.setFavourite(there, favourite);
  }
}
