// The hardware that a VM is configured with, as values that can be held against each other. Knows no XML and no words.

export type HardwarePart = 'cpu' | 'memory' | 'disk' | 'network' | 'firmware' | 'other';

/** What people ask for first; everything else of an item is in `whole` alone. */
export type HardwareFact = 'count' | 'model' | 'bytes' | 'file' | 'format' | 'bus' | 'kind' | 'source';

export interface HardwareItem {
  readonly part: HardwarePart;
  /** What tells it from the others of its part, in libvirt's words: `vda`, a MAC address, `memory`. */
  readonly id: string;
  readonly facts: Readonly<Partial<Record<HardwareFact, string>>>;
  /** All of it, normalised: two items are alike when these are. */
  readonly whole: string;
  /** The XML of a disk without its file and format. */
  readonly bare?: string;
}

export interface Hardware {
  /** For reading and for a diff: one element to a line, attributes in order, without what changes by itself. */
  readonly xml: string;
  readonly items: readonly HardwareItem[];
}

export interface HardwareDifference {
  readonly part: HardwarePart;
  readonly id: string;
  readonly how: 'added' | 'removed' | 'changed';
  /**
   * The facts that differ where the device changed; empty where only something else differs. Otherwise what the device
   * is.
   */
  readonly facts: readonly { readonly name: HardwareFact; readonly from?: string; readonly to?: string }[];
}

const order: readonly HardwarePart[] = ['cpu', 'memory', 'disk', 'network', 'firmware', 'other'];

/**
 * Sorted by part; within one, in the order of `after`, what is gone last.
 *
 * @param refiled targets of disks that are the same whichever file they have: snapshots put them on overlays
 */
export function compareHardware(
  before: Hardware,
  after: Hardware,
  refiled: ReadonlySet<string> = new Set(),
): readonly HardwareDifference[] {
  const [old, young] = [byKey(before.items), byKey(after.items)];
  const withoutOwnFile = (item: HardwareItem | undefined): HardwareItem | undefined =>
    item?.part === 'disk' && item.bare !== undefined && refiled.has(item.id) ? withoutFile(item, item.bare) : item;
  const differences = [
    ...[...young].flatMap(([key, item]) => differenceOf(withoutOwnFile(old.get(key)), withoutOwnFile(item))),
    ...[...old].flatMap(([key, item]) => (young.has(key) ? [] : differenceOf(item, undefined))),
  ];
  return order.flatMap((part) => differences.filter((one) => one.part === part));
}

function withoutFile(item: HardwareItem, bare: string): HardwareItem {
  const { file: _, format: __, ...facts } = item.facts;
  return { ...item, facts, whole: bare };
}

/** Several of one id, which libvirt does not allow but another server may send, are told apart by their order. */
function byKey(items: readonly HardwareItem[]): ReadonlyMap<string, HardwareItem> {
  const map = new Map<string, HardwareItem>();
  const seen = new Map<string, number>();
  for (const item of items) {
    const key = `${item.part} ${item.id}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    map.set(`${key} #${count}`, item);
  }
  return map;
}

function differenceOf(from: HardwareItem | undefined, to: HardwareItem | undefined): readonly HardwareDifference[] {
  const item = to ?? from;
  if (item === undefined || from?.whole === to?.whole) {
    return [];
  }
  const names = new Set([...Object.keys(from?.facts ?? {}), ...Object.keys(to?.facts ?? {})] as HardwareFact[]);
  const facts = [...names].flatMap((name) => {
    const [was, is] = [from?.facts[name], to?.facts[name]];
    return was === is ? [] : [{ name, ...(was !== undefined && { from: was }), ...(is !== undefined && { to: is }) }];
  });
  const how = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed';
  return [{ part: item.part, id: item.id, how, facts }];
}
