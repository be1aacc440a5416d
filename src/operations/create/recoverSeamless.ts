// What a snapshot that was taken while its guest ran on has left when it was interrupted: in QEMU, in the chain of a VM
// that still runs, and of its RAM.
import { isMissing, isThere } from '../../domain/chains/standsOn.js';
import type { Facts } from '../../domain/facts.js';
import { partOf } from '../../domain/hostFiles.js';
import { isActive } from '../../domain/vm.js';
import { overlaysOf } from '../../steps/createSnapshot.js';
import type { CommittedDisk, CreateStep, Step, TargetFile } from '../../steps/step.js';
import { commitRefusal } from '../commitRefusal.js';
import type { InterruptedOperation } from '../interrupted.js';

/** Its own name a file with RAM gets when it is whole. */
export function ramFiles({ memoryFile, seamless }: CreateStep): readonly string[] {
  return memoryFile === undefined ? [] : seamless === true ? [memoryFile, partOf(memoryFile)] : [memoryFile];
}

/** The second name of a complete RAM file: for a moment it has both its own and the one that it was written under. */
export function secondName(made: CreateStep, facts: Facts): readonly string[] {
  const [whole, part] = ramFiles(made);
  return whole !== undefined && part !== undefined && isThere(whole, facts) && isThere(part, facts) ? [part] : [];
}

/** It is not certain that its RAM is there: libvirt would have removed what it wrote itself, and this QEMU wrote. */
export function isHalfWritten({ memoryFile, seamless }: CreateStep, facts: Facts): boolean {
  return seamless === true && memoryFile !== undefined && !isThere(memoryFile, facts);
}

/**
 * The guest runs again before anything else, so that it does not stay paused after an interruption.
 *
 * | the VM  | QEMU has what the snapshot needs, or the VM is on an overlay of it | it ran before | → |
 * |---------|--------------------------------------------------------------------|---------------|---|
 * | off     | any                                                                | any           | nothing: it is gone with QEMU |
 * | paused, for no reason of libvirt's own | yes                                 | yes           | resumed: we stopped it |
 * | paused  | any other                                                          |               | stays so: somebody else did that |
 * | on      | QEMU has it                                                        | any           | QEMU lets go of it |
 */
export function releaseSteps(made: CreateStep, { plan }: InterruptedOperation, facts: Facts): readonly Step[] {
  const { vm, stream } = facts;
  if (made.seamless !== true || !isActive(vm.power)) {
    return [];
  }
  const isOurs = stream === 'left' || overlaysUnder(made, facts).length > 0;
  const stopped = vm.power === 'paused' && vm.powerReason === 'other' && plan.before.power === 'running';
  return [
    ...(isOurs && stopped ? [{ kind: 'power', action: 'resume' } as const] : []),
    ...(stream === 'left' ? [{ kind: 'endStream' } as const] : []),
  ];
}

/**
 * A snapshot that promises RAM would be a lie; QEMU puts the disks back together while the guest runs.
 *
 * | its RAM            | the VM | its disks                                        | the overlays and what is below them | → |
 * |--------------------|--------|--------------------------------------------------|-------------------------------------|---|
 * | there, or not seen | any    | any                                              | any                                 | undefined |
 * | certainly gone     | off    | any                                              | any                                 | undefined: see mergeBackSteps |
 * | certainly gone     | on     | none is on its overlay                           | any                                 | undefined: nothing is to be merged |
 * | certainly gone     | on     | one is on neither, but on what somebody put on top | any                               | undefined |
 * | certainly gone     | on     | each on its overlay, or on what it was on before | damaged, not seen, or somebody else needs one: see `planBlockCommit` | undefined |
 * | certainly gone     | on     | the same                                         | the VM's alone                      | merged, and the overlays go |
 */
export function mergeBackOnSteps(
  made: CreateStep,
  { plan }: InterruptedOperation,
  facts: Facts,
): readonly Step[] | undefined {
  const { vm, files } = facts;
  const on = overlaysUnder(made, facts);
  const isElsewhere = overlaysOf(made).some(({ target }) => {
    const source = vm.disks.find((disk) => disk.target === target)?.source;
    const before = plan.before.disks.find((disk) => disk.target === target)?.file;
    return on.every((disk) => disk.target !== target) && source !== before;
  });
  const isGone = made.memoryFile !== undefined && isMissing(made.memoryFile, facts);
  if (made.seamless !== true || !isGone || !isActive(vm.power) || on.length === 0 || isElsewhere) {
    return undefined;
  }
  const disks = on.flatMap(({ target, file }): readonly CommittedDisk[] => {
    const image = files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    return backing?.format === undefined
      ? []
      : [{ target, top: file, base: backing.file, baseFormat: backing.format, merged: [file] }];
  });
  return disks.length < on.length || commitRefusal(disks, facts) !== undefined
    ? undefined
    : [
        ...disks.map((disk) => ({ kind: 'blockCommit', ...disk }) as const),
        {
          kind: 'removeFiles',
          files: overlaysOf(made)
            .map(({ file }) => file)
            .filter((file) => isThere(file, facts)),
        },
      ];
}

/** Those that a disk of the VM is on. */
export function overlaysUnder(made: CreateStep, { vm }: Facts): readonly TargetFile[] {
  return overlaysOf(made).filter(({ target, file }) =>
    vm.disks.some((disk) => disk.target === target && disk.source === file),
  );
}
