// In which state of a VM an agent saw its display, and whether it is still that one.
import { activePath } from '../domain/snapshotTree.js';
import type { VmView } from '../live/views.js';
import { ToolRefusal } from './refusal.js';
import type { LookedAt, ToolCall } from './toolCall.js';

/** What tells later whether the VM was reverted. */
export async function stateSeen({ session }: ToolCall, { ref }: VmView): Promise<LookedAt> {
  const [log, tree] = await Promise.all([session.engine.readLog(ref), session.engine.readTree(ref)]);
  return { current: tree.current, revert: log.findLast(({ request }) => request.kind === 'revert')?.id };
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
  const { revert } = await stateSeen(work, view);
  const tree = await work.session.engine.readTree(view.ref);
  const isBelow = then.current === undefined || activePath(tree).some(({ name }) => name === then.current);
  if (revert !== then.revert || !isBelow) {
    throw new ToolRefusal(
      'reverted',
      `${view.vm.name} was reverted since its display was seen. Nothing was pressed. Use take_screenshot.`,
    );
  }
}
