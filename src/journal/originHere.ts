// Where and when it is now: what the place where an entry was begun is compared with.
import { isSameHostname } from '../base/hostname.js';
import type { Capabilities } from '../domain/capabilities.js';
import { type DaemonIdentity, identifyDaemon, type Origin } from '../domain/origin.js';

interface OriginHere {
  readonly place: Omit<Origin, 'daemon'>;
  readonly daemon?: DaemonIdentity;
  readonly isLocal?: boolean;
  readonly now: number;
}

/** @param capabilities absent: the daemon has not answered */
export function originHere(
  place: OriginHere['place'],
  capabilities: Capabilities | undefined,
  now: number,
): OriginHere {
  const daemon = capabilities && {
    daemon: identifyDaemon(capabilities),
    isLocal: isSameHostname(capabilities.hostname, place.host),
  };
  return { place, ...daemon, now };
}
