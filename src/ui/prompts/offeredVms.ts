// Which VMs a list offers, and in which order.
import { type VmView, vmKey } from '../../live/views.js';

/** What is known of a person's work, by the key of a VM. */
export interface VmUse {
  /** That of the status bar. */
  readonly active?: string | undefined;
  /** Milliseconds since 1970; 0: never. */
  readonly usedAt: (key: string) => number;
}

/**
 * The active one first, then what was used last; the others as they are handed in. An only VM is offered whether it
 * fits or not: the plan says why it cannot be done.
 */
export function offeredVms(
  vms: readonly VmView[],
  fits: (view: VmView) => boolean,
  { active, usedAt }: VmUse,
): readonly VmView[] {
  const fitting = vms.filter(fits);
  const at = new Map(vms.map(({ ref }) => [vmKey(ref), vmKey(ref) === active ? Infinity : usedAt(vmKey(ref))]));
  const rank = ({ ref }: VmView): number => at.get(vmKey(ref)) ?? 0;
  // Two of them are never both the active one: the difference is a number.
  return (vms.length > 1 ? fitting : vms).toSorted((a, b) => rank(b) - rank(a));
}
