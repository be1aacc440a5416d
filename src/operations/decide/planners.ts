// Every kind of operation, each with what there is to know of it.
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest, OperationType } from '../../domain/operation.js';
import { isActive } from '../../domain/vm.js';
import { cloneOperation } from '../clone/cloneOperation.js';
import { discardOperation } from '../clone/discardOperation.js';
import { consolidateOperation } from '../consolidate/consolidateOperation.js';
import { createOperation } from '../create/createOperation.js';
import { debugOperation } from '../debug/debugOperation.js';
import { deleteOperation } from '../delete/deleteOperation.js';
import { describeOperation } from '../describe/describeOperation.js';
import { powerOperation } from '../power/powerOperation.js';
import { pruneOperation } from '../prune/pruneOperation.js';
import { renameOperation } from '../rename/renameOperation.js';
import { repairOperation } from '../repair/repairOperation.js';
import { revertOperation } from '../revert/revertOperation.js';
import { speedOperation } from '../speed/speedOperation.js';
import { diskOperation } from '../disk/diskOperation.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { type KnownFacts, noFacts, noFiles, type RequiredFacts, type RequiredFiles } from '../requiredFacts.js';

const operations: { readonly [K in OperationType]: OperationDefinition<K> } = {
  clone: cloneOperation,
  consolidate: consolidateOperation,
  create: createOperation,
  debug: debugOperation,
  delete: deleteOperation,
  describe: describeOperation,
  discard: discardOperation,
  disk: diskOperation,
  power: powerOperation,
  prune: pruneOperation,
  rename: renameOperation,
  repair: repairOperation,
  revert: revertOperation,
  speed: speedOperation,
};

/** The compiler does not see that the row of a request's own kind takes that request. */
export function definitionOf({ kind }: OperationRequest): OperationDefinition<OperationType> {
  return operations[kind] as OperationDefinition<OperationType>;
}

/**
 * | request                 | snapshots of the VM | block jobs | frozen disks of      | others    | agent          |
 * |-------------------------|---------------------|------------|----------------------|-----------|----------------|
 * | create                  | any                 | yes        | none                 | no        | VM active, quiesce asked for |
 * | revert                  | internal only       | yes        | the one to revert to | yes       | VM active      |
 * | delete                  | internal only       | yes        | those that go        | no        | no             |
 * | revert, delete          | some external       | yes        | all                  | yes       | as above       |
 * | rename                  | any                 | no         | none                 | no        | no             |
 * | repair: thaw, resume after a save | any       | no         | none                 | no        | VM active      |
 * | repair: keep the VM     | any                 | yes        | none                 | no        | no             |
 * | repair, other           | any                 | yes        | all                  | yes       | no             |
 * | resume after a revert   | any                 | no         | the external ones    | no        | no             |
 * | start                   | some external       | no         | none                 | yes       | no             |
 * | consolidate             | any                 | yes        | all                  | yes       | no             |
 * | prune                   | internal only       | yes        | those that go        | no        | no             |
 * | prune                   | some external       | yes        | all                  | yes       | no             |
 * | disk                    | any                 | yes        | all                  | yes       | no             |
 * | describe, speed, debug, other power | any     | no         | none                 | no        | no             |
 *
 * A VM that is off has no block jobs, and the test driver has neither. A tag that is removed changes nothing for
 * overlays of that image. What no rule asks for is not looked at: a guest's agent and other VMs take longer to ask than
 * the whole rest.
 *
 * Others are VMs, images that no VM names, and programs that have images open. A start asks for the VMs alone.
 *
 * Which files are open is also asked for where the request looks at images, and that can tell of a QEMU that libvirt
 * has lost (`asksForWritten`).
 */
export function requiredFacts(request: OperationRequest, known: KnownFacts): RequiredFacts {
  if (known.capabilities.driver !== 'qemu') {
    return noFacts;
  }
  const { requiredFacts: own, mindsCheckpoints } = definitionOf(request);
  return {
    ...own(request, known),
    ...(mindsCheckpoints(request) ? { checkpoints: true } : {}),
    ...(mindsCheckpoints(request) && mayBeUntold(known.vm) ? { configured: true } : {}),
  };
}

/** libvirt gives a volume whose format nobody says one when the VM starts. */
function mayBeUntold({ power, persistent, disks }: Facts['vm']): boolean {
  return isActive(power) && persistent && disks.some(({ volume, format }) => volume !== undefined && format === 'raw');
}

/**
 * | request           | images                                                 | files                                |
 * |-------------------|--------------------------------------------------------|--------------------------------------|
 * | create            | the VM's disks                                         | the VM's NVRAM                       |
 * | revert, leaveFrozenFiles | the VM's disks, what the snapshot froze         | NVRAM, whether it can be changed, and its copy; the memory file |
 * | delete, internal snapshots only | the VM's disks                           | NVRAM copies                         |
 * | delete, finishDelete | the VM's disks, what those that go froze, and the overlays made over it | their memory files, NVRAM copies |
 * | forgetSnapshot, keepDisks, makeCurrent | the VM's disks, what the snapshot froze | its memory file, NVRAM copy       |
 * | configureDisks    | the VM's disks, those that it starts with                | none                                 |
 * | nameMovedFiles    | the VM's disks, what all snapshots name, and where of its name another lies; the overlays that name it: whether they can be changed | memory files, NVRAM copies |
 * | removeTag         | the VM's disks, the image                              | none                                 |
 * | adoptTag          | the VM's disks                                         | none                                 |
 * | removeFiles       | the VM's disks, those that hold no memory              | those that do                        |
 * | start             | the VM's disks, the overlays of its snapshots           | none                                 |
 * | rename            | none                                                   | its NVRAM copy                       |
 * | consolidate       | the VM's disks, what its snapshots froze, the overlays made over it; off: whether the disks and their bases can be changed | memory files, NVRAM copies |
 * | prune             | as a delete of each                                    | as a delete of each                  |
 * | disk              | the VM's disks, what its snapshots froze, the overlays made over it; off: whether the disk can be changed | none |
 * | the rest          | none                                                   | none                                 |
 *
 * The folders are those of all that is named here; for a device, the one that its overlays would stand in.
 */
export function requiredFiles(request: OperationRequest, facts: Facts): RequiredFiles {
  return facts.capabilities.driver === 'qemu' ? definitionOf(request).requiredFiles(request, facts) : noFiles;
}
