// Hands the settings on to what follows them.
import { protectionMatcher } from '../../domain/protection.js';
import type { Engine } from '../../engine/engine.js';
import type { HealthWatch } from '../../health/healthWatch.js';
import { watchSettings } from '../../health/watchSettings.js';
import type { Settings } from '../../manifest/settings.js';
import type { SharedSettings } from '../../session/sharedSettings.js';
import { readOnlyConnections, wantedConnections } from '../../session/wantedConnections.js';
import { readUserSettings } from '../readSettings.js';
import { asFailure } from '../../domain/asFailure.js';
import type { WantedConnection } from '../../domain/wantedConnection.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { notify } from '../prompts/notify.js';

interface SettingsFollowers {
  readonly engine: Engine;
  readonly health: HealthWatch;
  readonly shared: SharedSettings;
}

export function applySettings({ engine, health, shared }: SettingsFollowers, settings: Settings): void {
  const own = readUserSettings();
  engine.setProtected(protectionMatcher(settings.protectedVms));
  engine.setAutoPrune(settings.keepCheckpoints, settings.keepAutoCheckpoints);
  engine.setAutomaticActions(settings.automaticActions);
  // A workspace can make a connection read-only, and not take that away.
  engine.setReadOnly(readConfigured(readOnlyConnections, own.connections));
  engine.setConnections(readConfigured(wantedConnections, settings.connections));
  health.setSettings(watchSettings(settings));
  void shared.write(own);
}

/** Without libvirt's configuration where that cannot be understood, which is told. */
function readConfigured(
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
