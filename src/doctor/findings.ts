// What is wrong with a VM's snapshots and files, as far as it is seen: facts → findings, and what would mend each. Knows
// no plan; examine makes them.
import { formatVersion, versionOf } from '../model/capabilities.js';
import { chainOf, externalTargets, overlayAbove } from '../chains/deletedFiles.js';
import { deniedBy } from '../model/denial.js';
import type { Diagnosis, Finding } from '../model/examination.js';
import { examinationNeeds } from './examinationNeeds.js';
import { frozenFile, wholeChain } from '../chains/fileUse.js';
import { lostQemu } from '../chains/lostQemu.js';
import { knownVersions } from '../model/knownVersions.js';
import { frozenFileObstacle } from '../plans/obstacles.js';
import type { Repair } from '../model/operation.js';
import { orphanFiles, orphanTags, ownImages } from '../chains/orphans.js';
import { nvramCopy } from '../chains/nvramCopy.js';
import type { Situation } from '../model/plan.js';
import { lostData, overlaysOn } from '../plans/planMetadataRepair.js';
import type { Snapshot, SnapshotKind } from '../model/snapshot.js';
import { nvramVerdict } from '../model/snapshotStyle.js';
import { isOnActivePath, styleOfVm } from '../model/snapshotTree.js';
import { brokenObstacle } from '../chains/snapshotWhole.js';
import { isActive, snapshotableDisks } from '../model/vm.js';

export interface Found {
  readonly finding: Finding;
  readonly severity: Diagnosis['severity'];
  readonly repair?: Repair;
}

export function findings(situation: Situation): readonly Found[] {
  return [
    ...lostFindings(situation),
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

/** What is seen without looking at any file: cheap enough for all VMs at once. */
export function findingsWithoutFiles(situation: Situation): readonly Found[] {
  return [
    ...stateFindings(situation),
    ...treeFindings(situation),
    ...situation.tree.snapshots.flatMap(unfinishedDeletes),
    ...versionFindings(situation),
  ];
}

function unfinishedDeletes({ name, disks }: Snapshot): readonly Found[] {
  return disks
    .filter(({ deleteInProgress }) => deleteInProgress)
    .map(({ target }) => ({
      finding: { what: 'unfinishedDelete', snapshot: name, disk: target },
      severity: 'error',
      repair: { what: 'finishDelete', snapshot: name },
    }));
}

/**
 * | state                                | finding     | repair          |
 * |--------------------------------------|-------------|-----------------|
 * | paused, to be saved or snapshotted   | pausedSaving | resumeAfterSave |
 * | its agent says that it is frozen     | guestFrozen | thawGuest       |
 * | a managed save                       | managedSave | none: it is somebody's RAM |
 * | transient, with snapshots            | vanishes    | keepVm          |
 */
function stateFindings({ vm, agent, tree, capabilities }: Situation): readonly Found[] {
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
  if (!vm.persistent && tree.snapshots.length > 0 && capabilities.driver === 'qemu') {
    const finding = { what: 'vanishes', snapshots: tree.snapshots.length } as const;
    found.push({ finding, severity: 'error', repair: { what: 'keepVm' } });
  }
  return found;
}

/** Nothing of libvirt's can end a QEMU that it does not know, and nobody else should unasked. */
function lostFindings(situation: Situation): readonly Found[] {
  const lost = lostQemu(situation);
  return lost === undefined ? [] : [{ finding: lost, severity: 'error' }];
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
  found.push(...unfinishedDeletes(snapshot));
  if (variablesAreNowhere(snapshot, situation)) {
    found.push({ finding: { what: 'nvramNotHeld', snapshot: name }, severity: 'note' });
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

/**
 * | snapshot | this libvirt puts UEFI variables into it | a copy beside the original | they are nowhere |
 * |----------|------------------------------------------|----------------------------|------------------|
 * | internal | yes                                      | any                        | no               |
 * | internal | no                                       | certainly none             | yes              |
 * | external | never                                    | certainly none             | yes              |
 * | any      | no                                       | there, or not to be seen   | no, or not known |
 */
function variablesAreNowhere(snapshot: Snapshot, { vm, capabilities, files }: Situation): boolean {
  if (vm.firmware === 'bios' || vm.nvram === undefined) {
    return false;
  }
  const state = snapshot.kind === 'offline' ? 'off' : 'running';
  const inside = snapshot.style === 'internal' && nvramVerdict(vm, capabilities, state) === 'captured';
  return !inside && files?.files.get(nvramCopy(vm.nvram, snapshot.name)) === 'missing';
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
    ...changedBackings(situation),
    ...[...missing].map((file): Found => ({ finding: { what: 'overlayMissing', file }, severity: 'error' })),
    ...corrupt.map((file): Found => ({ finding: { what: 'corruptImage', file }, severity: 'error' })),
  ];
}

/** Clocks of file systems are not finer than this, and QEMU writes the last words into a base after its overlay is made. */
const slackMs = 60_000;

/**
 * A base is at rest from the moment its overlay is made. Whoever merges into it writes the name of the new base into the
 * overlay above afterwards, so that this one is younger again.
 *
 * | base written to | block job on the VM | → |
 * |-----------------|---------------------|---|
 * | more than a minute after the overlay was last | none | backingChanged |
 * | the same        | one, or not known while the VM runs | not judged: it may be merging |
 * | not later       | any                 | in order |
 */
function changedBackings(situation: Situation): readonly Found[] {
  const { vm, files, blockJobs } = situation;
  if (isActive(vm.power) && blockJobs?.length !== 0) {
    return [];
  }
  return [...ownImages(situation)].flatMap((overlay): readonly Found[] => {
    const image = files?.images.get(overlay);
    const file = typeof image === 'object' ? image.backing?.file : undefined;
    const base = file === undefined ? undefined : files?.images.get(file);
    if (typeof image !== 'object' || file === undefined || typeof base !== 'object') {
      return [];
    }
    const later = (base.modifiedAt ?? Number.NaN) - (image.modifiedAt ?? Number.NaN);
    return later > slackMs ? [{ finding: { what: 'backingChanged', file, overlay }, severity: 'warning' }] : [];
  });
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
