// What is wrong with one snapshot: data that is gone, a merge that broke off, metadata that does not fit the VM's chain.
import { externalTargets } from '../domain/chains/deletedFiles.js';
import { nvramCopy } from '../domain/chains/nvramCopy.js';
import { brokenRefusal } from '../domain/chains/snapshotWhole.js';
import type { Repair } from '../domain/operation.js';
import type { Facts } from '../domain/facts.js';
import type { Snapshot } from '../domain/snapshot.js';
import { nvramVerdict } from '../domain/snapshotStyle.js';
import { childrenOf, isOnActivePath } from '../domain/snapshotTree.js';
import { frozenFileRefusal } from '../operations/refusals.js';
import { lostData } from '../operations/repair/planMetadataRepair.js';
import { wrongTagRefusal } from '../domain/chains/tagNames.js';
import { elsewhereRefusal } from '../domain/chains/frozenContent.js';
import { unownedImageRefusal } from '../domain/chains/unownedImage.js';
import { type Stray, strayFile } from '../domain/chains/strayFile.js';
import type { Found } from './found.js';

export function unfinishedDeletes({ name, disks }: Snapshot): readonly Found[] {
  return disks
    .filter(({ deleteInProgress }) => deleteInProgress)
    .map(({ target }) => ({
      finding: { kind: 'unfinishedDelete', snapshot: name, disk: target },
      severity: 'error',
      repair: { kind: 'finishDelete', snapshot: name },
    }));
}

/**
 * | of a snapshot                                     | finding           | repair |
 * |---------------------------------------------------|-------------------|--------|
 * | its tag, a file that it needs is gone             | tagMissing, overlayMissing | forgetSnapshot |
 * | its tag holds no RAM, and it is to bring some back | tagWithoutRam    | forgetSnapshot |
 * | QEMU takes its name for another's ID, or two have it | nameIsTagId, tagTwice | none |
 * | its memory file is gone, or no whole one          | memoryFileMissing, memoryFileBroken | keepDisks |
 * | marked as half merged                             | unfinishedDelete  | finishDelete |
 * | the VM writes into what it froze                  | onFrozenFiles     | leaveFrozenFiles |
 * | the VM's chain is not as it says, its data may be gone | staleMetadata | forgetSnapshot |
 * | the same, its data is there                       | staleMetadata     | none |
 * | it names an overlay that nobody is on any more    | namesOtherOverlay | none: it can go when it is the current one |
 */
export function snapshotFindings(snapshot: Snapshot, facts: Facts): readonly Found[] {
  const { name } = snapshot;
  const found: Found[] = [];
  const broken = brokenRefusal(snapshot, facts)?.refusal;
  const file = broken?.facts['file'] ?? '';
  const forget: Repair = { kind: 'forgetSnapshot', snapshot: name };
  if (broken?.reason === 'tagMissing') {
    found.push({ finding: { kind: 'tagMissing', snapshot: name, file }, severity: 'error', repair: forget });
  } else if (broken?.reason === 'tagWithoutRam') {
    found.push({ finding: { kind: 'tagWithoutRam', snapshot: name }, severity: 'error', repair: forget });
  } else if (broken?.reason === 'overlayMissing') {
    found.push({ finding: { kind: 'overlayMissing', snapshot: name, file }, severity: 'error', repair: forget });
  } else if (broken?.reason === 'memoryFileMissing' || broken?.reason === 'memoryFileBroken') {
    const repair: Repair = { kind: 'keepDisks', snapshot: name };
    found.push({ finding: { kind: broken.reason, snapshot: name, file }, severity: 'error', repair });
  }
  found.push(...wrongTags(snapshot, facts), ...unfinishedDeletes(snapshot));
  if (variablesAreNowhere(snapshot, facts)) {
    found.push({ finding: { kind: 'nvramNotHeld', snapshot: name }, severity: 'note' });
  }
  const frozen = frozenFileRefusal(snapshot, facts)?.refusal.facts;
  if (frozen !== undefined) {
    found.push({
      finding: { kind: 'onFrozenFiles', snapshot: name, disk: frozen['disk'] ?? '', file: frozen['file'] ?? '' },
      severity: 'error',
      repair: { kind: 'leaveFrozenFiles', snapshot: name },
    });
  }
  const elsewhere = (elsewhereRefusal(snapshot, facts) ?? unownedImageRefusal(snapshot, facts))?.refusal.facts;
  if (elsewhere !== undefined && broken === undefined && frozen === undefined) {
    found.push({
      finding: { kind: 'staleMetadata', snapshot: name, disk: elsewhere['disk'] ?? '' },
      severity: 'warning',
    });
    return found;
  }
  const { disk, stray } = strayDisk(snapshot, facts) ?? {};
  if (disk === undefined || stray === undefined || broken !== undefined || frozen !== undefined) {
    return found;
  }
  if (stray.by === 'place') {
    const lost = lostData(snapshot, facts) !== undefined;
    const finding = { kind: 'staleMetadata', snapshot: name, disk } as const;
    found.push({ finding, severity: 'warning', ...(lost ? { repair: forget } : {}) });
  } else if (facts.tree.current !== name && !isOfBranch(snapshot, stray.file, facts)) {
    found.push({ finding: { kind: 'namesOtherOverlay', snapshot: name, disk, file: stray.file }, severity: 'note' });
  }
  return found;
}

/** Nothing can be mended here: libvirt knows a tag by its name alone. */
function wrongTags(snapshot: Snapshot, facts: Facts): readonly Found[] {
  const { reason, facts: told } = wrongTagRefusal(snapshot, facts)?.refusal ?? {};
  const place = { snapshot: snapshot.name, file: told?.['file'] ?? '' };
  return snapshot.style !== 'internal'
    ? []
    : reason === 'nameIsTagId'
      ? [{ finding: { kind: reason, ...place, other: told?.['other'] ?? '' }, severity: 'warning' }]
      : reason === 'tagTwice'
        ? [{ finding: { kind: reason, ...place }, severity: 'warning' }]
        : [];
}

/**
 * | snapshot | this libvirt puts UEFI variables into it | a copy beside the original | they are nowhere |
 * |----------|------------------------------------------|----------------------------|------------------|
 * | internal | yes                                      | any                        | no               |
 * | internal | no                                       | certainly none             | yes              |
 * | external | never                                    | certainly none             | yes              |
 * | any      | no                                       | there, or not to be seen   | no, or not known |
 */
function variablesAreNowhere(snapshot: Snapshot, { vm, capabilities, files }: Facts): boolean {
  if (vm.firmware === 'bios' || vm.nvram === undefined) {
    return false;
  }
  const state = snapshot.kind === 'offline' ? 'off' : 'running';
  const inside = snapshot.style === 'internal' && nvramVerdict(vm, capabilities, state) === 'captured';
  return !inside && files?.files.get(nvramCopy(vm.nvram, snapshot.name)) === 'missing';
}

/** Of the disks that it keeps as files of their own, the first that lies elsewhere, else the first that is named otherwise. */
function strayDisk(snapshot: Snapshot, facts: Facts): { readonly disk: string; readonly stray: Stray } | undefined {
  const found = externalTargets(snapshot).flatMap((disk) => {
    const stray = strayFile(snapshot, disk, facts);
    return stray === undefined ? [] : [{ disk, stray }];
  });
  return found.find(({ stray }) => stray.by === 'place') ?? found[0];
}

/** A branch beside the VM's is built on it: there the metadata is right, and no delete asks before that one is gone. */
function isOfBranch(snapshot: Snapshot, file: string, { tree, frozenDisks }: Facts): boolean {
  return childrenOf(tree, snapshot.name).some(
    ({ name }) => !isOnActivePath(tree, name) && frozenDisks?.get(name)?.some(({ source }) => source === file) === true,
  );
}
