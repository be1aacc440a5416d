// A wait of a task, and what is said when it was in vain. Changes nothing. Knows nothing of the editor.
import { type Waiting, waitFor as waitInEngine } from '../../engine/waiting.js';
import type { Wait } from '../../domain/wait.js';
import { lateText, noAgentText } from '../../text/waitText.js';
import { CommandError, Dismissed } from '../prompts/commandError.js';

/** @throws CommandError `failed` when it was in vain, Dismissed when it was broken off, and whatever reading the VM throws */
export async function waitFor(wait: Wait, waiting: Waiting): Promise<void> {
  const { outcome, name } = await waitInEngine(wait, waiting);
  if (outcome === 'stopped') {
    throw new Dismissed();
  }
  if (outcome === 'noAgent') {
    throw new CommandError('unsupported', noAgentText(name));
  }
  if (outcome === 'late' && wait.what !== 'time') {
    throw new CommandError('failed', lateText(wait));
  }
}
