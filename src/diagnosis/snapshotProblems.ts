// What is wrong with one snapshot: data that is gone, a merge that broke off, metadata that does not fit the VM's
// chain.
import { externalTargets } from '../domain/chains/deletedFiles.js';
import { isMoved } from '../domain/chains/movedFiles.js';
import { stateCopy } from '../domain/chains/stateCopies.js';
import { brokenRefusal } from '../domain/chains/snapshotWhole.js';
import type { Facts } from '../domain/facts.js';
import { ramTarget } from '../domain/frozenRecord.js';
import type { Snapshot } from '../domain/snapshot.js';
import { nvramVerdict } from '../domain/snapshotStyle.js';
import { childrenOf, isOnActivePath, styleOfVm } from '../domain/snapshotTree.js';
import { frozenFileRefusal } from '../operations/refusals.js';
import { lostDataRefusal } from '../operations/repair/planMetadataRepair.js';
import { wrongTagRefusal } from '../domain/chains/tagNames.js';
import { elsewhereRefusal } from '../domain/chains/frozenContent.js';
import { contentChangedRefusal } from '../domain/chains/frozenLayers.js';
import { unownedImageRefusal } from '../domain/chains/unownedImage.js';
import { isBereft, type Stray, strayFile } from '../domain/chains/strayFile.js';
import { planDelete } from '../operations/delete/planDelete.js';
import type { HealthFacts } from './healthFacts.js';
import type { Problem } from './problem.js';

export function unfinishedDeletes({ name, disks }: Snapshot): readonly Problem[] {
  return disks
    .filter(({ deleteInProgress }) => deleteInProgress)
    .map(({ target }) => ({ kind: 'unfinishedDelete', snapshot: name, disk: target }));
}

/**
 * | of a snapshot                                     | problem           | repair |
 * |---------------------------------------------------|-------------------|--------|
 * | its tag, a file that it needs is gone, or another | tagMissing, overlayMissing | forgetSnapshot |
 * | its tag holds no RAM, and it is to bring some back | tagWithoutRam    | forgetSnapshot |
 * | QEMU takes its name for another's ID, or two have it | nameIsTagId, tagTwice | none |
 * | its memory file is gone, or no whole one          | memoryFileMissing, memoryFileBroken | keepDisks |
 * | marked as half merged                             | unfinishedDelete  | finishDelete |
 * | a layer that it rests on is not what it was       | contentChanged    | forgetSnapshot |
 * | its RAM is not what it was                        | contentChanged    | keepDisks |
 * | the VM writes into what it froze                  | onFrozenFiles     | leaveFrozenFiles |
 * | the VM's chain is not as it says, its data may be gone | staleMetadata, lost | forgetSnapshot |
 * | the same, it is below layers whose snapshots were forgotten | staleMetadata | forgetSnapshot |
 * | the same, its data is there                       | staleMetadata     | none |
 * | it names an overlay that nobody is on any more    | namesOtherOverlay | none: it can go when it is the current one |
 */
export function snapshotProblems(snapshot: Snapshot, facts: Facts): readonly Problem[] {
  const { name } = snapshot;
  const found: Problem[] = [];
  const broken = brokenRefusal(snapshot, facts)?.refusal;
  const reason = broken?.reason;
  const { file = '', other } = broken?.facts ?? {};
  if (reason === 'tagWithoutRam') {
    found.push({ kind: reason, snapshot: name });
  } else if (reason === 'tagMissing') {
    found.push({ kind: reason, snapshot: name, file, ...(other === 'yes' && { other: true }) });
  } else if (reason === 'overlayMissing' || reason === 'memoryFileMissing' || reason === 'memoryFileBroken') {
    // Told once for all that name it.
    found.push(...(isMoved(file, facts) ? [] : [{ kind: reason, snapshot: name, file }]));
  }
  found.push(...wrongTags(snapshot, facts), ...unfinishedDeletes(snapshot));
  if (areVariablesMissing(snapshot, facts)) {
    found.push({ kind: 'nvramNotHeld', snapshot: name });
  }
  const frozen = frozenFileRefusal(snapshot, facts)?.refusal.facts;
  if (frozen !== undefined) {
    found.push({ kind: 'onFrozenFiles', snapshot: name, disk: frozen['disk'] ?? '', file: frozen['file'] ?? '' });
  }
  const why = frozen === undefined ? contentChangedRefusal(snapshot, facts)?.refusal : undefined;
  const changed = why?.facts['disk'] ?? '';
  if (why !== undefined && (broken === undefined || changed !== ramTarget)) {
    found.push({ kind: 'contentChanged', snapshot: name, disk: changed, file: why.facts['file'] ?? '', why });
  }
  const elsewhere = (elsewhereRefusal(snapshot, facts) ?? unownedImageRefusal(snapshot, facts))?.refusal.facts;
  if (elsewhere !== undefined && broken === undefined && frozen === undefined) {
    found.push({ kind: 'staleMetadata', snapshot: name, disk: elsewhere['disk'] ?? '', canForget: false });
    return found;
  }
  const { disk, stray } = strayDisk(snapshot, facts) ?? {};
  if (disk === undefined || stray === undefined || broken !== undefined || frozen !== undefined) {
    return found;
  }
  if (stray.by === 'place') {
    const canForget = lostDataRefusal(snapshot, facts) !== undefined || isBereft(snapshot, facts);
    found.push({ kind: 'staleMetadata', snapshot: name, disk, canForget });
  } else if (facts.tree.current !== name && !isOfBranch(snapshot, stray.file, facts)) {
    found.push({ kind: 'namesOtherOverlay', snapshot: name, disk, file: stray.file });
  }
  return found;
}

/** Nothing can be mended here: libvirt knows a tag by its name alone. */
function wrongTags(snapshot: Snapshot, facts: Facts): readonly Problem[] {
  const { reason, facts: told } = wrongTagRefusal(snapshot, facts)?.refusal ?? {};
  const place = { snapshot: snapshot.name, file: told?.['file'] ?? '' };
  return snapshot.style !== 'internal'
    ? []
    : reason === 'nameIsTagId'
      ? [{ kind: reason, ...place, other: told?.['other'] ?? '' }]
      : reason === 'tagTwice'
        ? [{ kind: reason, ...place }]
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
function areVariablesMissing(snapshot: Snapshot, { vm, capabilities, files }: Facts): boolean {
  if (vm.firmware === 'bios' || vm.nvram === undefined) {
    return false;
  }
  const state = snapshot.kind === 'offline' ? 'off' : 'running';
  const inside = snapshot.style === 'internal' && nvramVerdict(vm, capabilities, state) === 'captured';
  return !inside && files?.files.get(stateCopy(snapshot.nvram ?? vm.nvram, snapshot.name)) === 'missing';
}

/** Returns the first disk with a file of its own that lies elsewhere, else the first with an unusual name. */
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

/** Those that no plan deletes as things are, of a VM with both styles. */
export function undeletableSnapshots({ vm, tree, capabilities, now }: HealthFacts): readonly Problem[] {
  if (tree === undefined || capabilities === undefined || styleOfVm(tree) !== 'mixed') {
    return [];
  }
  const facts = { vm, tree, capabilities, now };
  const ref = { connection: '', uuid: vm.uuid };
  const stuck = tree.snapshots
    .map(({ name }) => name)
    .filter((name) => planDelete({ kind: 'delete', vm: ref, snapshot: name, scope: 'one' }, facts).kind !== 'plan');
  return stuck.length === 0 ? [] : [{ kind: 'mixedUndeletable', snapshots: stuck }];
}

/** Another client's snapshot says nothing of it, so nothing is said. */
export function unquiescedSnapshots({ tree }: HealthFacts): readonly Problem[] {
  return (tree?.snapshots ?? [])
    .filter(({ kind, trailers }) => kind === 'disk' && trailers.consistency === 'crash-consistent')
    .map(({ name }): Problem => ({ kind: 'notQuiesced', snapshot: name }));
}
