// What killed restores and checks left: found by its mark, and removed by the record of what they made. The VM and the
// files of a check go at its end too.
import { posix } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { isLeft } from '../../../journal/processMark.js';
import { copiesFailure } from '../copiesFailure.js';
import { devicesWrittenBy } from './ontoDevice.js';
import { type AskUsed, MadeRestore, type RestoreHost } from './madeRestore.js';
import { markName, namesIn, readMark, type RestoreMark } from './readFolder.js';
import { readLeftRestore } from './restoreFolder.js';

export type RestoreEngine = Pick<
  EnginePort,
  'withCopies' | 'openHost' | 'refresh' | 'connections' | 'filesInUse' | 'readTree'
>;

export interface RestorePlace {
  readonly connection: string;
  readonly host: RestoreHost;
}

/** libvirt has not heard of it yet, and no other check has its name. */
const begunCheck = /-check-[\da-f]{8}\.restoring-\w+$/u;

/** @param own UUID of the VM that goes with its files */
export function usedBy(engine: RestoreEngine, { connection }: RestorePlace, own: string): AskUsed {
  return (files) => engine.filesInUse(connection, files, [own]);
}

/**
 * What one left that was interrupted between the last file and the last snapshot. Whether its VM was used since, its
 * files tell, and no device does: a VM that has one is left to its owner.
 */
export async function removeLeft(
  engine: RestoreEngine,
  place: RestorePlace,
  folder: string,
  vm: string,
): Promise<void> {
  const { connection, host } = place;
  const left = await readLeftRestore(host.files, folder);
  if (left === undefined) {
    return;
  }
  const made = await madeBy(host, folder, left);
  const used = usedBy(engine, place, left.uuid);
  const foreign = await made.foreignIn(folder, used);
  if (foreign.length > 0) {
    throw copiesFailure('othersFiles', { folder, files: foreign });
  }
  const places = [folder, ...(await devicesWrittenBy(host.files, folder))];
  const there =
    places.length === 1
      ? undefined
      : await engine.withCopies(connection, (copies) => copies.obstacle({ name: vm, uuid: left.uuid }));
  if (there !== undefined) {
    throw copiesFailure(there, { vm });
  }
  if (!(await engine.withCopies(connection, (copies) => copies.undefine(left.uuid, places)))) {
    throw copiesFailure('vmInUse', { folder });
  }
  await forgetUnless(await made.remove(folder, used), made);
}

interface LeftOfRestores {
  readonly stays: readonly string[];
  /** Devices that they wrote to. */
  readonly written: readonly string[];
}

/** What killed ones have begun for a folder, as it takes the room. @returns what stays of it */
export async function removeBegun(engine: RestoreEngine, place: RestorePlace, folder: string): Promise<LeftOfRestores> {
  const parent = posix.dirname(folder);
  const begins = `${posix.basename(folder)}.restoring-`;
  return removeEach(engine, place, parent, (name) => name.startsWith(begins));
}

/** Those in a folder whose process is gone. @returns what stays of them */
export async function discardChecks(
  engine: RestoreEngine,
  place: RestorePlace,
  folder: string,
): Promise<readonly string[]> {
  const isOfCheck = (name: string, { isCheck }: RestoreMark): boolean => isCheck === true || begunCheck.test(name);
  return (await removeEach(engine, place, folder, isOfCheck)).stays;
}

async function removeEach(
  engine: RestoreEngine,
  place: RestorePlace,
  parent: string,
  isWanted: (name: string, mark: RestoreMark) => boolean,
): Promise<LeftOfRestores> {
  const { files } = place.host;
  const [stays, written]: [string[], string[]] = [[], []];
  for (const name of (await undefinedIfAbsent(namesIn(files, parent))) ?? []) {
    const folder = posix.join(parent, name);
    const mark = await readMark(files, folder);
    if (mark !== undefined && isWanted(name, mark) && (await isLeft(mark))) {
      written.push(...(await devicesWrittenBy(files, folder)));
      stays.push(...(await discard(engine, place, { folder, mark, made: await madeBy(place.host, folder, mark) })));
    }
  }
  return { stays, written: [...new Set(written)] };
}

/**
 * With its VM. One that runs, and that this process has not started, is somebody's by now.
 * @returns what stays of it
 */
export async function discard(
  engine: RestoreEngine,
  place: RestorePlace,
  {
    folder,
    mark,
    made,
  }: { readonly folder: string; readonly mark: Pick<RestoreMark, 'uuid' | 'isCheck'>; readonly made: MadeRestore },
  check: 'check' | 'runningCheck' = 'check',
): Promise<readonly string[]> {
  const { uuid, isCheck = false } = mark;
  if (isCheck && check === 'check' && (await hasNewSnapshot(engine, place, folder, uuid))) {
    return [folder];
  }
  const gone = isCheck
    ? await engine.withCopies(place.connection, (copies) => copies.undefine(uuid, [folder], check))
    : true;
  if (!gone && check === 'check') {
    return [folder];
  }
  if (!gone) {
    throw copiesFailure('vmInUse', { folder });
  }
  return forgetUnless(await made.remove(folder, usedBy(engine, place, uuid)), made);
}

/** A check takes none: whoever has taken one since its VM was there has used it. */
async function hasNewSnapshot(
  engine: RestoreEngine,
  { connection, host: { files } }: RestorePlace,
  folder: string,
  uuid: string,
): Promise<boolean> {
  const { mtimeMs } = await files.lstat(posix.join(folder, markName));
  const { snapshots } = await engine.readTree({ connection, uuid }).catch((error: unknown) => {
    if (asFailure(error).kind !== 'notFound') {
      throw error;
    }
    return { snapshots: [] };
  });
  return snapshots.some(({ createdAt }) => createdAt > Math.floor(mtimeMs / 1_000) * 1_000);
}

/** The record goes with the last that it names. */
async function forgetUnless(stays: readonly string[], made: MadeRestore): Promise<readonly string[]> {
  await (stays.length === 0 && made.forget());
  return stays;
}

function madeBy(host: RestoreHost, folder: string, { begun }: RestoreMark): Promise<MadeRestore> {
  const name = posix.basename(begun ?? folder);
  return MadeRestore.read(host, posix.join(posix.dirname(folder), name));
}
