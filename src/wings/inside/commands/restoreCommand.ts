// `virt-rewind files VM@SNAPSHOT restore PATH [TARGET]`: a file or folder of a restore point, back into the VM.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { terminalAsker } from '../../../cli/carryOut.js';
import { CliError } from '../../../cli/commandError.js';
import type { Context } from '../../../cli/context.js';
import { exitOfFailure } from '../../../cli/exitCodes.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import { carryOut } from '../../../session/carryOut.js';
import { CopyStopped } from '../../../session/copyStopped.js';
import { copyProgressText } from '../../../text/guests/copyText.js';
import { RestoreFault } from '../back/restoreFault.js';
import {
  checkpointTitleOf,
  restoredLines,
  restoreLines,
  restoreStoppedText,
  restoreTitle,
} from '../back/restoreText.js';
import { planRestore, type RestoreWish, runRestore } from '../back/restoreToGuest.js';
import { commandFor } from '../../../text/ways.js';
import type { InsideAnswers } from './answers.js';

/** @throws CliError; Failure of saving the current state */
export async function restore(context: Context, view: VmView, wish: Omit<RestoreWish, 'view'>): Promise<void> {
  const { terminal, json, interruption, log, session } = context;
  const whole = { ...wish, view };
  const name = view.vm.name;
  const guest = { engine: session.engine, environment: process.env, log, signal: interruption.signal };
  let checkpoint: string | undefined;
  try {
    const planned = await planRestore(whole, guest);
    const lines = [restoreTitle(planned, name), ...restoreLines(planned)];
    await agreeTo(context, { lines, confirm: t('Restore'), asks: true });
    const restored = await runRestore(whole, planned, {
      ...guest,
      takeCheckpoint: async () => (checkpoint = await takeCheckpoint(context, view, planned.target.path)),
      onProgress: (bytes, total) => terminal.progress(t('Copying: {0}', copyProgressText(bytes, total))),
    });
    if (json !== undefined) {
      json({ restored } satisfies InsideAnswers['files']);
      return;
    }
    terminal.say(restoredLines(restored, name).join('\n'));
    terminal.say(t('To go back: {0}', commandFor(['revert', displayLine(name), displayLine(restored.checkpoint)])));
  } catch (error) {
    const isOurs = error instanceof RestoreFault || error instanceof CopyStopped;
    if (!isOurs) {
      throw error;
    }
    const said = restoreStoppedText(error, name);
    const kind =
      error instanceof CopyStopped ? exitOfFailure(error.kind) : checkpoint === undefined ? 'refused' : 'failed';
    throw new CliError(
      kind,
      checkpoint === undefined ? said : `${said} ${t('The previous state was saved as {0}.', displayLine(checkpoint))}`,
    );
  }
}

async function takeCheckpoint(context: Context, view: VmView, target: string): Promise<string> {
  const { session } = context;
  const { snapshots } = await session.engine.readTree(view.ref);
  const request = await session.checkpointRequest(view, { title: checkpointTitleOf(target, snapshots) });
  const { result } = await carryOut(session, { view, request }, terminalAsker(context));
  return result.snapshot ?? '';
}
