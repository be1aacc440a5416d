// Move to Another Host…: a VM with its snapshots, off or running.
import { t } from '@vscode/l10n';
import { nameIn } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { endLeft } from '../../../session/leftWork.js';
import { labelIn } from '../../../text/connectionLabel.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { typeNameOfVm } from '../../../ui/commands/consent.js';
import { sessionOf } from '../../../ui/commands/sessionOf.js';
import { targetVm } from '../../../ui/commands/targets.js';
import { DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { pickConnection } from '../../../ui/prompts/pickTarget.js';
import type { MoveEnd } from '../move/endMove.js';
import { leftMoves } from '../leftInCluster.js';
import { moveVm } from '../move/moveVm.js';
import { planMove } from '../move/planMove.js';
import { withSides } from '../move/sides.js';
import { movedLines, planLines } from '../moveText.js';

export async function moveToHost(run: CommandRun): Promise<{ readonly vm: string; readonly to: string }> {
  const { engine, log } = run;
  const view = await targetVm(run);
  const { vm, ref } = view;
  const others = engine.connections.filter(({ uri }) => uri !== ref.connection);
  const { uri: to } = await pickConnection(others, t('Select where {0} goes', displayLine(vm.name)));
  const session = sessionOf(run);
  const { folder } = session;
  const words = { vm: vm.name, host: labelIn(engine.connections, to), uri: to };
  try {
    const end = await notifyProgress(
      t('Moving {0} to {1}', displayLine(vm.name), displayLine(words.host)),
      true,
      async (report, cancellation): Promise<MoveEnd> => {
        const stop = new AbortController();
        cancellation.onCancellationRequested(() => stop.abort(new DismissedError()));
        await endLeft(await leftMoves(session, ref.uuid, log), 'finish');
        return withSides(engine, { from: ref.connection, to }, stop.signal, async (sides) => {
          const planned = await planMove(engine, view, sides, { folder });
          const [question = '', ...details] = planLines(planned, sides.to.name);
          requireAnswer(await askModal('warning', question, details.join('\n'), t('Move')));
          if (session.isProtected(vm)) {
            await typeNameOfVm(view, t('{0} Is Protected', displayLine(vm.name)), question);
          }
          let told = 0;
          const onProgress = (fraction: number): void => {
            const percent = Math.floor(fraction * 100);
            report(`${percent} %`, percent - told);
            told = percent;
          };
          return moveVm(engine, sides, planned, { folder, log, signal: stop.signal, onProgress });
        });
      },
    );
    void notify('info', movedLines(end, words.host).join(' '));
    return { vm: vm.name, to };
  } catch (error) {
    throw nameIn(error, words);
  }
}
