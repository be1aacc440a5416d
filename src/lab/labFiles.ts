// The files of the VMs of a lab: who else rests on one; and what a path leads to.
import { stat } from 'node:fs/promises';
import { undefinedIfAbsent } from '../base/errno.js';
import { Failure } from '../domain/failure.js';
import type { LabRecord } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { labFailure } from './labFailure.js';
import { factsOf } from '../qemu/fileFacts.js';

/** @throws Failure `refused` where somebody else rests on what goes with it; see `EnginePort.filesInUse` */
export async function requireAlone({ vms }: LabRecord, { engine }: Session): Promise<void> {
  const going = vms.filter(({ parts }) => parts !== undefined);
  const uuids = going.map(({ uuid }) => uuid);
  for (const vm of going.filter(({ folder }) => folder !== '')) {
    const { connection, name } = vm;
    await engine.connect(connection);
    const files = (await engine.labVms.filesOf(vm, vm.made)).map(({ path }) => path);
    // A clone among them is the first to go.
    const [refusal] = (await engine.filesInUse(connection, files, [vm.uuid, ...uuids])).values();
    if (refusal !== undefined) {
      throw new Failure('refused', { vm: name, connection, refusal });
    }
  }
}

/**
 * Alike for all paths that lead to the same file; undefined where there is none.
 * @throws Failure `refused` where it cannot be seen: it may be any file
 */
export async function realOf(path: string): Promise<string | undefined> {
  if (!path.startsWith('/')) {
    return undefined;
  }
  try {
    const stats = await undefinedIfAbsent(stat(path));
    return stats && (await factsOf(stats))?.real;
  } catch (error) {
    throw labFailure('unseen', { file: path, code: (error as NodeJS.ErrnoException).code ?? String(error) });
  }
}
