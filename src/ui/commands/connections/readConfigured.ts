// The connections of the settings, where libvirt's own configuration may be broken.
import { asFailure } from '../../../domain/asFailure.js';
import type { WantedConnection } from '../../../domain/wantedConnection.js';
import type { wantedConnections } from '../../../session/wantedConnections.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { notify } from '../../prompts/notify.js';

/** Without libvirt's configuration where that cannot be understood, which is told. */
export function readConfigured(
  read: typeof wantedConnections,
  connections: readonly WantedConnection[],
): readonly WantedConnection[] {
  try {
    return read(connections, { environment: process.env });
  } catch (error) {
    void notify('warning', failureMessage(asFailure(error)));
    return read(connections, { environment: process.env, readConf: () => ({ aliases: new Map() }) });
  }
}
