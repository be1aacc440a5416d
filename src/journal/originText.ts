// What an entry says of where it was begun and of what it was decided on: the shapes of it that are believed.
import * as v from 'valibot';
import { type Before, type Origin, type DaemonIdentity, identifyDaemon } from '../domain/origin.js';
import { powerReasons, powerStates } from '../domain/vm.js';
import { snapshotTime } from './json.js';
import { isSameHostname } from '../base/hostname.js';
import type { Capabilities } from '../domain/capabilities.js';

const text = v.string();
const textOrNone = v.exactOptional(text);

const place = { host: text, machine: textOrNone, boot: textOrNone };

export const placeShape = v.object(place) satisfies v.GenericSchema<unknown, Omit<Origin, 'daemon'>>;

export const originShape = v.object({
  ...place,
  daemon: v.exactOptional(v.object({ hostname: text, hostUuid: textOrNone })),
}) satisfies v.GenericSchema<unknown, Origin>;

export const beforeShape = v.object({
  power: v.picklist(powerStates),
  powerReason: v.picklist(powerReasons),
  managedSave: v.boolean(),
  disks: v.array(v.object({ target: text, file: textOrNone })),
  current: textOrNone,
  snapshots: v.exactOptional(v.array(v.object({ name: text, createdAt: snapshotTime, parent: textOrNone }))),
  lastWrites: v.exactOptional(
    v.array(
      v.object({
        file: text,
        modifiedAt: v.exactOptional(v.number()),
        halfMerged: v.exactOptional(v.literal(true)),
      }),
    ),
  ),
}) satisfies v.GenericSchema<unknown, Before>;

/** Where and when it is now: what the place where an entry was begun is compared with. */
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
