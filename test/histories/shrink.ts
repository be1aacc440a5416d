// Makes a history that fails short: leaves actions out, as many at a time as possible, while it still fails in the same
// way. Each try is the whole history on a fresh VM.
import type { Action, Script } from './action.js';

/** Whether a script still fails in the way that is looked for. */
export type StillFails = (script: Script) => Promise<boolean>;

/**
 * Delta debugging on the list of actions, the last of which showed the failure, then single blocks of writes.
 * @param mostTries what is short enough by then has to do
 */
export async function shrink(script: Script, stillFails: StillFails, mostTries: number): Promise<Script> {
  let left = mostTries;
  const fails = async (actions: readonly Action[]): Promise<boolean> =>
    left-- > 0 && (await stillFails({ ...script, actions }));
  let actions = script.actions;
  for (let size = Math.ceil(actions.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let removedAny = false;
    // From the end, for what comes later is needed less often; the very last action is what shows the failure.
    for (let end = actions.length - 1; end > 0 && left > 0; end -= size) {
      const without = [...actions.slice(0, Math.max(0, end - size)), ...actions.slice(end)];
      if (await fails(without)) {
        actions = without;
        removedAny = true;
      }
    }
    if (size === 1 && removedAny) {
      size = 2;
    }
  }
  for (const [index, action] of actions.entries()) {
    if (action.do === 'write' && action.blocks.length > 1) {
      for (const block of action.blocks) {
        const fewer = actions.with(index, { ...action, blocks: [block] });
        if (await fails(fewer)) {
          actions = fewer;
          break;
        }
      }
    }
  }
  return { ...script, actions };
}
