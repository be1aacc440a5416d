// What the wing leaves where it is interrupted, for every shell: moves, then what was given to a cluster or taken. A
// move is finished or undone before anything else is done with its VM.
import { t } from '@vscode/l10n';
import type { Log } from '../../base/log.js';
import { orNamed } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import { withHeld } from '../../journal/recordFolder.js';
import type { LeftByWing, LeftWork } from '../../session/leftWork.js';
import type { Session } from '../../session/session.js';
import { leftByWing } from '../../session/wingOperation.js';
import { labelIn } from '../../text/connectionLabel.js';
import { givenRecords } from './given/givenRecords.js';
import { endMove } from './move/endMove.js';
import { resolveMove, unreadFailure } from './move/leftMoves.js';
import { type MoveRecord, MoveStore } from './move/moveStore.js';
import { leftText, movedLines, resolvedLine, resolveLines } from './moveText.js';

/** All of a VM, by its name or UUID. @throws Failure */
export const leftMoves: LeftByWing = async (session, named, log) => {
  const { engine, folder } = session;
  const store = new MoveStore(folder, log);
  const whose = await findWhose(session, store, named, log);
  const { moves, unread } = await store.of(whose.id);
  return [
    ...moves.map((move): LeftWork => {
      const host = labelIn(engine.connections, move.to);
      const busy = (): Failure => new Failure('busy', { vm: move.vm.name });
      return {
        look: () => Promise.resolve({ lines: [leftText(calledNow(move, whose))] }),
        question: (how) => {
          const dismissal = { lines: resolveLines(calledNow(move, whose)), confirm: t('Mark as Resolved') };
          return Promise.resolve(how === 'dismiss' ? dismissal : undefined);
        },
        end: async (how) => {
          const lines = await orNamed({ vm: whose.name ?? whose.id, host }, () =>
            withHeld(store, move.id, busy, async (open) => {
              if (how === 'dismiss') {
                return [resolvedLine(await resolveMove(engine, store, open, log))];
              }
              const end = await endMove(engine, open, 'inTurn');
              return movedLines({ ...end, record: calledNow(end.record, whose) }, host);
            }),
          );
          return { lines: lines ?? [] };
        },
      };
    }),
    ...unread.slice(0, 1).map((one): LeftWork => {
      const fail = (): Promise<never> => Promise.reject(unreadFailure(whose.id, one));
      return { look: fail, question: () => Promise.resolve(undefined), end: fail };
    }),
  ];
};

interface Whose {
  readonly id: string;
  /** Absent: none has it now. */
  readonly name?: string;
}

/**
 * By its UUID: it may have another name since its move began, and another VM the old one. A VM that is gone, or not
 * reached, is known by what was typed: `recover` tells why.
 */
async function findWhose(session: Session, store: MoveStore, named: string, log: Log): Promise<Whose> {
  const { engine } = session;
  if (engine.findVms(named).length === 0) {
    await session.vm(named).catch((error: unknown) => log.info(String(error)));
  }
  // While it moves, both hosts have it.
  const [one, ...others] = engine.findVms(named);
  if (one === undefined || others.some(({ ref }) => ref.uuid !== one.ref.uuid)) {
    return { id: named };
  }
  const { moves } = await store.of(named);
  return moves.some(({ vm }) => engine.findVms(vm.uuid).length === 0)
    ? { id: named }
    : { id: one.ref.uuid, name: one.vm.name };
}

function calledNow(record: MoveRecord, { name = record.vm.name }: Whose): MoveRecord {
  return { ...record, vm: { ...record.vm, name } };
}

const leftGiven = leftByWing(givenRecords);

export const leftInCluster: LeftByWing = async (...of) => [...(await leftMoves(...of)), ...(await leftGiven(...of))];
