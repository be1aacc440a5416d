// What is wrong with the files of a VM, and which of them could not be looked at.
import { wholeChain } from '../domain/chains/fileUse.js';
import { isWrittenAfter } from '../domain/chains/frozenContent.js';
import { ownImages } from '../domain/chains/orphans.js';
import { deniedBy } from '../domain/denial.js';
import type { Facts } from '../domain/facts.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';
import { factsToExamine } from './factsToExamine.js';
import type { Found } from './found.js';
import { lostRam } from './lostRam.js';

/** Of the VM's own disks, and of all images that hold its snapshots. */
export function chainFindings(facts: Facts): readonly Found[] {
  const { vm, files } = facts;
  const missing = new Set(
    snapshotableDisks(vm)
      .flatMap((disk) => wholeChain(disk, facts))
      .filter((file) => files?.images.get(file) === 'missing'),
  );
  const corrupt = [...ownImages(facts)].filter((file) => {
    const image = files?.images.get(file);
    return typeof image === 'object' && image.corrupt === true;
  });
  return [
    ...changedBackings(facts),
    ...[...missing].map((file): Found => ({ finding: { kind: 'overlayMissing', file }, severity: 'error' })),
    ...corrupt.map((file): Found => ({ finding: { kind: 'corruptImage', file }, severity: 'error' })),
    ...lostRam(facts),
  ];
}

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
function changedBackings(facts: Facts): readonly Found[] {
  const { vm, files, blockJobs } = facts;
  if (isActive(vm.power) && blockJobs?.length !== 0) {
    return [];
  }
  return [...ownImages(facts)].flatMap((overlay): readonly Found[] => {
    const image = files?.images.get(overlay);
    const file = typeof image === 'object' ? image.backing?.file : undefined;
    return file !== undefined && isWrittenAfter(file, overlay, facts)
      ? [{ finding: { kind: 'backingChanged', file, overlay }, severity: 'warning' }]
      : [];
  });
}

/** One of each other VM: the first file that both need. */
export function otherVmFindings(facts: Facts): readonly Found[] {
  const own = ownImages(facts);
  return (facts.otherVms ?? []).flatMap(({ name, files }): readonly Found[] => {
    const file = files.find((one) => own.has(one));
    return file === undefined ? [] : [{ finding: { kind: 'usedByOtherVm', file, vm: name }, severity: 'note' }];
  });
}

/** Folders in which nothing may be done, and files that could not be looked at. */
export function sightFindings(facts: Facts): readonly Found[] {
  const { files, capabilities } = facts;
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const denied = [...(files?.canAct ?? [])].flatMap(([folder, can]): readonly Found[] =>
    can !== 'yes' && can.why === 'denied'
      ? [
          {
            finding: { kind: 'denied', file: folder, by: deniedBy(can.said)?.by ?? 'permissions' },
            severity: 'warning',
          },
        ]
      : [],
  );
  const wanted = factsToExamine(facts);
  const unseen = [
    ...wanted.images.filter((file) => isUnseen(files?.images.get(file))),
    ...wanted.files.filter((file) => isUnseen(files?.files.get(file))),
  ];
  return unseen.length === 0 ? denied : [...denied, { finding: { kind: 'notSeen', files: unseen }, severity: 'note' }];
}

function isUnseen(seen: unknown): boolean {
  return seen === undefined || seen === 'unknown';
}
