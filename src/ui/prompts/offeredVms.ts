// Which VMs a list offers, and in which order.
import { type VmView, vmKey } from '../../live/views.js';

/** What is known of a person's work, by the key of a VM. */
export interface VmUse {
  /** That of the status bar. */
  readonly active?: string | undefined;
  /** Milliseconds since 1970; 0: never. */
  readonly usedAt: (key: string) => number;
}

/** The active one first, then what was used last; the others as they are handed in. Where none fits, all. */
export function offeredVms(
  vms: readonly VmView[],
  fits: (view: VmView) => boolean,
  { active, usedAt }: VmUse,
): readonly VmView[] {
  const fitting = vms.filter(fits);
  const at = new Map(vms.map(({ ref }) => [vmKey(ref), vmKey(ref) === active ? Infinity : usedAt(vmKey(ref))]));
  const rank = ({ ref }: VmView): number => at.get(vmKey(ref)) ?? 0;
  // Two of them are never both the active one: the difference is a number.
  return (fitting.length > 0 ? fitting : vms).toSorted((a, b) => rank(b) - rank(a));
}
