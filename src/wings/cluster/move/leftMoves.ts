// Moves that broke off: taken up, and put aside where a person has seen to one.
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import { refuse } from '../../../domain/refusal.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { dropMarks } from './moveMarks.js';
import type { MoveRecord, MoveStore, OpenMove, UnreadMove } from './moveStore.js';
import { seenOn, type Side, withSides } from './sides.js';

export interface ResolvedMove {
  /** Where its notes are kept. */
  readonly kept: string;
  readonly to: string;
  /** Files that were sent there for a VM that is not there; where that host was not seen, those that may be. */
  readonly sent: readonly string[];
  readonly isSeen: boolean;
}

/** A person has seen to it: the VM stays as it is on both hosts. */
export async function resolveMove(
  engine: EnginePort,
  store: MoveStore,
  { record }: OpenMove,
  log: Log,
): Promise<ResolvedMove> {
  const { id, vm, from, to, files, stages } = record;
  let sent: readonly string[] | undefined;
  for (const uri of [from, to]) {
    // A host that never comes back needs none.
    await withSides(engine, { from: uri, to: uri }, new AbortController().signal, async (sides) => {
      await dropMarks(record, sides.to);
      if (uri === to) {
        sent = await sentInVain(record, sides.to);
      }
    }).catch((error: unknown) => log.warn(`a mark of the move of ${vm.name} may stay on ${uri}: ${String(error)}`));
  }
  const placed = files.flatMap(({ path, identityThere = '' }) => (identityThere === '' ? [] : [path]));
  return {
    ...{ kept: await store.putAside(id), to },
    ...{ sent: sent ?? [...stages, ...placed], isSeen: sent !== undefined },
  };
}

async function sentInVain({ vm, files }: MoveRecord, to: Side): Promise<readonly string[]> {
  const made = new Map(files.map(({ path, identityThere = '' }) => [path, identityThere]));
  const seen = await seenOn(to, [...made.keys()]);
  const isThere = (await to.ask((copies) => copies.standing(vm.uuid))) !== undefined;
  return isThere ? [] : [...seen].flatMap(([path, { identity }]) => (made.get(path) === identity ? [path] : []));
}

/** It is unknown what it did. */
export function unreadFailure(vm: string, { path: file, why, vm: whose }: UnreadMove): Failure {
  const { refusal } =
    whose === undefined
      ? refuse('entryOfUnknownVm', { file })
      : refuse('entryUnreadable', { vm: whose.name, file, why });
  return new Failure('refused', { vm, refusal });
}
