// A snapshot that libvirt took of a VM that was off by the time it came to it: another client had saved or stopped the
// VM in that moment. Says which of them cannot stay, and how the disks go back; knows nothing of journals.
import { outdatedSaves } from '../../domain/chains/outdatedSave.js';
import type { Facts } from '../../domain/facts.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { overlaysOf } from '../../steps/createSnapshot.js';
import type { CreateStep, FormattedFile, Step } from '../../steps/step.js';
import { emptiness } from '../matchesPlan.js';
import { overlaysUnder } from './recoverSeamless.js';

/**
 * | asked for                | libvirt has               | → |
 * |--------------------------|---------------------------|---|
 * | a VM that is off, or internal | any                  | no: it is true, or says itself what it became |
 * | RAM in a file            | one of a VM that was off  | yes: it names a file with RAM that nobody wrote |
 * | disks alone              | one of a VM that was off, without a managed save | no: it is better than was asked for |
 * | disks alone              | the same, with one that would write below it, or that its disks are back on | yes |
 *
 * Measured with 9.0, 11.3 and 12.8: libvirt looks whether the VM is on when it is called, and takes the snapshot when
 * the other client's job has ended. A managed save names the files that it was made on, which are below the overlays
 * then.
 */
export function isLate(step: CreateStep, facts: Facts): boolean {
  const made = findSnapshot(facts.tree, step.name);
  if (made?.state !== 'off' || made.style !== 'external' || step.snapshotKind === 'offline') {
    return false;
  }
  return (
    step.snapshotKind === 'memory' ||
    putBackSteps(step, facts) !== undefined ||
    (facts.vm.managedSave && overlaysUnder(step, facts).length === 0)
  );
}

/**
 * Back to where the managed save was made, where nothing was written since. Undefined: there is none, or something was.
 */
export function putBackSteps(step: CreateStep, facts: Facts): readonly Step[] | undefined {
  const overlays = overlaysOf(step);
  const saved = outdatedSaves(facts);
  const disks = overlays.flatMap(({ target, file }): readonly FormattedFile[] => {
    const image = facts.files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    const isSavedOn = saved.some((one) => one.disk === target && one.overlay === file && one.file === backing?.file);
    return isSavedOn && backing?.format !== undefined && emptiness(file, facts) === true
      ? [{ target, file: backing.file, format: backing.format }]
      : [];
  });
  return disks.length === 0 || disks.length < overlays.length ? undefined : [{ kind: 'configureDisks', disks }];
}
