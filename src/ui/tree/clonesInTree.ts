// Which VMs stand under which: those that were made of another one under that one. Pure; knows no row.
import type { VmView } from '../../live/views.js';

/**
 * The VM that it was made of, where it stands under that. A mark is text that anybody can change: what would stand
 * under itself stands under nothing.
 *
 * @param vms of its connection
 */
export function parentIn(vms: readonly VmView[], view: VmView | undefined): VmView | undefined {
  const originalOf = (one: VmView | undefined): VmView | undefined => {
    const of = one?.vm.clone?.of;
    return of === undefined ? undefined : vms.find(({ ref }) => ref.uuid === of);
  };
  const seen = new Set([view]);
  for (let at = originalOf(view); at !== undefined; at = originalOf(at)) {
    if (seen.has(at)) {
      return undefined;
    }
    seen.add(at);
  }
  return originalOf(view);
}

/** In the order in which they are handed in. */
export function clonesIn(vms: readonly VmView[], { ref }: VmView): readonly VmView[] {
  return vms.filter((one) => one.vm.clone?.of === ref.uuid && parentIn(vms, one) !== undefined);
}
