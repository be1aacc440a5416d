// The checkpoints that were taken before an agent's steps, so that any step can be gone back to before, and so that
// they can be counted.
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { FileSystem } from './durable.js';
import { count, parseAs } from './json.js';
import { type OneSnapshot, SnapshotRecords, type SnapshotRecordsOptions } from './snapshotRecords.js';

export interface AgentCheckpoint extends OneSnapshot {
  /** The first step that it was taken before, counted for each VM from 1 on. */
  readonly step: number;
  /** The last one: nothing had been done between them. */
  readonly last: number;
  readonly agent: string;
  /** What it takes, at most, as it was planned. */
  readonly bytes: number;
  /** By which the VM is known to have done nothing since. */
  readonly mark?: string;
}

const shape = v.object({
  step: count,
  last: count,
  agent: v.string(),
  bytes: count,
  mark: v.exactOptional(v.string()),
});

const checkpoints: SnapshotRecordsOptions<AgentCheckpoint> = {
  subfolder: 'agents',
  // More than the setting allows: one that was forgotten would not count.
  maxOfVm: 2_000,
  write: ({ step, last, agent, bytes, mark }) => ({ step, last, agent, bytes, ...(mark !== undefined && { mark }) }),
  parse: (one, fields) => {
    const read = parseAs(shape, fields);
    return read && { ...one, ...read };
  },
  // Nobody goes beyond a limit because something cannot be read.
  inDoubt: 'fail',
  doing: {
    add: "recording the checkpoint before an agent's step",
    forget: "forgetting the checkpoint before an agent's step",
    read: "reading the checkpoints before agents' steps",
  },
};

export class AgentCheckpoints extends SnapshotRecords<AgentCheckpoint> {
  constructor(folder: string, log: Log, fs?: FileSystem) {
    super(checkpoints, folder, log, fs);
  }
}

/** Those whose name no other snapshot has by now. */
export function existingCheckpoints(all: readonly AgentCheckpoint[], tree: SnapshotTree): readonly AgentCheckpoint[] {
  return all.filter(({ name, createdAt }) => findSnapshot(tree, name)?.createdAt === createdAt);
}

/** The time of one that is written down before it is taken. */
export const notYetTaken = 0;

/** Those that count: also one that somebody who died may have taken. */
export function countedCheckpoints(all: readonly AgentCheckpoint[], tree: SnapshotTree): readonly AgentCheckpoint[] {
  const begun = all.filter(
    ({ name, createdAt }) => createdAt === notYetTaken && findSnapshot(tree, name) !== undefined,
  );
  return [...new Map([...begun, ...existingCheckpoints(all, tree)].map((one) => [one.name, one])).values()];
}

export function findCheckpointBefore(all: readonly AgentCheckpoint[], step: number): AgentCheckpoint | undefined {
  return all.findLast((one) => one.step <= step && step <= one.last);
}
