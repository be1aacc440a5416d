// `virt-rewind gdb`: an address for debuggers of a VM, for as long as the command runs.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import type { CommandHandler } from '../../../cli/context.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { DebugRelay } from '../debug/debugRelay.js';
import type { GuestAnswers } from './answers.js';

export const gdb: CommandHandler = async (context) => {
  const { call, session, terminal, interruption, printer, log } = context;
  const view = await session.vm(call.operands[0] ?? '');
  if (session.isProtected(view.vm)) {
    const { name } = view.vm;
    await agreeTo(context, { lines: [], confirm: '', asks: false, isProtected: name, typed: name });
  }
  const relay = await DebugRelay.open(session.engine, view, log);
  try {
    const { address } = relay;
    await printer.print({ answer: { address } satisfies GuestAnswers['gdb'], text: address });
    relay.onDidBreak(() => terminal.tell(t('The VM was reverted or stopped. The debugger can attach again.')));
    relay.onDidFail((failure) => terminal.tell(failureMessage(failure)));
    const { signal } = interruption;
    if (!signal.aborted) {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
        // A guest that was left by its end alone would stand still.
        process.once('SIGTERM', resolve).once('SIGHUP', resolve);
      });
    }
  } finally {
    await relay.close();
  }
  return 'done';
};
