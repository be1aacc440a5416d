// `virt-rewind move`.
import { t } from '@vscode/l10n';
import { orNamed } from '../../../domain/asFailure.js';
import { agreeTo } from '../../../cli/agree.js';
import { countOf } from '../../../cli/arguments.js';
import type { CommandHandler } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import { endLeft } from '../../../session/leftWork.js';
import { leftMoves } from '../leftInCluster.js';
import { moveVm } from '../move/moveVm.js';
import { planMove } from '../move/planMove.js';
import { withSides } from '../move/sides.js';
import { movedLines, planLines } from '../moveText.js';
import type { ClusterAnswers } from './answers.js';
import { mostBandwidth } from './hostLook.js';

export const move: CommandHandler = async (context) => {
  const { call, session, terminal, interruption, log } = context;
  const { engine, folder } = session;
  const [named = '', to = ''] = call.operands;
  const { signal } = interruption;
  const address = call.texts['address'];
  const mebibytesPerSecond = countOf(call, 'speed', mostBandwidth);
  return orNamed({ vm: named, host: to }, async () => {
    await endLeft(await leftMoves(session, named, log), 'finish', { tell: (line) => terminal.tell(line) });
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
        const plan = {
          ...of,
          bytes,
          send: paths(send),
          shared: paths(shared),
          mediaMissing: [...mediaMissing],
          ofHost: [...planned.needs.ofHost],
        };
        return {
          answer: { plan } satisfies ClusterAnswers['move'],
          text: [...lines, t('Nothing was changed.')],
        };
      }
      const isProtected = session.isProtected(view.vm) ? { isProtected: displayLine(name), typed: name } : {};
      await agreeTo(context, { lines, confirm: t('Move'), asks: true, ...isProtected });
      const end = await moveVm(engine, sides, planned, {
        ...{ folder, log, signal, ...(mebibytesPerSecond !== undefined && { mebibytesPerSecond }) },
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
