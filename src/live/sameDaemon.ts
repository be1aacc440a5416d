// Which connections are one and the same under two names.
import { asksForTheSame, isSameHost } from '../driver/sharedHost.js';
import type { ConnectionView } from './views.js';

/**
 * The first of those before it that shows the same VMs: the same host, asked for the same, and a VM that both have. A
 * name alone would not tell the sessions of two users apart.
 */
export function sameBefore(view: ConnectionView, all: readonly ConnectionView[]): ConnectionView | undefined {
  return all.slice(0, Math.max(0, all.indexOf(view))).find((other) => {
    const uuids = new Set(other.vms.map(({ ref }) => ref.uuid));
    return (
      isSameHost(view.capabilities, other.capabilities) &&
      asksForTheSame(view.uri, other.uri) &&
      view.vms.some(({ ref }) => uuids.has(ref.uuid))
    );
  });
}
