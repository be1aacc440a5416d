// Moves of a VM that broke off: each is finished or undone before anything else is done with it.
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import { refuse } from '../../../domain/refusal.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { endMove, type MoveEnd } from './endMove.js';
import { dropMarks } from './moveMarks.js';
import { type MoveRecord, MoveStore, type OpenMove } from './moveStore.js';
import { seenOn, type Side, withSides } from './sides.js';

interface Place {
  /** The folder of the session. */
  readonly folder: string;
  readonly log: Log;
}

/**
 * @param vm its name or UUID
 * @param told of each
 * @throws Failure `busy`; what `endMove` throws; Failure `refused` where one cannot be read
 */
export async function endLeftMoves(
  engine: EnginePort,
  vm: string,
  { folder, log }: Place,
  told: { readonly onBegin?: (move: MoveRecord) => void; readonly onEnd?: (end: MoveEnd) => void } = {},
): Promise<void> {
  const store = new MoveStore(folder, log);
  await eachLeft(store, vm, (left) =>
    takeUp(store, left, async (open) => {
      told.onBegin?.(open.record);
      // Whether or not somebody is told.
      const end = await endMove(engine, open, 'inTurn');
      told.onEnd?.(end);
    }),
  );
}

export interface ResolvedMove {
  /** Where its notes are kept. */
  readonly kept: string;
  readonly to: string;
  /** Files that were sent there for a VM that is not there; where that host was not seen, those that may be. */
  readonly sent: readonly string[];
  readonly isSeen: boolean;
}

/**
 * A person has seen to them: the VM stays as it is on both hosts.
 *
 * @param agree rejects where nobody does
 */
export async function resolveLeftMoves(
  engine: EnginePort,
  vm: string,
  { folder, log }: Place,
  agree: (move: MoveRecord) => Promise<void>,
): Promise<readonly ResolvedMove[]> {
  const store = new MoveStore(folder, log);
  const resolved: ResolvedMove[] = [];
  await eachLeft(store, vm, async (move) => {
    await agree(move);
    await takeUp(store, move, async (open) => {
      let sent: readonly string[] | undefined;
      for (const uri of [move.from, move.to]) {
        // A host that never comes back needs none.
        await withSides(engine, { from: uri, to: uri }, new AbortController().signal, async ({ to }) => {
          await dropMarks(open.record, to);
          if (uri === move.to) {
            sent = await sentInVain(open.record, to);
          }
        }).catch((error: unknown) => log.warn(`a mark of the move of ${vm} may stay on ${uri}: ${String(error)}`));
      }
      const { files, stages } = open.record;
      const placed = files.flatMap(({ path, identityThere = '' }) => (identityThere === '' ? [] : [path]));
      const there = { to: move.to, sent: sent ?? [...stages, ...placed], isSeen: sent !== undefined };
      resolved.push({ kept: await store.putAside(move.id), ...there });
    });
  });
  return resolved;
}

async function sentInVain({ vm, files }: MoveRecord, to: Side): Promise<readonly string[]> {
  const made = new Map(files.map(({ path, identityThere = '' }) => [path, identityThere]));
  const seen = await seenOn(to, [...made.keys()]);
  const isThere = (await to.ask((copies) => copies.standing(vm.uuid))) !== undefined;
  return isThere ? [] : [...seen].flatMap(([path, { identity }]) => (made.get(path) === identity ? [path] : []));
}

async function takeUp(store: MoveStore, { id, vm }: MoveRecord, act: (open: OpenMove) => Promise<void>): Promise<void> {
  const open = await store.lock(id);
  if (open === 'busy') {
    throw new Failure('busy', { vm: vm.name });
  }
  if (open !== 'gone') {
    try {
      await act(open);
    } finally {
      await open.leave();
    }
  }
}

/** @throws Failure `refused` where one cannot be read: it is unknown what it did */
export async function eachLeft(
  store: MoveStore,
  vm: string,
  act: (move: MoveRecord) => Promise<void> | void,
): Promise<void> {
  const { moves, unread } = await store.of(vm);
  for (const move of moves) {
    await act(move);
  }
  const [first] = unread;
  if (first !== undefined) {
    const { path: file, why, vm: whose } = first;
    const { refusal } =
      whose === undefined
        ? refuse('entryOfUnknownVm', { file })
        : refuse('entryUnreadable', { vm: whose.name, file, why });
    throw new Failure('refused', { vm, refusal });
  }
}
