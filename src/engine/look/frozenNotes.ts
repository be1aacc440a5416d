// Notes what the layers and the RAM of snapshots are, so that it shows later when somebody changed them. Refuses to
// judge that.
import { recordsToKeep, recordsWhileWritten, unnotedSnapshots } from '../../domain/chains/frozenLayers.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Facts } from '../../domain/facts.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isActive, type VmRef } from '../../domain/vm.js';
import { filesOfSnapshots, noFacts, savedRamOf } from '../../operations/requiredFacts.js';
import type { VmView } from '../../live/views.js';
import type { OpenEntry } from '../../journal/journal.js';
import type { PlannedWork } from '../../operations/plan.js';
import { layersUsedBy } from '../../steps/steps.js';
import type { Log } from '../../base/log.js';
import { FactsReader } from './factsReader.js';
import type { Lease } from '../leases/leases.js';
import { knownFacts } from './ownKnowledge.js';
import type { Persistence } from '../../journal/persistence.js';

/**
 * Nobody may be at work on the VM: a layer that takes a merge just now is neither before it nor after. Never rejects.
 */
export async function noteLayers(
  { frozen }: Pick<Persistence, 'frozen'>,
  ref: VmRef,
  facts: Facts,
  log: Log,
): Promise<void> {
  const { vm, blockJobs } = facts;
  const isMerging = isActive(vm.power) && blockJobs?.length !== 0;
  const records = isMerging ? undefined : recordsToKeep(facts);
  if (records === undefined) {
    return;
  }
  try {
    await frozen.keep(ref, records);
  } catch (error) {
    log.warn(`what the snapshots of ${vm.name} rest on is not noted: ${asFailure(error).line}`);
  }
}

/** Where it fails, nothing is begun. */
export async function noteBeforeBegin(
  persistence: Pick<Persistence, 'frozen'>,
  open: OpenEntry,
  plan: PlannedWork,
  facts: Facts,
): Promise<void> {
  try {
    await noteWriting(persistence, open.entry.request.vm, plan, facts);
  } catch (error) {
    await open.end({ outcome: 'failed', failure: asFailure(error).line });
    throw error;
  }
}

/** Before the first step, on the disk. */
export async function noteWriting(
  { frozen }: Pick<Persistence, 'frozen'>,
  ref: VmRef,
  { steps, deletes = [] }: PlannedWork,
  facts: Facts,
): Promise<void> {
  const { written } = layersUsedBy(steps, facts);
  const frozenRecords = written.size > 0 ? await frozen.of(ref) : [];
  if (frozenRecords.length > 0) {
    await frozen.keep(ref, recordsWhileWritten(written, deletes, { ...facts, frozenRecords }));
  }
}

/**
 * What an operation or its recovery has frozen, or has written into: looked at when it is done. Until it is noted anew,
 * a write of somebody else's does not show. Never rejects.
 *
 * @param before those inside of images that were there already are noted by who reads them; absent: not known
 */
export async function noteFrozen(
  { request, live, log }: Lease,
  view: VmView | undefined,
  { frozen }: Pick<Persistence, 'frozen'>,
  now: number,
  before?: SnapshotTree,
): Promise<void> {
  if (view?.tree === undefined) {
    return;
  }
  const { vm, tree } = view;
  const { vm: ref } = request;
  try {
    const hypervisor = await live.open();
    const known = knownFacts(hypervisor, vm, tree, now, { frozen: await frozen.of(ref) });
    const isElsewhere = request.kind === 'repair' && request.repair.kind === 'nameMovedFiles';
    const isOld = (name: string): boolean =>
      findSnapshot(tree, name)?.style === 'internal' &&
      before !== undefined &&
      findSnapshot(before, name) !== undefined;
    const unnoted = isElsewhere
      ? tree.snapshots.map(({ name }) => name)
      : unnotedSnapshots(known).filter((name) => !isOld(name));
    const frozenDisks = hypervisor.capabilities.driver === 'qemu' ? unnoted : [];
    if (frozenDisks.length > 0) {
      const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, log }, known);
      const ram = tree.snapshots.filter(({ name }) => frozenDisks.includes(name)).flatMap(savedRamOf);
      const needs = { ...noFacts, blockJobs: isActive(vm.power), frozenDisks };
      const facts = await reader.read({
        needs,
        files: (seen) => {
          const { images, sums = [] } = filesOfSnapshots(frozenDisks, [], [], seen);
          return { images, files: [...ram, ...sums], sums, folders: [] };
        },
      });
      await noteLayers({ frozen }, ref, facts, log);
    }
  } catch (error) {
    log.warn(`what the snapshots of ${vm.name} rest on is not noted: ${asFailure(error).line}`);
  }
}
