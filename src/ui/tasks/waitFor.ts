// A wait of a task, and what is said when it was in vain. Changes nothing.
import { type WaitContext, waitFor as waitInEngine } from '../../engine/waitFor.js';
import type { Wait } from '../../domain/wait.js';
import { lateText, noAgentText } from '../../text/guests/waitText.js';
import { CommandError, DismissedError } from '../prompts/commandError.js';

/**
 * @throws CommandError `failed` when it was in vain, Dismissed when it was broken off, and whatever reading the VM
 *   throws
 */
export async function waitFor(wait: Wait, waiting: WaitContext): Promise<void> {
  const { outcome, name } = await waitInEngine(wait, waiting);
  if (outcome === 'stopped') {
    throw new DismissedError();
  }
  if (outcome === 'noAgent') {
    throw new CommandError('unsupported', noAgentText(name));
  }
  if (outcome === 'late' && wait.what !== 'time') {
    throw new CommandError('failed', lateText(wait));
  }
}
