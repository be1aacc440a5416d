// What a release of libvirt is known to do wrong, as the end of a sentence about it.
import { t } from '@vscode/l10n';
import type { KnownFault } from '../../domain/consequences.js';

const texts: Readonly<Record<KnownFault, () => string>> = {
  offlineRevert: () => t('it may fail to revert to a snapshot of a VM that was off'),
  daemonCrash: () => t('its daemon may crash on a revert'),
  longChain: () => t('a VM with a chain of more than about 25 overlays may not start'),
  internalSnapshots: () => t('it may fail to revert to or delete internal snapshots'),
  memoryRevert: () => t('it may fail to load a snapshot with RAM after it has stopped the VM'),
  readableOverlay: () => t('it may make the overlay readable by every user of the host'),
};

export const knownFaultText = (fault: KnownFault): string => texts[fault]();
