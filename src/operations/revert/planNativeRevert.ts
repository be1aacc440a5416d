// Whether libvirt itself can revert to an external snapshot, and what it would break if it did: it stops a running VM
// before it looks whether it can give it new overlays, and removes the overlays of the state that is left without a
// look at who is built on them. Knows no steps.
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import { restingOn, snapshotsNaming, takesPart } from '../../domain/chains/fileUse.js';
import { anotherFileRefusal } from '../diskRefusals.js';
import type { CannotAct } from '../../domain/hostFiles.js';
import { tagRefusal } from '../../domain/chains/doomedTags.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { folderOf, revertSeconds } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { ramQemuRefusal } from '../startRefusal.js';
import { currentOf } from '../../domain/snapshotTree.js';
import { missingOf, otherRamRefusal } from '../../domain/chains/snapshotWhole.js';
import type { VmDisk } from '../../domain/vm.js';

/**
 * Seen on 9.0, 11.3 and 12.8; the rule of 11.0 is upstream's.
 *
 * | libvirt        | state in the snapshot | current snapshot | → |
 * |----------------|-----------------------|------------------|---|
 * | < 9.9          | any                   | any              | externalRevertUnsupported |
 * | 9.9 – 10.10    | disk-snapshot         | any              | diskOnlyRevertUnsupported |
 * | ≥ 9.9          | any                   | none             | noCurrentSnapshot (the daemon would crash) |
 * | ≥ 9.9          | another; from 11.0 any | there           | ok, unless a file stands in the way, or the RAM, which it loads to stop it again |
 */
export function nativeRevertRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, tree, capabilities } = facts;
  const version = formatVersion(capabilities.libvirt);
  const title = snapshot.title;
  if (!capabilities.externalRevert) {
    return refuse('externalRevertUnsupported', { snapshot: title, version, needed: '9.9' });
  }
  if (snapshot.state === 'disk-snapshot' && capabilities.libvirt < versionOf(11, 0)) {
    return refuse('diskOnlyRevertUnsupported', { snapshot: title, version, needed: '11.0' });
  }
  if (currentOf(tree) === undefined) {
    return refuse('noCurrentSnapshot', { vm: vm.name, snapshot: title, version });
  }
  return (
    ramQemuRefusal(snapshot.name, facts) ??
    otherRamRefusal(snapshot, facts) ??
    neededOverlayRefusal(snapshot, facts) ??
    newOverlayRefusal(snapshot, facts)
  );
}

/**
 * libvirt removes the overlays of the state that is left: those that the current snapshot says the VM got at a revert
 * to it, or else those that it made itself. Once the current snapshot has children, the latter are what these are built
 * on. Measured on 11.3: `p`, `a` above it; revert to `p`; `b` above it; delete `b`. `p` is current again, says nothing
 * of a revert any more, and the next revert to whatever removes the file that `a` is built on.
 *
 * | removed: revertDisks of the current one, else its disks | → |
 * |---------------------------------------------------------|---|
 * | nobody but the VM is built on them                      | ok |
 * | the VM does not stand on one: of a disk that was removed | revertRemovesFile |
 * | a snapshot is                                           | revertRemovesFile; a new snapshot becomes current, and its own overlay is removed instead |
 * | one holds a snapshot inside                             | tagInLayer; we leave the file |
 * | another VM is, or an image that no VM names; a program has one open | usedByOtherVm, usedByImage, heldByProgram |
 * | another VM’s chain cannot be read                       | otherVmUnread |
 */
function neededOverlayRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const removed = overlaysRemovedByLibvirt(facts);
  const resting = restingOn(facts, removed);
  const user = snapshotsNaming(facts, resting)[0];
  if (user !== undefined) {
    return refuse('revertRemovesFile', {
      snapshot: snapshot.title,
      by: user.snapshot.title,
      file: user.file,
      version: formatVersion(facts.capabilities.libvirt),
    });
  }
  const { vm, configured = [], capabilities, files } = facts;
  const disks = [...vm.disks, ...configured];
  const own = new Set(disks.flatMap((disk) => wholeChain(disk, facts)));
  const left = madeByCurrent(facts).find(({ file, target }) => {
    const seen = own.has(file) ? 'missing' : files?.images.get(file);
    // Of a disk that it has, one that nobody sees went long ago, or may have.
    return typeof seen === 'object' || (seen === 'unknown' && disks.every((disk) => disk.target !== target));
  })?.file;
  if (left !== undefined) {
    const version = formatVersion(capabilities.libvirt);
    return refuse('revertRemovesFile', { snapshot: snapshot.title, by: '', file: left, version });
  }
  return tagRefusal(removed, facts) ?? otherVmRefusal(resting, facts, 'refuse');
}

/** The overlays that libvirt removes when it has reverted. */
export function overlaysRemovedByLibvirt(facts: Facts): readonly string[] {
  return madeByCurrent(facts).map(({ file }) => file);
}

function madeByCurrent({ tree }: Facts): readonly { readonly target: string; readonly file: string }[] {
  const current = currentOf(tree);
  return (current?.revertDisks ?? current?.disks ?? []).flatMap(({ target, location, file }) =>
    location === 'external' && file !== undefined ? [{ target, file }] : [],
  );
}

/**
 * Every disk of the snapshot gets the overlay `<its file without what follows the last dot>.<second>`, whether it took
 * part or not; a CD-ROM with a medium too. Measured on 11.3: where that fails, the VM is off.
 *
 * | disks of the snapshot, empty drives left out | → |
 * |----------------------------------------------|---|
 * | one is no file, or named by pool and volume  | diskTypeUnsupported |
 * | one that took no part stands against an overlay, see `anotherFileRefusal` | that |
 * | … and its owner said `snapshot='no'`, `'manual'` or `'internal'`, which libvirt passes over here | ownerChose |
 * | two differ behind the last dot only          | overlayNamesCollide |
 * | the file of one that took no part is missing | overlayMissing, whatever its `startupPolicy` |
 * | … stands where nothing can be made, unlike beside those that took part | filesOutOfReach |
 * | otherwise, or not known                      | ok |
 */
function newOverlayRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, capabilities, frozenDisks } = facts;
  const disks = (frozenDisks?.get(snapshot.name) ?? []).filter(
    ({ source, sourceType }) => source !== undefined || (sourceType !== 'file' && sourceType !== 'block'),
  );
  const device = disks.find(({ sourceType, volume }) => sourceType !== 'file' || volume !== undefined);
  if (device !== undefined) {
    const type = device.volume === undefined ? device.sourceType : 'volume';
    return refuse('diskTypeUnsupported', { vm: vm.name, disk: device.target, type });
  }
  const others = disks.filter(({ target }) => !takesPart(snapshot, target));
  const wished = others.find(({ snapshot: wish }) => wish !== undefined && wish !== 'external');
  const peculiar =
    wished === undefined
      ? anotherFileRefusal(others, facts)
      : refuse('ownerChose', { vm: vm.name, disk: wished.target, wish: wished.snapshot ?? '' });
  if (peculiar !== undefined) {
    return peculiar;
  }
  const targets = new Map<string, string>();
  for (const { source = '', target } of disks) {
    const stem = source.replace(/\.[^./]*$/u, '');
    const other = targets.get(stem);
    if (other !== undefined) {
      const version = formatVersion(capabilities.libvirt);
      return refuse('overlayNamesCollide', { snapshot: snapshot.title, disk: other, other: target, version });
    }
    targets.set(stem, target);
  }
  return besideRefusal(snapshot, disks, facts);
}

/**
 * A medium in a read-only folder costs a running VM its state. Where all folders are out of reach, it is ours alone.
 */
function besideRefusal(snapshot: Snapshot, disks: readonly VmDisk[], facts: Facts): RefusedDecision | undefined {
  const canActOn = ({ source = '' }: VmDisk): 'yes' | CannotAct | undefined =>
    facts.files?.canAct.get(folderOf(source));
  const taking = disks.filter(({ target }) => takesPart(snapshot, target));
  for (const disk of disks.filter((one) => !taking.includes(one))) {
    const file = missingOf(disk, facts);
    if (file !== undefined) {
      return refuse('overlayMissing', { snapshot: snapshot.title, disk: disk.target, file });
    }
    const beside = canActOn(disk);
    if (typeof beside === 'object' && taking.every((one) => canActOn(one) === 'yes')) {
      return refuse('filesOutOfReach', { folder: folderOf(disk.source ?? ''), why: beside.why });
    }
  }
  return undefined;
}

/**
 * libvirt names the new overlays by the second, and looks whether the names are free only after it has stopped the VM:
 * two reverts within one second cost a running VM its state. Our own are kept apart when they are carried out, whatever
 * the host's clock says; this is for those of others. The two seconds allow for clocks that differ a little; one
 * that differs by more cannot be told from an old file.
 *
 * | overlays of reverts            | → |
 * |--------------------------------|---|
 * | none, or of earlier seconds    | nothing to wait for |
 * | of this second or the next two | the last of those seconds is waited out |
 * | later still                    | nothing to wait for: a clock was wrong |
 */
export function secondToWaitFor(facts: Facts): number | undefined {
  const now = Math.floor(facts.now / 1_000);
  const near = revertSeconds(facts).filter((second) => second >= now && second <= now + 2);
  return near.length === 0 ? undefined : Math.max(...near);
}
