// Decides how layers that no snapshot owns are merged into the one below: by QEMU while the VM is on, on the files
// while it is off. Anything else that rests on a changed or removed file prevents it.
import { chainOf } from '../../domain/chains/backingChain.js';
import { unknownTagsWarning } from '../../domain/chains/doomedTags.js';
import { unreadVms } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { commitRefusal } from '../commitRefusal.js';
import { anotherFileRefusal } from '../diskRefusals.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { CommittedDisk, Step } from '../../steps/step.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Warning } from '../../domain/consequences.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive, snapshotableDisks, type VmDisk, xmlChain } from '../../domain/vm.js';

type ConsolidateRequest = Extract<OperationRequest, { kind: 'consolidate' }>;

/**
 * | disk                                                 | → |
 * |------------------------------------------------------|---|
 * | has no layer below, or none below `downTo`            | left as it is; none is left: nothingToConsolidate |
 * | its chain is not known to the end                    | chainUnknown |
 * | a layer is no file; the disk is shareable            | diskTypeUnsupported |
 * | it cannot stand on another file                      | see `anotherFileRefusal` |
 * | a layer is gone or damaged                           | layerBroken |
 * | a layer that goes has a tag                          | tagInLayer |
 * | an overlay is smaller than the base                  | layerSmaller |
 * | nobody may write the base                            | baseReadOnly |
 * | a snapshot, or any other file, needs one of the files | layerNeeded |
 * | another VM does, or its chain cannot be read         | usedByOtherVm, otherVmUnread |
 * | the VM is off, and the files are not ours to change  | filesOutOfReach |
 */
export function planBlockCommit(request: ConsolidateRequest, facts: Facts): DraftPlan | RefusedDecision {
  const commits = commitsOf(request, facts);
  if (!isCommits(commits)) {
    return commits;
  }
  if (commits.length === 0) {
    const { name } = facts.vm;
    const { downTo } = request;
    return downTo === undefined || facts.vm.disks.some((disk) => chainOf(disk.target, facts)?.includes(downTo))
      ? refuse('nothingToConsolidate', { vm: name })
      : refuse('layerNotInChain', { vm: name, file: downTo });
  }
  return commitRefusal(commits, facts) ?? planOf(request, commits, facts);
}

function isCommits(found: readonly CommittedDisk[] | RefusedDecision): found is readonly CommittedDisk[] {
  return Array.isArray(found);
}

function commitsOf({ targets, downTo }: ConsolidateRequest, facts: Facts): readonly CommittedDisk[] | RefusedDecision {
  const { vm } = facts;
  const commits: CommittedDisk[] = [];
  for (const disk of snapshotableDisks(vm).filter(({ target }) => targets?.includes(target) !== false)) {
    const chain = disk.source === undefined ? undefined : layersOfDisk(disk, facts);
    const [top] = chain ?? [];
    if (disk.sourceType !== 'file' && disk.sourceType !== 'block') {
      continue;
    }
    if (chain === undefined || top === undefined || !isChainWhole(chain, facts)) {
      return anotherFileRefusal([disk], facts) ?? refuse('chainUnknown', { vm: vm.name, disk: disk.target });
    }
    const end = downTo === undefined ? chain.length - 1 : chain.indexOf(downTo);
    const base = chain[end];
    if (base === undefined || end === 0) {
      continue;
    }
    const merged = chain.slice(0, end);
    const type = typeRefusal(disk, [...merged, base], facts) ?? anotherFileRefusal([disk], facts);
    if (type !== undefined) {
      return type;
    }
    const baseFormat = formatOf(base, chain[end - 1], facts);
    if (baseFormat === undefined && !isActive(vm.power)) {
      return refuse('chainUnknown', { vm: vm.name, disk: disk.target });
    }
    commits.push({ target: disk.target, top, base, baseFormat: baseFormat ?? '', merged });
  }
  return commits;
}

/** Not as `chainOf`: QEMU has opened what libvirt tells of a VM that runs; of one that is off the images tell. */
function layersOfDisk(disk: VmDisk, facts: Facts): readonly string[] | undefined {
  return isActive(facts.vm.power) && disk.backing !== undefined ? xmlChain(disk) : chainOf(disk.target, facts);
}

/** Each file stands on the next, and the last on nothing: what the images say, where they can be seen. */
function isChainWhole(chain: readonly string[], { files }: Facts): boolean {
  return chain.every((file, at) => {
    const facts = files?.images.get(file);
    return typeof facts !== 'object' || facts.backing?.file === chain[at + 1];
  });
}

/** As the layer above says; never by what stands in the file, which a guest can write. */
function formatOf(base: string, above: string | undefined, { files }: Facts): string | undefined {
  const facts = above === undefined ? undefined : files?.images.get(above);
  const told = typeof facts === 'object' ? facts.backing : undefined;
  return told?.file === base ? told.format : undefined;
}

function typeRefusal(disk: VmDisk, chain: readonly string[], { vm }: Facts): RefusedDecision | undefined {
  const { target } = disk;
  const unsupportedRefusal = (type: string): RefusedDecision =>
    refuse('diskTypeUnsupported', { vm: vm.name, disk: target, type });
  if (disk.shareable) {
    return unsupportedRefusal('shareable');
  }
  if (disk.device === 'lun') {
    return unsupportedRefusal('lun');
  }
  const stranger = chain.find((file) => !file.startsWith('/') || isDevicePath(file));
  return stranger === undefined ? undefined : unsupportedRefusal(stranger.startsWith('/') ? 'block' : 'network');
}

/** At most: what was not in the file below before takes its space there from now on. */
function freedSpaceWarnings(goes: readonly string[], facts: Facts): readonly Warning[] {
  const bytes = bytesOf(goes, facts) ?? 0;
  return bytes === 0 ? [] : [{ kind: 'frees', bytes, how: 'atMost' }];
}

function planOf(request: ConsolidateRequest, commits: readonly CommittedDisk[], facts: Facts): DraftPlan {
  const { vm, files } = facts;
  const speed = (request.bytesPerSecond ?? 0) > 0 ? { bytesPerSecond: request.bytesPerSecond ?? 0 } : {};
  const merged = commits.flatMap((commit) => commit.merged);
  const goes = merged.filter((file) => files?.canAct.get(folderOf(file)) === 'yes');
  const bytes = commits.map((commit) => bytesOf(commit.merged, facts));
  const known = bytes.filter((one) => one !== undefined);
  const steps: readonly Step[] = isActive(vm.power)
    ? commits.map((disk): Step => ({ kind: 'blockCommit', ...disk, ...speed }))
    : [{ kind: 'commitImages', disks: commits, ...speed }];
  return {
    kind: 'plan',
    request,
    steps: goes.length === 0 ? steps : [...steps, { kind: 'removeFiles', files: goes }],
    losses: [],
    warnings: [
      ...commits.map(({ base }, at): Warning => {
        const size = bytes[at];
        return { kind: 'merges', into: base, ...(size === undefined ? {} : { bytes: size }) };
      }),
      ...commits.map(({ base }): Warning => ({ kind: 'changesBase', file: base })),
      ...spaceWarnings(commits, bytes, facts),
      ...freedSpaceWarnings(goes, facts),
      ...merged.filter((file) => !goes.includes(file)).map((file): Warning => ({ kind: 'leavesFile', file })),
      ...unknownTagsWarning(merged, facts),
      ...(unreadVms(facts).length === 0 ? [] : [{ kind: 'unreadVms' as const, vms: unreadVms(facts) }]),
      ...(vm.persistent ? [] : [{ kind: 'vanishesWhenStopped' as const }]),
    ],
    progress: 'percent',
    ...(known.length === bytes.length ? { spaceBytes: known.reduce((sum, one) => sum + one, 0) } : {}),
  };
}

/** At most: what is written over in the base takes no more space there. */
function bytesOf(merged: readonly string[], { files, layers }: Facts): number | undefined {
  const known = layers?.disks.flatMap((disk) => disk.layers) ?? [];
  let bytes = 0;
  for (const file of merged) {
    const facts = files?.images.get(file);
    const size =
      typeof facts === 'object' ? facts.allocatedBytes : known.find((one) => one.file === file)?.allocatedBytes;
    if (typeof size !== 'number') {
      return undefined;
    }
    bytes += size;
  }
  return bytes;
}

function spaceWarnings(
  commits: readonly CommittedDisk[],
  bytes: readonly (number | undefined)[],
  { files }: Facts,
): readonly Warning[] {
  const wanted = new Map<string, number>();
  commits.forEach(({ base }, at) => {
    wanted.set(folderOf(base), (wanted.get(folderOf(base)) ?? 0) + (bytes[at] ?? 0));
  });
  return [...wanted].flatMap(([folder, size]): readonly Warning[] => {
    const free = files?.freeBytes.get(folder);
    return free !== undefined && free < size ? [{ kind: 'needsSpace', bytes: size, folder, free }] : [];
  });
}
