// What is wrong with a VM's snapshots and files, as far as it is seen: facts → findings, and what would mend each. Knows
// no plan; examine makes them.
import { formatVersion, versionOf } from './capabilities.js';
import { chainOf, externalTargets, overlayAbove } from './deletedFiles.js';
import { deniedBy } from './denial.js';
import type { Diagnosis, Finding } from './examination.js';
import { examinationNeeds } from './examinationNeeds.js';
import { frozenFile, wholeChain } from './fileUse.js';
import { knownVersions } from './knownVersions.js';
import { frozenFileObstacle } from './obstacles.js';
import type { Repair } from './operation.js';
import { orphanFiles, orphanTags, ownImages } from './orphans.js';
import type { Situation } from './plan.js';
import { lostData, overlaysOn } from './planMetadataRepair.js';
import type { Snapshot, SnapshotKind } from './snapshot.js';
import { isOnActivePath, styleOfVm } from './snapshotTree.js';
import { brokenObstacle } from './snapshotWhole.js';
import { snapshotableDisks } from './vm.js';

export interface Found {
  readonly finding: Finding;
  readonly severity: Diagnosis['severity'];
  readonly repair?: Repair;
}

export function findings(situation: Situation): readonly Found[] {
  return [
    ...stateFindings(situation),
    ...treeFindings(situation),
    ...situation.tree.snapshots.flatMap((snapshot) => snapshotFindings(snapshot, situation)),
    ...chainFindings(situation),
    ...orphanTags(situation).map(({ file, tag }): Found => ({
      finding: { what: 'orphanTag', file, tag },
      severity: 'warning',
      repair: { what: 'removeTag', file, tag },
    })),
    ...orphanFiles(situation).map(({ file, bytes }): Found => ({
      finding: { what: 'orphanFile', file, bytes },
      severity: 'note',
      repair: { what: 'removeFiles', files: [file] },
    })),
    ...otherVmFindings(situation),
    ...versionFindings(situation),
    ...sightFindings(situation),
  ];
}

/**
 * | state                                | finding     | repair          |
 * |--------------------------------------|-------------|-----------------|
 * | paused, to be saved or snapshotted   | pausedSaving | resumeAfterSave |
 * | its agent says that it is frozen     | guestFrozen | thawGuest       |
 * | a managed save                       | managedSave | none: it is somebody's RAM |
 */
function stateFindings({ vm, agent }: Situation): readonly Found[] {
  const found: Found[] = [];
  if (vm.power === 'paused' && (vm.powerReason === 'saving' || vm.powerReason === 'snapshotting')) {
    found.push({ finding: { what: 'pausedSaving' }, severity: 'error', repair: { what: 'resumeAfterSave' } });
  }
  if (agent === 'frozen') {
    found.push({ finding: { what: 'guestFrozen' }, severity: 'error', repair: { what: 'thawGuest' } });
  }
  if (vm.managedSave) {
    found.push({ finding: { what: 'managedSave' }, severity: 'note' });
  }
  return found;
}

/** Internal snapshots need no current one; an external one that the VM is on can be made it. */
function treeFindings(situation: Situation): readonly Found[] {
  const { tree, capabilities } = situation;
  const found: Found[] = [];
  const style = styleOfVm(tree);
  if (style === 'mixed') {
    found.push({ finding: { what: 'mixedStyles' }, severity: 'warning' });
  }
  const known = tree.current !== undefined && tree.snapshots.some(({ name }) => name === tree.current);
  if (capabilities.driver === 'qemu' && !known && (style === 'external' || style === 'mixed')) {
    const on = tree.snapshots.find((one) => one.style === 'external' && overlaysOn(one, situation) !== undefined);
    found.push({
      finding: { what: 'noCurrent' },
      severity: 'warning',
      ...(on === undefined ? {} : { repair: { what: 'makeCurrent', snapshot: on.name } as const }),
    });
  }
  return found;
}

/**
 * | of a snapshot                                     | finding           | repair |
 * |---------------------------------------------------|-------------------|--------|
 * | its tag, a file that it needs is gone             | tagMissing, overlayMissing | forgetSnapshot |
 * | its memory file is gone                           | memoryFileMissing | none: its disks are there |
 * | marked as half merged                             | unfinishedDelete  | finishDelete |
 * | the VM writes into what it froze                  | onFrozenFiles     | leaveFrozenFiles |
 * | the VM's chain is not as it says, its data may be gone | staleMetadata | forgetSnapshot |
 * | the same, its data is there                       | staleMetadata     | none |
 */
function snapshotFindings(snapshot: Snapshot, situation: Situation): readonly Found[] {
  const { name } = snapshot;
  const found: Found[] = [];
  const broken = brokenObstacle(snapshot, situation)?.refusal;
  const file = broken?.facts['file'] ?? '';
  const forget: Repair = { what: 'forgetSnapshot', snapshot: name };
  if (broken?.reason === 'tagMissing') {
    found.push({ finding: { what: 'tagMissing', snapshot: name, file }, severity: 'error', repair: forget });
  } else if (broken?.reason === 'overlayMissing') {
    found.push({ finding: { what: 'overlayMissing', snapshot: name, file }, severity: 'error', repair: forget });
  } else if (broken?.reason === 'memoryFileMissing') {
    found.push({ finding: { what: 'memoryFileMissing', snapshot: name, file }, severity: 'error' });
  }
  for (const { target } of snapshot.disks.filter(({ deleteInProgress }) => deleteInProgress)) {
    found.push({
      finding: { what: 'unfinishedDelete', snapshot: name, disk: target },
      severity: 'error',
      repair: { what: 'finishDelete', snapshot: name },
    });
  }
  const frozen = frozenFileObstacle(snapshot, situation)?.refusal.facts;
  if (frozen !== undefined) {
    found.push({
      finding: { what: 'onFrozenFiles', snapshot: name, disk: frozen['disk'] ?? '', file: frozen['file'] ?? '' },
      severity: 'error',
      repair: { what: 'leaveFrozenFiles', snapshot: name },
    });
  }
  const stale = staleDisk(snapshot, situation);
  if (stale !== undefined && broken === undefined && frozen === undefined) {
    const lost = lostData(snapshot, situation) !== undefined;
    found.push({
      finding: { what: 'staleMetadata', snapshot: name, disk: stale },
      severity: 'warning',
      ...(lost ? { repair: forget } : {}),
    });
  }
  return found;
}

/** A disk whose chain does not hold what this snapshot of the active path froze, right below the overlay above it. */
function staleDisk(snapshot: Snapshot, situation: Situation): string | undefined {
  if (!isOnActivePath(situation.tree, snapshot.name)) {
    return undefined;
  }
  return externalTargets(snapshot).find((target) => {
    const chain = chainOf(target, situation);
    const frozen = frozenFile(situation, snapshot.name, target);
    const above = overlayAbove(snapshot, target, situation);
    if (chain === undefined || frozen === undefined || above === undefined) {
      return false;
    }
    const at = chain.indexOf(above);
    return at < 0 || chain[at + 1] !== frozen;
  });
}

/** Of the VM's own disks, and of all images that hold its snapshots. */
function chainFindings(situation: Situation): readonly Found[] {
  const { vm, files } = situation;
  const missing = new Set(
    snapshotableDisks(vm)
      .flatMap((disk) => wholeChain(disk, situation))
      .filter((file) => files?.images.get(file) === 'missing'),
  );
  const corrupt = [...ownImages(situation)].filter((file) => {
    const image = files?.images.get(file);
    return typeof image === 'object' && image.corrupt === true;
  });
  return [
    ...[...missing].map((file): Found => ({ finding: { what: 'overlayMissing', file }, severity: 'error' })),
    ...corrupt.map((file): Found => ({ finding: { what: 'corruptImage', file }, severity: 'error' })),
  ];
}

/** One of each other VM: the first file that both need. */
function otherVmFindings(situation: Situation): readonly Found[] {
  const own = ownImages(situation);
  return (situation.otherVms ?? []).flatMap(({ name, files }): readonly Found[] => {
    const file = files.find((one) => own.has(one));
    return file === undefined ? [] : [{ finding: { what: 'usedByOtherVm', file, vm: name }, severity: 'note' }];
  });
}

const actions = ['create', 'revert', 'delete'] as const;
const kinds: readonly SnapshotKind[] = ['memory', 'disk', 'offline'];

/** Of the styles that the VM has, or of both where it has none yet. */
function versionFindings({ vm, tree, capabilities }: Situation): readonly Found[] {
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const { libvirt } = capabilities;
  const own = styleOfVm(tree);
  const styles = (['internal', 'external'] as const).filter(
    (style) => own === style || own === 'mixed' || own === 'none',
  );
  const version = formatVersion(libvirt);
  const concerned = knownVersions.filter(
    ({ from, before, concerns }) =>
      libvirt >= from &&
      libvirt < before &&
      actions.some((action) => styles.some((style) => kinds.some((kind) => concerns({ action, style, kind, vm })))),
  );
  // AppArmor cannot be seen from here, so no plan warns of it.
  const forbidden =
    libvirt >= versionOf(9, 0) && libvirt < versionOf(12, 1) && styles.includes('external')
      ? [
          {
            why: 'where AppArmor is on, it may forbid to merge files when an external snapshot of a running VM is deleted',
            source: 'libvirt 806; Debian 932456',
          },
        ]
      : [];
  return [...concerned, ...forbidden].map(({ why, source }) => ({
    finding: { what: 'knownBadVersion', version, why, source },
    severity: 'note',
  }));
}

/** Folders in which nothing may be done, and files that could not be looked at. */
function sightFindings(situation: Situation): readonly Found[] {
  const { files, capabilities } = situation;
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const denied = [...(files?.canAct ?? [])].flatMap(([folder, can]): readonly Found[] =>
    can !== 'yes' && can.why === 'denied'
      ? [
          {
            finding: { what: 'denied', file: folder, by: deniedBy(can.said)?.by ?? 'permissions' },
            severity: 'warning',
          },
        ]
      : [],
  );
  const wanted = examinationNeeds(situation);
  const unseen = [
    ...wanted.images.filter((file) => isUnseen(files?.images.get(file))),
    ...wanted.files.filter((file) => isUnseen(files?.files.get(file))),
  ];
  return unseen.length === 0 ? denied : [...denied, { finding: { what: 'notSeen', files: unseen }, severity: 'note' }];
}

function isUnseen(seen: unknown): boolean {
  return seen === undefined || seen === 'unknown';
}
