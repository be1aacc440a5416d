// What is asked about a VM before anything is done to it: how an operation would go, and what is wrong. Changes
// nothing.
import { isDeepStrictEqual } from 'node:util';
import { examine } from '../diagnosis/examine.js';
import type { Log } from '../base/log.js';
import type { Examination } from '../diagnosis/examination.js';
import type { Facts } from '../domain/facts.js';
import { refusalsByFile } from '../domain/chains/otherVms.js';
import { type SeenVm, usesSinceMade } from '../domain/chains/usesSinceMade.js';
import type { VmAsMade, UseOfVm } from '../domain/clone.js';
import { Failure } from '../domain/failure.js';
import type { KeptBy } from '../domain/keeper.js';
import type { OperationRequest } from '../domain/operation.js';
import { type Refusal, type RefusedDecision, refuse } from '../domain/refusal.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import { isActive, type Vm, type VmRef } from '../domain/vm.js';
import { beingWrittenRefusal } from '../operations/beingWrittenRefusal.js';
import { type CloneDisk, disksOfPresent, disksOfSnapshot } from '../operations/clone/cloneDisks.js';
import type { MissingFact } from '../operations/completeFacts.js';
import { planOperation, planToExecute } from '../operations/decide/planOperation.js';
import type { Decision } from '../operations/plan.js';
import type { SlowLook } from '../operations/slowLook.js';
import { factsOfAll, filesIn, filesOfSnapshots, noFacts, presentFiles } from '../operations/requiredFacts.js';
import type { DecidedRequests } from './enginePort.js';
import { factsToBegin, factsToDecide, factsToDiagnose } from './look/factsRequests.js';
import { mapLimited } from '../base/mapLimited.js';
import { type Clock, within } from '../base/clock.js';
import { withEitherSignal } from '../base/withEitherSignal.js';
import type { Persistence } from '../journal/persistence.js';
import type { LiveConnection } from '../live/liveConnection.js';
import { isBeside, moveInterrupted, unreadableRefusals } from './leases/busyElsewhere.js';
import type { Hypervisor } from '../driver/hypervisor.js';
import { knownFacts, readOwnKnowledge } from './look/ownKnowledge.js';
import { requireVm, type Store } from '../live/store.js';
import { vmKey } from '../live/views.js';
import { noteLayers } from './look/frozenNotes.js';
import { digestOf } from './labVms.js';
import { FactsReader } from './look/factsReader.js';

/** How long a plan waits for what its rules ask for, before it is refused for that. */
const planMs = 60_000;
/** After this time the caller is told what it waits for. */
const tellMs = 3_000;
/** Each VM has that time for itself: of forty that are read at once, nothing would be known when it is over. */
const looksAtOnce = 4;

interface QuestionsOptions {
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
  readonly store: Store;
  readonly persistence: Persistence;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSlow: (look: SlowLook) => void;
}

/** `missing`: what it waited for in vain. */
interface Read {
  /** Absent: the VM itself gave no answer. */
  readonly reader: FactsReader | undefined;
  readonly missing: MissingFact | undefined;
}

const noop = (): void => undefined;

type Decide = (request: OperationRequest) => Decision;

export class Questions {
  readonly #options: QuestionsOptions;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  async keeperOf(ref: VmRef): Promise<KeptBy | 'unseen'> {
    const { keepers, capabilities } = await this.#options.connection(ref.connection).open();
    const name = this.#options.store.vm(ref)?.vm.name ?? '';
    return keepers?.of({ uuid: ref.uuid, name }) ?? (capabilities.driver === 'qemu' ? 'unseen' : 'nobody');
  }

  /** In the order of the requests. All that are about one VM rest on one look at it. */
  async decide<const T extends readonly OperationRequest[]>(
    requests: T,
    signal?: AbortSignal,
  ): Promise<DecidedRequests<T>> {
    const asked = new Map<string, readonly OperationRequest[]>();
    for (const request of requests) {
      const key = vmKey(request.vm);
      asked.set(key, [...(asked.get(key) ?? []), request]);
    }
    const looks = await mapLimited([...asked], looksAtOnce, async ([key, ofVm]) => {
      const [{ vm }] = ofVm as readonly [OperationRequest, ...OperationRequest[]];
      return [key, await this.#look(vm, ofVm, signal)] as const;
    });
    const deciding = new Map<string, Decide>(looks);
    return requests.flatMap((request) => {
      const decide = deciding.get(vmKey(request.vm));
      return decide === undefined ? [] : [{ request, decision: decide(request) }];
    }) as unknown as DecidedRequests<T>;
  }

  /** See `EnginePort.readDisks`. It rests on the same facts as a full clone. */
  async readDisks(ref: VmRef, snapshot?: string): Promise<readonly CloneDisk[] | 'elsewhere'> {
    const { nearbyFiles } = await this.#options.connection(ref.connection).open();
    if (nearbyFiles === undefined) {
      return 'elsewhere';
    }
    const clone = { kind: 'clone', vm: ref, clone: { name: '', uuid: '' }, way: 'full', network: 'unplugged' } as const;
    const { reader, missing } = await this.#read(ref, [{ ...clone, ...(snapshot !== undefined && { snapshot }) }]);
    const facts = reader?.soFar;
    const disks =
      missing !== undefined || facts === undefined
        ? this.#notSeen(ref, missing ?? 'vm')
        : snapshot === undefined
          ? disksOfPresent(facts)
          : disksOfSnapshot(snapshot, 'look', facts);
    if ('refusal' in disks) {
      const { connection } = ref;
      throw new Failure('refused', { vm: facts?.vm.name ?? ref.uuid, connection, refusal: disks.refusal });
    }
    return disks;
  }

  /**
   * | an operation of ours on the VM | what was asked for              | each request is                             |
   * |--------------------------------|---------------------------------|---------------------------------------------|
   * | none                           | is there                        | decided                                     |
   * | none                           | is not there in time            | refused for that, where it needs any of it  |
   * | runs                           | is not asked for                | planned as known: it is decided in its turn |
   * | runs, and that refuses one     | is asked for when it has ended  | as above                                    |
   */
  async #look(ref: VmRef, requests: readonly OperationRequest[], signal: AbortSignal | undefined): Promise<Decide> {
    const { uuid } = ref;
    const live = this.#options.connection(ref.connection);
    if (live.isPaused(uuid)) {
      const known = await this.#readKnown(ref, requests);
      if (requests.every((request) => planOperation(request, known).kind === 'plan')) {
        return (request) => planOperation(request, known);
      }
    }
    const { reader, missing } = await this.#read(ref, requests, signal);
    return (request) => {
      const needs = reader && factsToBegin(request, reader.soFar).needs;
      const whole =
        reader === undefined || needs === undefined || (missing !== undefined && !isDeepStrictEqual(needs, noFacts))
          ? missing
          : reader.complete(needs);
      return typeof whole === 'object' ? planToExecute(request, whole) : this.#notSeen(ref, whole ?? 'vm');
    };
  }

  #notSeen({ connection, uuid }: VmRef, fact: MissingFact): RefusedDecision {
    const vm = this.#options.store.vm({ connection, uuid })?.vm.name ?? uuid;
    return refuse('notAllSeen', { vm, fact });
  }

  /** What only the rules of these requests ask for is read too, so that a refusal comes before a question. */
  async #read(ref: VmRef, requests: readonly OperationRequest[], signal?: AbortSignal): Promise<Read> {
    const { clock, connection, persistence, log, onSlow } = this.#options;
    const live = connection(ref.connection);
    let reader: FactsReader | undefined;
    let isHeld = live.isPaused(ref.uuid);
    const waitsFor = (): MissingFact =>
      isHeld ? 'operation' : reader === undefined ? 'vm' : (reader.waitsFor ?? 'files');
    const read = async (): Promise<Read> => {
      await live.paused.untilResumed(ref.uuid);
      isHeld = false;
      const known = await this.#readKnown(ref, requests);
      const hypervisor = await live.open();
      const sources = { hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, made: persistence.made, log };
      reader = new FactsReader(sources, known);
      await reader.read(factsToDecide(requests, known));
      return { reader, missing: undefined };
    };
    const person = new AbortController();
    return withEitherSignal([signal, person.signal], async (either) => {
      const cancelled = new Promise<never>((_, reject) => {
        const cancel = (): void => reject(new Failure('cancelled', { doing: 'look at the VM', byUs: true }));
        either.addEventListener('abort', cancel);
        if (either.aborted) {
          cancel();
        }
      });
      const reading = Promise.race([read(), cancelled]);
      const slow = clock.setTimer(tellMs, () => {
        const ended = reading.then(noop, noop);
        onSlow({
          vm: ref,
          waitsFor,
          cancel: () => person.abort(),
          ended: within(clock, planMs - tellMs, ended, undefined),
        });
      });
      try {
        return (await within(clock, planMs, reading, undefined)) ?? { reader, missing: waitsFor() };
      } finally {
        slow.dispose();
      }
    });
  }

  /** What is read but not followed now, because nobody looks at it, is read again first. */
  async #readKnown(ref: VmRef, requests: readonly OperationRequest[]): Promise<Facts> {
    const { uuid } = ref;
    const { clock, connection, persistence, store } = this.#options;
    const live = connection(ref.connection);
    const hypervisor = await live.open();
    if (!live.isFollowed(uuid) && !(live.isPaused(uuid) && store.vm(ref)?.tree !== undefined)) {
      await live.read(uuid, live.isPaused(uuid) ? ['tree'] : ['vm', 'tree']);
    }
    const { vm, tree: read, layers, olderThanLastRun, standsSince } = requireVm(store, ref);
    // What an operation of ours is making is whole when the turn comes.
    const { beingWritten: _, ...whole } = read;
    const tree = live.isPaused(uuid) ? whole : read;
    const own = await readOwnKnowledge(persistence, ref, requests);
    return knownFacts(hypervisor, vm, tree, clock.now(), { ...own, layers, olderThanLastRun, standsSince });
  }

  /** See `EnginePort.usesSinceMade`. */
  async usesSinceMade(ref: VmRef, made: VmAsMade): Promise<readonly UseOfVm[]> {
    const { clock, connection, persistence, log, store } = this.#options;
    const live = connection(ref.connection);
    const hypervisor = await live.open();
    await live.read(ref.uuid, ['vm', 'tree']).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.kind !== 'notFound') {
        throw error;
      }
    });
    const view = store.vm(ref);
    const { vm, tree } = view === undefined ? goneVm(ref, made) : requireVm(store, ref);
    const known = knownFacts(hypervisor, vm, tree, clock.now());
    const [files, definition] = [
      [...made.files, ...(await persistence.made.of(ref.uuid)).map(({ path }) => path)],
      view === undefined ? undefined : digestOf(await hypervisor.readVmXml(ref.uuid)),
    ];
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    const facts = await reader.readComplete({
      needs: factsOfAll(known),
      files: (now) =>
        filesOfSnapshots(
          now.tree.snapshots.map(({ name }) => name),
          presentFiles(now),
          files,
          now,
        ),
    });
    const seen: SeenVm = {
      facts,
      isThere: view !== undefined,
      log: await persistence.operations.of(ref),
      ...(definition !== undefined && { definition }),
    };
    const uses = usesSinceMade({ ...made, files }, seen);
    if (uses.length > 0) {
      log.info(`${made.name}, which we made, is not removed unasked: ${uses.join(', ')}`);
    }
    return uses;
  }

  /** See `EnginePort.filesInUse`. */
  async filesInUse(
    connection: string,
    files: readonly string[],
    vms: readonly string[] = [],
  ): Promise<ReadonlyMap<string, Refusal>> {
    if (files.length === 0) {
      return new Map();
    }
    const { clock, connection: liveOf, log, store } = this.#options;
    const live = liveOf(connection);
    const hypervisor = await live.open();
    const ref = { connection, uuid: vms[0] ?? '' };
    const { vm, tree } = goneVm(ref, { name: store.vm(ref)?.vm.name ?? '', files: [] });
    const known = knownFacts(hypervisor, vm, tree, clock.now());
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    const needs = factsOfAll(known);
    await reader.read({ needs, files: (now) => filesIn(now, [], files) });
    const facts = reader.complete(needs);
    if (typeof facts === 'string') {
      const { refusal } = refuse('notAllSeen', { vm: vm.name, fact: facts });
      return new Map(files.map((file) => [file, refusal]));
    }
    // One that runs holds them itself.
    const isOn = vms.some((one) => isActive(store.vm({ connection, uuid: one })?.vm.power ?? 'off'));
    const silent = (facts.unasked ?? []).filter((uri) => liveOf(uri).view?.failure?.kind !== 'denied');
    return refusalsByFile(files, isOn ? { ...facts, held: new Set() } : facts, vms, silent);
  }

  /** Not while an operation of ours is on it: what is half done would look broken. */
  async examine(ref: VmRef): Promise<Examination> {
    const { clock, connection, persistence, log, store } = this.#options;
    const live = connection(ref.connection);
    if (live.isPaused(ref.uuid)) {
      throw new Failure('busy', { vm: ref.uuid, connection: ref.connection });
    }
    const hypervisor = await live.open();
    const [own] = await Promise.all([readOwnKnowledge(persistence, ref, []), live.read(ref.uuid, ['vm', 'tree'])]);
    const { vm, tree, olderThanLastRun, standsSince } = requireVm(store, ref);
    const refused = beingWrittenRefusal({ vm, tree });
    if (refused !== undefined) {
      throw new Failure('refused', { vm: vm.name, connection: ref.connection, refusal: refused.refusal });
    }
    const known = knownFacts(hypervisor, vm, tree, clock.now(), { ...own, olderThanLastRun, standsSince });
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    const [facts, unreadEntries, { entries }, moves] = await Promise.all([
      reader.read(factsToDiagnose(known)),
      unreadableRefusals(persistence, ref.uuid),
      persistence.journal.readInterrupted(),
      persistence.moves?.(ref.uuid),
    ]);
    const begun = [...entries.filter(({ vm: { uuid } }) => uuid === ref.uuid), ...(moves?.entries ?? [])];
    // An operation that was interrupted, or is under way in another editor, may have left a layer half merged.
    if (unreadEntries.length === 0 && begun.length === 0) {
      await noteLayers(persistence, ref, facts, log);
    }
    const leftEntries = (moves?.entries ?? []).flatMap((move) => (move.isHeld ? [] : [moveInterrupted(move, vm.name)]));
    for (const entry of entries.filter(({ vm: { uuid } }) => uuid === ref.uuid)) {
      const isHeld = await persistence.journal.isLocked(entry.id);
      if (!isHeld && !(isBeside(entry) && (await isDebuggerGone(hypervisor, ref, log)))) {
        leftEntries.push(refuse('unfinishedOperation', { vm: vm.name, operation: entry.request.kind }).refusal);
      }
    }
    return examine(ref, { ...facts, unreadEntries, leftEntries });
  }
}

/** Whether the debugger of an interrupted session is gone: then the next operation ends its entry. */
async function isDebuggerGone({ guests }: Pick<Hypervisor, 'guests'>, { uuid }: VmRef, log: Log): Promise<boolean> {
  try {
    return (await guests.readDebugger(uuid)) === 'none';
  } catch (error) {
    log.warn(`whether a debugger was left is not known: ${String(error)}`);
    return false;
  }
}

/** Off, on the files that it would have. */
function goneVm({ uuid }: VmRef, { name, files }: VmAsMade): { readonly vm: Vm; readonly tree: SnapshotTree } {
  const disk = { device: 'disk', sourceType: 'file', format: 'qcow2', readonly: false, shareable: false } as const;
  const disks = files.map((source, at) => ({ ...disk, target: `vd${String(at)}`, source }));
  const vm = { uuid, name, disks, power: 'off', powerReason: 'other', persistent: true, managedSave: false } as const;
  return {
    vm: { ...vm, memoryBytes: 0, firmware: 'bios', agentChannel: false, agentConnected: false },
    tree: { snapshots: [] },
  };
}
