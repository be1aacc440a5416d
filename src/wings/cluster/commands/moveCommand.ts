// `virt-rewind move`, and what `recover` does beside its own.
import { t } from '@vscode/l10n';
import { orNamed } from '../../../domain/asFailure.js';
import { agreeTo } from '../../../cli/agree.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { Failure } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import { eachLeft, endLeftMoves, resolveLeftMoves } from '../move/leftMoves.js';
import { type MoveRecord, MoveStore } from '../move/moveStore.js';
import { moveVm } from '../move/moveVm.js';
import { planMove } from '../move/planMove.js';
import { withSides } from '../move/sides.js';
import { leftText, movedLines, planLines, resolvedLine, resolveLines } from '../moveText.js';
import type { ClusterAnswers } from './answers.js';

interface Whose {
  readonly id: string;
  /** Absent: none has it now. */
  readonly name?: string;
}

/**
 * By its UUID: it may have another name since its move began, and another VM the old one. A VM that is gone, or not
 * reached, is known by what was typed: `recover` tells why.
 */
async function whose({ session, log }: Context, named: string): Promise<Whose> {
  const { engine, folder } = session;
  await session.vm(named).catch((error: unknown) => log.info(String(error)));
  // While it moves, both hosts have it.
  const [one, ...others] = engine.findVms(named);
  if (one === undefined || others.some(({ ref }) => ref.uuid !== one.ref.uuid)) {
    return { id: named };
  }
  const { moves } = await new MoveStore(folder, log).of(named);
  return moves.some(({ vm }) => engine.findVms(vm.uuid).length === 0)
    ? { id: named }
    : { id: one.ref.uuid, name: one.vm.name };
}

export const move: CommandHandler = async (context) => {
  const { call, session, terminal, interruption, log } = context;
  const { engine, folder } = session;
  const [named = '', to = ''] = call.operands;
  const { signal } = interruption;
  const address = call.texts['address'];
  return orNamed({ vm: named, host: to }, async () => {
    await tellEnded(context, await whose(context, named));
    const view = await session.vm(named);
    const { name } = view.vm;
    return withSides(engine, { from: view.ref.connection, to }, signal, async (sides): Promise<CommandAnswer> => {
      const planned = await planMove(engine, view, sides, { folder, ...(address !== undefined && { address }) });
      const host = sides.to.name;
      const { send, shared, mediaMissing, documents } = planned;
      const lines = planLines(planned, host);
      const runs = view.vm.power === 'running';
      const of = { vm: name, uuid: view.ref.uuid, to, runs, snapshots: documents.snapshots.length };
      if (call.flags.has('plan')) {
        const paths = (files: typeof send): string[] => files.map(({ path }) => path);
        const bytes = send.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0);
        const plan = { ...of, bytes, send: paths(send), shared: paths(shared), mediaMissing: [...mediaMissing] };
        return {
          answer: { plan } satisfies ClusterAnswers['move'],
          text: [...lines, t('Nothing was changed.')],
        };
      }
      const isProtected = session.isProtected(view.vm) ? { isProtected: displayLine(name), typed: name } : {};
      await agreeTo(context, { lines, confirm: t('Move'), asks: true, ...isProtected });
      const end = await moveVm(engine, sides, planned, {
        ...{ folder, log, signal },
        onProgress: (fraction) =>
          terminal.progress(t('Moving {0}: {1} %', displayLine(name), Math.floor(fraction * 100))),
      });
      return {
        answer: {
          moved: {
            ...{ ...of, from: view.ref.connection, trashed: [...end.trashed] },
            ...(end.stopMs !== undefined && { stopMs: end.stopMs }),
          },
        } satisfies ClusterAnswers['move'],
        text: movedLines(end, host),
      };
    });
  });
};

/** Moves of the VM that broke off, and what broke off of giving it to a cluster, are ended first. */
export function recovering(recover: CommandHandler | undefined): CommandHandler {
  return async (context) => {
    const { call, session, printer, log } = context;
    const [named = ''] = call.operands;
    const isDismissed = call.flags.has('dismiss') && !call.flags.has('plan');
    const isLook = call.flags.has('plan');
    let isOnlyMove: boolean;
    try {
      isOnlyMove = await orNamed({ vm: named }, async () => {
        const moved = await whose(context, named);
        if (!isLook && !isDismissed) {
          return tellEnded(context, moved);
        }
        const { engine, folder } = session;
        const lines: string[] = [];
        if (isLook) {
          await eachLeft(new MoveStore(folder, log), moved.id, (left) => {
            lines.push(leftText(calledNow(left, moved)));
          });
        } else {
          const kept = await resolveLeftMoves(engine, moved.id, { folder, log }, (left) =>
            agreeTo(context, {
              lines: resolveLines(calledNow(left, moved)),
              confirm: t('Mark as Resolved'),
              asks: true,
            }),
          );
          lines.push(...kept.map(resolvedLine));
        }
        lines.forEach((line) => printer.say(line));
        return printer.form === 'text' && lines.length > 0;
      });
    } catch (error) {
      // What else broke off is no part of it, unless the move is in its way, too.
      if (error instanceof Failure && error.kind === 'refused' && error.details.reason === undefined) {
        try {
          await printer.print(recover === undefined ? 'done' : await recover(context));
        } catch (other) {
          log.warn(String(other));
        }
      }
      throw error;
    }
    const isEnded =
      !isLook && !isDismissed && (await (await import('./clusterCommand.js')).tellEndedSetups(context, named));
    return isOnlyMove || isEnded || recover === undefined ? 'done' : recover(context);
  };
}

function calledNow(record: MoveRecord, { name = record.vm.name }: Whose): MoveRecord {
  return { ...record, vm: { ...record.vm, name } };
}

/** @returns whether there was one */
async function tellEnded({ session, terminal, log }: Context, vm: Whose): Promise<boolean> {
  let isAny = false;
  await orNamed({ vm: vm.name ?? vm.id }, () =>
    endLeftMoves(
      session.engine,
      vm.id,
      { folder: session.folder, log },
      {
        onEnd: (end) => {
          isAny = true;
          terminal.tell(movedLines({ ...end, record: calledNow(end.record, vm) }, end.record.to).join('\n'));
        },
      },
    ),
  );
  return isAny;
}
