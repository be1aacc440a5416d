// Which connections are one and the same under several names: each VM of theirs is shown and counted once.
import { asksForTheSame, isSameHost } from '../driver/sharedHost.js';
import type { ConnectionView, VmView } from './views.js';

/** By the list, which is another one after each change. */
const known = new WeakMap<readonly ConnectionView[], ReadonlyMap<ConnectionView, ConnectionView>>();

/** The one whose VMs are shown in the place of those of this one; undefined: its own are. */
export function shownInPlaceOf(view: ConnectionView, all: readonly ConnectionView[]): ConnectionView | undefined {
  const twins = known.get(all) ?? findTwins(all);
  known.set(all, twins);
  return twins.get(view);
}

/** Those that are shown in its place lead to the same VMs by other names. */
export function otherNamesOf(view: ConnectionView, all: readonly ConnectionView[]): readonly ConnectionView[] {
  return all.filter((other) => shownInPlaceOf(other, all) === view);
}

/** Each VM once. */
export function vmsOnce(all: readonly ConnectionView[]): readonly VmView[] {
  return all.filter((view) => shownInPlaceOf(view, all) === undefined).flatMap(({ vms }) => vms);
}

/** One that is heard of goes before one that is not, then the first. */
function findTwins(all: readonly ConnectionView[]): ReadonlyMap<ConnectionView, ConnectionView> {
  const twins = new Map<ConnectionView, ConnectionView>();
  const onHost = new Map<string, ConnectionView[]>();
  for (const view of [...all.filter(isHeard), ...all.filter((one) => !isHeard(one))]) {
    const host = view.capabilities?.hostUuid;
    if (host !== undefined) {
      const before = onHost.get(host) ?? [];
      const twin = before.find((other) => isSame(view, other));
      if (twin === undefined) {
        onHost.set(host, [...before, view]);
      } else {
        twins.set(view, twin);
      }
    }
  }
  return twins;
}

function isHeard({ state, lastSeenAt }: ConnectionView): boolean {
  return state === 'connected' && lastSeenAt === undefined;
}

/** A name alone would not tell the sessions of two users apart: a VM that both have does. */
function isSame(one: ConnectionView, other: ConnectionView): boolean {
  const [mine, theirs] = [one.capabilities, other.capabilities];
  const servesSame = mine?.serves !== undefined && mine.serves === theirs?.serves;
  if (!isSameHost(mine, theirs) || !(servesSame || asksForTheSame(one.uri, other.uri))) {
    return false;
  }
  const uuids = new Set(other.vms.map(({ ref }) => ref.uuid));
  return one.vms.some(({ ref }) => uuids.has(ref.uuid));
}
