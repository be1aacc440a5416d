// Marks beside the disks of a VM that moves, on both hosts, from before its first file is sent until all is done: no
// other computer moves it meanwhile.
import { hostname } from 'node:os';
import { posix } from 'node:path';
import { clusterFailure } from '../clusterFailure.js';
import type { MoveRecord } from './moveStore.js';
import type { PlannedFile } from './plannedMove.js';
import { requireRun, type Side, type Sides } from './sides.js';

type MarkSet = Pick<MoveRecord, 'id' | 'stages'>;

/** One for each VM, for all processes. */
export function stageIn(base: string, uuid: string): string {
  return posix.join(base, `.virt-rewind-move-${uuid.replaceAll('-', '')}`);
}

/** Each host has it, and it outlives a restart. */
const folderOfAll = '/var/tmp';

/** Beside its files. Disks on the network, or none, have no folder. */
export function stagesOf(files: readonly Pick<PlannedFile, 'base'>[], uuid: string): readonly string[] {
  const bases = files.length === 0 ? [folderOfAll] : files.map(({ base }) => base);
  return [...new Set(bases)].map((base) => stageIn(base, uuid));
}

/** @throws Failure `movedByOther` */
export async function requireUnmarked({ from, to }: Sides, stages: readonly string[]): Promise<void> {
  for (const side of [from, to]) {
    for (const stage of stages) {
      const [folder, ...by] = (await side.shell.run('read_mark', stage)).said.split('\n');
      if (folder === stage) {
        throw clusterFailure('movedByOther', { folder, at: side.name, by: by.join(' ') });
      }
    }
  }
}

/**
 * First on its own host: of two computers that move it at once, to any hosts, one is the first.
 *
 * @returns those that both hosts see
 * @throws Failure `movedByOther`, `cannotWrite`
 */
export async function takeMarks({ id, stages }: MarkSet, sides: Sides): Promise<ReadonlySet<string>> {
  const { from, to } = sides;
  const common = new Set<string>();
  for (const stage of stages) {
    await takeMark(from, stage, id, sides);
    if ((await takeMark(to, stage, id, sides)) === 'there') {
      common.add(stage);
    }
  }
  return common;
}

async function takeMark(side: Side, stage: string, id: string, sides: Sides): Promise<string> {
  const { code, said } = await side.shell.run('take_mark', stage, id, hostname());
  if (code === 0) {
    return said;
  }
  await requireUnmarked(sides, [stage]);
  return requireRun(side, posix.dirname(stage), 'take_mark', stage, id, hostname());
}

async function hasMark({ shell }: Side, stage: string, id: string): Promise<boolean> {
  return (await shell.run('has_mark', stage, id)).code === 0;
}

/** Where one is gone, somebody took the move for over. @throws Failure `othersDeed` */
export async function requireMarks({ id, stages }: MarkSet, { from, to }: Sides): Promise<void> {
  for (const side of [from, to]) {
    for (const stage of stages) {
      if (!(await hasMark(side, stage, id))) {
        throw clusterFailure('othersDeed', { name: stage, has: side.name });
      }
    }
  }
}

export async function hasAnyMark({ id, stages }: MarkSet, { from, to }: Sides): Promise<boolean> {
  for (const side of [from, to]) {
    for (const stage of stages) {
      if (await hasMark(side, stage, id)) {
        return true;
      }
    }
  }
  return false;
}

/** Ours alone, with what is in them. */
export async function dropMarks({ id, stages }: MarkSet, side: Side): Promise<void> {
  for (const stage of stages) {
    await requireRun(side, posix.dirname(stage), 'drop_mark', stage, id);
  }
}
