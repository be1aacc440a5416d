// What is wrong with a VM's snapshots and files, as far as it is seen: facts → findings, and what would mend each. Knows
// no plan; examine makes them.
import { lostQemu } from '../domain/chains/lostQemu.js';
import { startsElsewhere } from '../domain/chains/startsElsewhere.js';
import { orphanFiles, orphanTags } from '../domain/chains/orphans.js';
import type { Facts } from '../domain/facts.js';
import { styleOfVm } from '../domain/snapshotTree.js';
import { overlaysOn } from '../operations/repair/planMetadataRepair.js';
import { chainFindings, otherVmFindings, sightFindings } from './fileFindings.js';
import { isPausedToBeSaved } from '../domain/vm.js';
import type { Found } from './found.js';
import { snapshotFindings, unfinishedDeletes } from './snapshotFindings.js';
import { versionFindings } from './versionFindings.js';

export function findings(facts: Facts): readonly Found[] {
  return [
    ...lostFindings(facts),
    ...stateFindings(facts),
    ...nextStartFindings(facts),
    ...treeFindings(facts),
    ...facts.tree.snapshots.flatMap((snapshot) => snapshotFindings(snapshot, facts)),
    ...chainFindings(facts),
    ...orphanTags(facts).map(({ file, tag }): Found => ({
      finding: { kind: 'orphanTag', file, tag },
      severity: 'warning',
      repair: { kind: 'removeTag', file, tag },
    })),
    ...orphanFiles(facts).map(({ file, bytes }): Found => ({
      finding: { kind: 'orphanFile', file, bytes },
      severity: 'note',
      repair: { kind: 'removeFiles', files: [file] },
    })),
    ...otherVmFindings(facts),
    ...versionFindings(facts),
    ...sightFindings(facts),
  ];
}

/** What is seen without looking at any file: cheap enough for all VMs at once. */
export function findingsWithoutFiles(facts: Facts): readonly Found[] {
  return [
    ...stateFindings(facts),
    ...treeFindings(facts),
    ...facts.tree.snapshots.flatMap(unfinishedDeletes),
    ...versionFindings(facts),
  ];
}

/**
 * | state                                               | finding      | repair          |
 * |-----------------------------------------------------|--------------|-----------------|
 * | paused to be saved or snapshotted, and nobody does it | pausedSaving | resumeAfterSave |
 * | the same, and libvirt works at it                   | none: it goes on when that is done | |
 * | its agent says that it is frozen                    | guestFrozen  | thawGuest       |
 * | a managed save                                      | managedSave  | none: it is somebody's RAM |
 * | transient, with snapshots                           | vanishes     | keepVm          |
 */
function stateFindings({ vm, agent, tree, capabilities }: Facts): readonly Found[] {
  const found: Found[] = [];
  if (isPausedToBeSaved(vm) && vm.savedNow !== true) {
    found.push({ finding: { kind: 'pausedSaving' }, severity: 'error', repair: { kind: 'resumeAfterSave' } });
  }
  if (agent === 'frozen') {
    found.push({ finding: { kind: 'guestFrozen' }, severity: 'error', repair: { kind: 'thawGuest' } });
  }
  if (vm.managedSave) {
    found.push({ finding: { kind: 'managedSave' }, severity: 'note' });
  }
  if (!vm.persistent && tree.snapshots.length > 0 && capabilities.driver === 'qemu') {
    const finding = { kind: 'vanishes', snapshots: tree.snapshots.length } as const;
    found.push({ finding, severity: 'error', repair: { kind: 'keepVm' } });
  }
  return found;
}

/** Nothing of libvirt's can end a QEMU that it does not know, and nobody else should unasked. */
function lostFindings(facts: Facts): readonly Found[] {
  const lost = lostQemu(facts);
  return lost === undefined ? [] : [{ finding: lost, severity: 'error' }];
}

/** What the guest wrote since is lost from sight at the next start, and goes for good where that file is merged or removed. */
function nextStartFindings(facts: Facts): readonly Found[] {
  return startsElsewhere(facts).map(({ disk, file, configured, isSameDisk }): Found => ({
    finding: { kind: 'startsElsewhere', disk, file, configured },
    severity: isSameDisk ? 'error' : 'warning',
    ...(isSameDisk ? { repair: { kind: 'configureDisks' } as const } : {}),
  }));
}

/** Internal snapshots need no current one; an external one that the VM is on can be made it. */
function treeFindings(facts: Facts): readonly Found[] {
  const { tree, capabilities } = facts;
  const found: Found[] = [];
  const style = styleOfVm(tree);
  if (style === 'mixed') {
    found.push({ finding: { kind: 'mixedStyles' }, severity: 'warning' });
  }
  const known = tree.current !== undefined && tree.snapshots.some(({ name }) => name === tree.current);
  if (capabilities.driver === 'qemu' && !known && (style === 'external' || style === 'mixed')) {
    const on = tree.snapshots.find((one) => one.style === 'external' && overlaysOn(one, facts) !== undefined);
    found.push({
      finding: { kind: 'noCurrent' },
      severity: 'warning',
      ...(on === undefined ? {} : { repair: { kind: 'makeCurrent', snapshot: on.name } as const }),
    });
  }
  return found;
}
