// How fast the disks and networks of a running VM may be, in words and in libvirt's numbers. Pure.

export const speeds = ['hardDisk', 'memoryCard', 'phone', 'full'] as const;
export type Speed = (typeof speeds)[number];

/** By libvirt's names, as `total_iops_sec` and `inbound.average`; what is not limited is absent. */
export type Limits = Readonly<Record<string, number>>;

export interface Tuning {
  /** By target. */
  readonly disks: Readonly<Record<string, Limits>>;
  /** By MAC address: those that libvirt can limit. */
  readonly networks: Readonly<Record<string, Limits>>;
  /** By target: the group of QEMU in which several disks have their limits together. It goes with the last limit. */
  readonly groups?: Readonly<Record<string, string>>;
}

const megabyte = 1024 ** 2;
/** KB a second, as libvirt counts them. */
const phone = { 'inbound.average': 1_500, 'outbound.average': 400 };
const ofDisks: Readonly<Partial<Record<Speed, Limits>>> = {
  hardDisk: { total_iops_sec: 120, total_bytes_sec: 120 * megabyte },
  memoryCard: { total_iops_sec: 400, total_bytes_sec: 12 * megabyte },
};

/** What a word says nothing of stays as it is. Undefined: the VM has nothing that it speaks of. */
export function tunedTo(speed: Speed, { disks, networks }: Tuning): Tuning | undefined {
  const allAs = (those: Tuning['disks'], limits: Limits): Tuning['disks'] =>
    Object.fromEntries(Object.keys(those).map((one) => [one, limits]));
  const wanted = ofDisks[speed];
  const [isOfDisks, isOfNetworks] = [wanted !== undefined || speed === 'full', speed === 'phone' || speed === 'full'];
  const count = Object.keys({ ...(isOfDisks && disks), ...(isOfNetworks && networks) }).length;
  return count === 0
    ? undefined
    : {
        disks: isOfDisks ? allAs(disks, wanted ?? {}) : disks,
        networks: isOfNetworks ? allAs(networks, speed === 'phone' ? phone : {}) : networks,
      };
}

/** As it will be. What it has no longer is left out. @param from where given, only what has these limits changes */
export function limitsIn(now: Tuning, to: Tuning, from?: Tuning): Tuning {
  const each = (part: 'disks' | 'networks'): Tuning['disks'] =>
    Object.fromEntries(
      Object.entries(now[part]).map(([name, limits]) => {
        const [wanted, only] = [to[part][name], from?.[part][name]];
        const isMeant = from === undefined || (only !== undefined && isSameLimits(only, limits));
        return [name, wanted !== undefined && isMeant ? wanted : limits];
      }),
    );
  const disks = each('disks');
  const groups = sharedGroups(
    Object.entries(disks).map(([disk, limits]) => {
      const isMeant = limits === to.disks[disk];
      const stays = Object.keys(limits).length > 0;
      return [disk, stays ? ((isMeant ? to.groups?.[disk] : undefined) ?? now.groups?.[disk]) : undefined];
    }),
  );
  return { disks, networks: each('networks'), ...groups };
}

/** One disk alone has in a group what it has without. */
export function sharedGroups(ofDisks: readonly (readonly [string, string | undefined])[]): Pick<Tuning, 'groups'> {
  const named = ofDisks.flatMap(([disk, group]) => (group === undefined ? [] : [[disk, group] as const]));
  const shared = named.filter(([, group]) => named.filter(([, other]) => other === group).length > 1);
  return shared.length === 0 ? {} : { groups: Object.fromEntries(shared) };
}

/** Whether all that is meant is so already: see `limitsIn`. */
export function hasLimits(now: Tuning, to: Tuning, from?: Tuning): boolean {
  const wanted = limitsIn(now, to, from);
  const disks = Object.keys(wanted.disks);
  return isSameTuning(wanted, now) && disks.every((disk) => wanted.groups?.[disk] === now.groups?.[disk]);
}

export function isSameLimits(one: Limits, other: Limits): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}

export function isSameTuning(one: Tuning, other: Tuning): boolean {
  const key = ({ disks, networks }: Tuning): string =>
    JSON.stringify(
      [disks, networks].map((those) =>
        Object.entries(those)
          .map(([name, limits]) => [name, Object.entries(limits).sort(([a], [b]) => (a < b ? -1 : 1))])
          .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
      ),
    );
  return key(one) === key(other);
}

/** The word for how it is now, or undefined: somebody chose other numbers. */
export function speedOf(tuning: Tuning): Speed | undefined {
  return speeds.findLast((speed) => {
    const as = tunedTo(speed, tuning);
    const rest = tunedTo('full', tuning);
    const alone = as && rest && (tunedTo(speed, rest) ?? rest);
    return alone !== undefined && isSameTuning(alone, tuning);
  });
}
