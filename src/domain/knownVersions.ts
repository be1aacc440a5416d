// Releases of libvirt that are known to break on something, as data. They only warn: distributions backport repairs, so
// a version alone proves nothing. What no release does right, or can be probed, is a refusal in the planners instead.
import { type Capabilities, type Version, formatVersion, versionOf } from './capabilities.js';
import type { KnownFault, Warning } from './consequences.js';
import type { SnapshotKind, SnapshotStyle } from './snapshot.js';
import type { Vm } from './vm.js';

/** What is about to be done. */
interface PlannedAction {
  readonly action: 'create' | 'revert' | 'delete';
  readonly style: SnapshotStyle;
  readonly kind: SnapshotKind;
  readonly vm: Vm;
  /** The overlays are made by us, and libvirt is told to use them. */
  readonly overlaysByUs?: boolean;
}

const overlaysReadableBefore = versionOf(11, 10);

interface KnownVersion {
  readonly from: Version;
  /** The first that is right again. */
  readonly before: Version;
  readonly concerns: (what: PlannedAction) => boolean;
  readonly why: KnownFault;
  readonly source: string;
}

export const knownVersions: readonly KnownVersion[] = [
  {
    from: versionOf(8, 0),
    before: versionOf(8, 1),
    concerns: ({ action, style, kind }) => action === 'revert' && style === 'internal' && kind === 'offline',
    why: 'offlineRevert',
    source: 'libvirt news 8.1.0',
  },
  {
    from: versionOf(9, 9),
    before: versionOf(9, 10),
    concerns: ({ action }) => action === 'revert',
    why: 'daemonCrash',
    source: 'libvirt news 9.10.0; cockpit-project/bots 5494',
  },
  {
    from: versionOf(10, 8),
    before: versionOf(12, 0),
    concerns: ({ action, style, vm }) =>
      action === 'create' && style === 'external' && vm.disks.some((disk) => (disk.backing?.length ?? 0) >= 23),
    why: 'longChain',
    source: 'libvirt news 12.0.0',
  },
  {
    from: versionOf(10, 9),
    before: versionOf(10, 10),
    concerns: ({ action, style }) => action !== 'create' && style === 'internal',
    why: 'internalSnapshots',
    source: 'libvirt news 10.10.0',
  },
  {
    from: versionOf(11, 2),
    before: versionOf(11, 4),
    concerns: ({ action, style, kind }) => action === 'revert' && style === 'internal' && kind === 'memory',
    why: 'memoryRevert',
    source: 'libvirt news 11.4.0; measured to work in Debian 11.3.0-3+deb13u3',
  },
  {
    from: versionOf(9, 0),
    before: overlaysReadableBefore,
    concerns: ({ action, style, kind, overlaysByUs }) =>
      action === 'create' && style === 'external' && kind === 'offline' && overlaysByUs !== true,
    why: 'readableOverlay',
    source: 'CVE-2025-13193',
  },
];

/** This libvirt would make the overlays readable by everybody. */
export function readableOverlays(
  libvirt: number,
  { style, kind }: { readonly style: SnapshotStyle; readonly kind: SnapshotKind },
): boolean {
  return style === 'external' && kind === 'offline' && libvirt < overlaysReadableBefore;
}

export function versionWarnings(capabilities: Capabilities, what: PlannedAction): readonly Warning[] {
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const { libvirt } = capabilities;
  return knownVersions
    .filter(({ from, before, concerns }) => libvirt >= from && libvirt < before && concerns(what))
    .map(({ why }) => ({ kind: 'knownBadVersion', version: formatVersion(libvirt), why }));
}
