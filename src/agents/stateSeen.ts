// In which state of a VM an agent saw its display, and whether it is still that one.
import { activePath } from '../domain/snapshotTree.js';
import { UndoLook } from '../engine/undoLook.js';
import type { VmView } from '../live/views.js';
import { ToolRefusal } from './refusal.js';
import type { LookedAt, ToolCall } from './toolCall.js';

/** What tells later whether the VM was reverted. */
export async function stateSeen(work: ToolCall, view: VmView): Promise<LookedAt> {
  const { look, revert } = await readState(work, view);
  return { current: look.tree.current, revert };
}

async function readState(
  { session }: ToolCall,
  { ref }: VmView,
): Promise<{ readonly look: UndoLook; readonly revert: string | undefined }> {
  const look = await UndoLook.at(session.engine, ref);
  return { look, revert: look.log.findLast(({ request }) => request.kind === 'revert')?.id };
}

/**
 * | last revert of ours | current snapshot                        | → |
 * |---------------------|-----------------------------------------|---|
 * | another one         | any                                     | reverted |
 * | the same            | the one of then, or made upon it since  | as it was seen |
 * | the same            | any other                               | reverted, by another program |
 * @throws ToolRefusal
 */
export async function requireSeen(work: ToolCall, view: VmView): Promise<void> {
  const then = work.tools.looked.get(view.ref.uuid);
  if (then === undefined) {
    return;
  }
  const { look, revert } = await readState(work, view);
  const isBelow = then.current === undefined || activePath(look.tree).some(({ name }) => name === then.current);
  if (revert !== then.revert || !isBelow) {
    throw new ToolRefusal(
      'reverted',
      `${view.vm.name} was reverted since its display was seen. Nothing was pressed. Use take_screenshot.`,
    );
  }
}
