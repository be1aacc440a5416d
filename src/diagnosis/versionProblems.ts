// Which known bugs of this libvirt touch a VM.
import { formatVersion, versionOf } from '../domain/capabilities.js';
import { knownVersions } from '../domain/knownVersions.js';
import type { Facts } from '../domain/facts.js';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { styleOfVm } from '../domain/snapshotTree.js';
import type { Problem } from './problem.js';

const actions = ['create', 'revert', 'delete'] as const;

/** Of the styles that the VM has, or of both where it has none yet. */
export function versionProblems({ vm, tree, capabilities }: Facts): readonly Problem[] {
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const { libvirt } = capabilities;
  const own = styleOfVm(tree);
  const styles = snapshotStyles.filter((style) => own === style || own === 'mixed' || own === 'none');
  const version = formatVersion(libvirt);
  const concerned = knownVersions.filter(
    ({ from, before, concerns }) =>
      libvirt >= from &&
      libvirt < before &&
      actions.some((action) =>
        styles.some((style) => snapshotKinds.some((kind) => concerns({ action, style, kind, vm }))),
      ),
  );
  const forbidden =
    capabilities.appArmor !== false &&
    libvirt >= versionOf(9, 0) &&
    libvirt < versionOf(12, 1) &&
    styles.includes('external')
      ? [
          {
            why: 'appArmorMerge' as const,
            source: 'libvirt 806; Debian 932456',
          },
        ]
      : [];
  return [...concerned, ...forbidden].map(({ why, source }) => ({ kind: 'knownBadVersion', version, why, source }));
}
