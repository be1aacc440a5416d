// When the whole view is empty, which welcome stands in it.
import { type ConnectionView, isResting } from '../../live/views.js';
import type { DeniedEntry, WelcomeState } from '../../manifest/contextKeyTable.js';
import type { FailureDetails } from '../../domain/failure.js';

interface Welcome {
  readonly state: WelcomeState;
  /** The group that lets in who joins it; empty where none does. */
  readonly deniedGroup: string;
  /** What helps where no group does. */
  readonly deniedEntry: DeniedEntry;
}

/**
 * The first row that fits counts. `none`: the rows themselves are shown.
 *
 * | connections                                             | welcome       |
 * |---------------------------------------------------------|---------------|
 * | there are none                                          | noConnections |
 * | one has VMs, is on another computer, or waits for a click | none        |
 * | all read, all without VMs                               | noVms         |
 * | all failed or tried again, one of them denied           | denied        |
 * | all failed or tried again, all without a daemon         | noLibvirt     |
 * | none failed and none read yet                           | connecting    |
 * | any other mix                                           | none          |
 */
export function welcomeOf(connections: readonly ConnectionView[]): Welcome {
  const say = (state: WelcomeState, { group = '', entry }: FailureDetails = {}): Welcome => ({
    state,
    deniedGroup: group,
    deniedEntry: group === '' ? (entry ?? 'unknown') : 'group',
  });
  if (connections.length === 0) {
    return say('noConnections');
  }
  if (connections.some((one) => one.vms.length > 0 || !isLocal(one.uri) || isResting(one))) {
    return say('none');
  }
  if (connections.every((one) => one.state === 'connected' && one.loaded)) {
    return say('noVms');
  }
  const failures = connections.flatMap((one) => (one.failure === undefined ? [] : [one.failure]));
  if (failures.length === connections.length) {
    const denied = failures.find((failure) => failure.kind === 'denied');
    if (denied !== undefined) {
      return say('denied', denied.details);
    }
    return say(failures.every((failure) => failure.kind === 'unreachable') ? 'noLibvirt' : 'none');
  }
  return say(failures.length === 0 && connections.every((one) => !one.loaded) ? 'connecting' : 'none');
}

/** A daemon on this computer: a URI without a host. */
function isLocal(uri: string): boolean {
  return /^[a-z+]+:(?:\/\/)?(?:\/(?!\/)|$|[?#])/i.test(uri);
}
