// `virt-rewind files VM@SNAPSHOT restore PATH [TARGET]`: a file or folder of a restore point, back into the VM.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { terminalAsker } from '../../../cli/carryOut.js';
import type { Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import { carryOut } from '../../../session/carryOut.js';
import { copyProgressText } from '../../../text/guests/copyText.js';
import { checkpointTitleOf, restoredLines, restoreLines, restoreTitle } from '../back/restoreText.js';
import { planRestore, type RestoreWish, runRestore } from '../back/restoreToGuest.js';
import { commandFor } from '../../../text/ways.js';
import type { InsideAnswers } from './answers.js';

export async function restore(context: Context, view: VmView, wish: Omit<RestoreWish, 'view'>): Promise<CommandAnswer> {
  const { terminal, interruption, log, session } = context;
  const whole = { ...wish, view };
  const name = view.vm.name;
  const guest = { engine: session.engine, environment: process.env, log, signal: interruption.signal };
  const planned = await planRestore(whole, guest);
  const lines = [restoreTitle(planned, name), ...restoreLines(planned)];
  await agreeTo(context, { lines, confirm: t('Restore'), asks: true });
  const restored = await runRestore(whole, planned, {
    ...guest,
    takeCheckpoint: () => takeCheckpoint(context, view, planned.target.path),
    onProgress: (bytes, total) => terminal.progress(t('Copying: {0}', copyProgressText(bytes, total))),
  });
  const back = commandFor(['revert', displayLine(name), displayLine(restored.checkpoint)]);
  return {
    answer: { restored } satisfies InsideAnswers['files'],
    text: [...restoredLines(restored, name), t('To go back: {0}', back)],
  };
}

async function takeCheckpoint(
  context: Context,
  view: VmView,
  target: string,
): ReturnType<Parameters<typeof runRestore>[2]['takeCheckpoint']> {
  const { session } = context;
  const { snapshots } = await session.engine.readTree(view.ref);
  const request = await session.checkpointRequest(view, { title: checkpointTitleOf(target, snapshots) });
  const { result } = await carryOut(session, { view, request }, terminalAsker(context));
  const { snapshot = '' } = result;
  return { snapshot, called: snapshot };
}
