// Whether an operation that broke off was begun here, and not long ago. Pure: who asks tells where and when it is.
import { actsAloneForMs } from './interrupted.js';
import { type DaemonIdentity, type Origin } from '../domain/origin.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';

export interface CurrentOrigin {
  readonly place: Omit<Origin, 'daemon'>;
  /** Absent: it has not answered. */
  readonly daemon?: DaemonIdentity;
  /** The daemon and this computer have one name. */
  readonly isLocal?: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type OriginVerdict = 'here' | 'elsewhere' | 'notKnown';

/**
 * A home on the network has one journal for many computers, and a clone has the VMs of the one that it was made of,
 * with their UUIDs. On a host whose firmware has no UUID, libvirt makes a new one at each start of its daemon
 * (virGetHostUUID): another one says something only where it is the firmware's.
 *
 * | the computer's name, its installation | its boot         | the daemon's name | the daemon's UUID | belongs   |
 * |---------------------------------------|------------------|-------------------|-------------------|-----------|
 * | other                                 | any              | any               | any               | elsewhere |
 * | ours, or there is none                | any              | other             | any               | elsewhere |
 * | ours                                  | ours, or other   | not written down, or not known now | any | notKnown |
 * | ours                                  | ours             | ours              | any               | here      |
 * | ours, and there is an installation    | other            | ours              | ours, or none has one | here  |
 * | ours                                  | other            | ours              | other, the firmware's | elsewhere |
 * | ours, and there is an installation    | other            | ours, and the computer's | other      | here      |
 * | ours                                  | other            | ours              | other             | notKnown  |
 * | ours, and there is none               | other, or none   | ours              | any               | notKnown  |
 */
function judgeOrigin(origin: Origin, { place, daemon, isLocal = false }: CurrentOrigin): OriginVerdict {
  const theirs = origin.daemon;
  const isOtherMachine =
    origin.machine !== undefined && place.machine !== undefined && origin.machine !== place.machine;
  const isOtherDaemon = theirs !== undefined && daemon !== undefined && theirs.hostname !== daemon.hostname;
  if (origin.host !== place.host || isOtherMachine || isOtherDaemon) {
    return 'elsewhere';
  }
  if (theirs === undefined || daemon === undefined) {
    return 'notKnown';
  }
  if (origin.boot !== undefined && origin.boot === place.boot) {
    return 'here';
  }
  const isSameUuid = theirs.hostUuid === daemon.hostUuid;
  if (!isSameUuid && daemon.hostUuidLasts === true) {
    return 'elsewhere';
  }
  const isInstalled = origin.machine !== undefined && origin.machine === place.machine;
  return isInstalled && (isSameUuid || isLocal) ? 'here' : 'notKnown';
}

/** Refuses an entry that may continue only where it began, even for a person. */
export function foreignRefusal(vm: string, origin: Origin, here: CurrentOrigin): RefusedDecision | undefined {
  return judgeOrigin(origin, here) === 'elsewhere'
    ? refuse('begunOnOtherHost', { vm, host: origin.daemon?.hostname ?? origin.host })
    : undefined;
}

/**
 * Refuses a recovery that nobody requested:
 *
 * | it belongs here | the computer was started since | something was done about it last | → |
 * |-----------------|--------------------------------|----------------------------------|---|
 * | not known       | any                            | any                              | begunOnOtherHost |
 * | yes             | yes                            | any                              | brokeOffLongAgo: VMs start with it, and whatever else acts on them |
 * | yes             | no, or nobody can tell         | more than an hour ago            | brokeOffLongAgo |
 * | yes             | no, or nobody can tell         | in the future, by the clock      | brokeOffLongAgo: how long ago is not known |
 * | yes             | no, or nobody can tell         | within an hour                   | none |
 */
export function ageRefusal(
  vm: string,
  origin: Origin,
  lastActedAt: number,
  here: CurrentOrigin,
): RefusedDecision | undefined {
  if (judgeOrigin(origin, here) !== 'here') {
    return refuse('begunOnOtherHost', { vm, host: origin.daemon?.hostname ?? origin.host });
  }
  const age = here.now - lastActedAt;
  return origin.boot !== here.place.boot || !(age >= 0 && age <= actsAloneForMs)
    ? refuse('brokeOffLongAgo', { vm })
    : undefined;
}
