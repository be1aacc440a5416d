// Whether a revert to an internal snapshot would damage anybody: afterwards the VM writes into the image that holds it.
// Knows no steps.
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { restingOn, restsOn, snapshotsIn, takesPart } from '../../domain/chains/fileUse.js';
import { wrongTagRefusal } from '../../domain/chains/tagNames.js';
import { outsideUserRefusal } from '../../domain/chains/otherVms.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isSafeName } from '../../domain/snapshotName.js';
import { loadsAgain } from '../../domain/snapshotStyle.js';
import { styleOfVm } from '../../domain/snapshotTree.js';

/**
 * Where libvirt cannot load its RAM, it notices when it has stopped the VM: see `loadsAgain`.
 * Where the name leads QEMU to another tag: see `wrongTagRefusal`.
 *
 * | who rests on that image                                | → |
 * |--------------------------------------------------------|---|
 * | nobody, or internal snapshots inside it                | ok |
 * | an external snapshot, whose overlay hangs on it        | internalBaseInUse |
 * | any snapshot, or the VM, in an overlay above it        | internalBaseInUse |
 * | it on a file that the VM writes to                     | frozenFileInUse |
 * | another VM, an image that no VM names, a program       | usedByOtherVm, usedByImage, heldByProgram |
 * | not known, on a VM of both styles                      | internalBaseInUse |
 *
 * From 10.9 on a running VM's snapshots are jobs of QEMU, whose names bear fewer characters.
 */
export function internalRevertRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { tree, vm, capabilities, frozenDisks } = facts;
  const byJobs = capabilities.libvirt >= versionOf(10, 9) && snapshot.kind === 'memory';
  if (byJobs && !isSafeName(snapshot.name)) {
    return refuse('unsafeSnapshotName', { snapshot: snapshot.title, version: formatVersion(capabilities.libvirt) });
  }
  if (snapshot.kind === 'memory' && !loadsAgain(snapshot, capabilities)) {
    return refuse('ramNotLoadable', { vm: vm.name, snapshot: snapshot.title });
  }
  const wrong = wrongTagRefusal(snapshot, facts);
  if (wrong !== undefined || frozenDisks === undefined) {
    return wrong;
  }
  const images = (frozenDisks.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
  if (images.length === 0) {
    return styleOfVm(tree) === 'mixed' ? refuse('internalBaseInUse', { snapshot: snapshot.title }) : undefined;
  }
  for (const { source: file } of images) {
    const written = vm.disks.find(
      ({ source }) => source !== undefined && file !== undefined && source !== file && restsOn(facts, file, source),
    );
    if (written !== undefined) {
      const { target: disk, source = '' } = written;
      return refuse('frozenFileInUse', { vm: vm.name, snapshot: snapshot.title, disk, file: source });
    }
    const resting = restingOn(facts, file === undefined ? [] : [file]);
    if (vm.disks.some((disk) => disk.source !== undefined && disk.source !== file && resting.has(disk.source))) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, ...(file === undefined ? {} : { file }) });
    }
    const user = snapshotsIn(facts, resting).find(
      (use) => use.snapshot.name !== snapshot.name && (use.file !== file || use.snapshot.style === 'external'),
    );
    if (user !== undefined) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, file: user.file, by: user.snapshot.title });
    }
    const outsider = outsideUserRefusal(resting, facts);
    if (outsider !== undefined) {
      return outsider;
    }
  }
  return undefined;
}
