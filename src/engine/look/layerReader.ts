// Looks into the files of one VM: its layers and what its snapshots take, and which blocks of a disk stand in which.
// Changes nothing, and waits for nothing that runs on the VM.
import { plannedRows, type PlannedRow } from '../../domain/chains/blockRows.js';
import { filesOfLayers, layersFromFiles } from '../../domain/chains/layersFromFiles.js';
import { filesBeside, vmFiles } from '../../domain/chains/vmFiles.js';
import { type LayerPair, pairsToRead } from '../../domain/chains/snapshotSizes.js';
import { findReads } from '../../domain/chains/findReads.js';
import type { Hypervisor } from '../../driver/hypervisor.js';
import { isFar } from '../../driver/sharedHost.js';
import type { Log } from '../../base/log.js';
import type { BlockMap, BlockRow } from '../../domain/blockMap.js';
import { Failure } from '../../domain/failure.js';
import type { ImageExtents, InternalSizes, Unreadable } from '../../domain/imageContents.js';
import type { MergeFrees, VmLayers } from '../../domain/layers.js';
import type { Facts } from '../../domain/facts.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { isActive, type VmRef } from '../../domain/vm.js';
import type { VmFile, VmFiles } from '../../domain/vmFiles.js';
import { type Clock, within } from '../../base/clock.js';
import { mapLimited } from '../../base/mapLimited.js';
import { readMerges } from '../../live/layerMerges.js';
import type { LiveConnection } from '../../live/liveConnection.js';
import type { Store } from '../../live/store.js';
import { knownFacts } from './ownKnowledge.js';
import { FactsReader } from './factsReader.js';
import type { VmView } from '../../live/views.js';

const atOnce = 4;
/** A job of another client may hold an answer back; what is there by then has to do. */
const patienceMs = 20_000;
const knownMs = 3_000;

interface LayerReaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

interface LayerFacts {
  readonly hypervisor: Hypervisor;
  readonly facts: Facts;
  readonly layers: VmLayers;
}

export class LayerReader {
  readonly #options: LayerReaderOptions;

  constructor(options: LayerReaderOptions) {
    this.#options = options;
  }

  /** Rejects with a Failure where the VM cannot be read. */
  async layers(live: LiveConnection, ref: VmRef): Promise<VmLayers> {
    return (await this.#look(live, ref, 'everything')).layers;
  }

  /** Rejects with a Failure where the VM cannot be read. */
  async files(live: LiveConnection, ref: VmRef, sumsOf: readonly (string | undefined)[] = []): Promise<VmFiles> {
    const { hypervisor, facts, layers } = await this.#look(live, ref, 'everything');
    const { nearbyFiles, metadataFolders: folders } = hypervisor;
    const beside =
      nearbyFiles === undefined
        ? []
        : await mapLimited(filesBeside(facts, folders), atOnce, async (path) => {
            const seen = within(this.#options.clock, patienceMs, nearbyFiles.file(path), 'unknown' as const);
            return [path, await seen] as const;
          });
    const isAsked = ({ role, present, snapshots }: VmFile): boolean =>
      (role === 'uefiVariables' || role === 'tpmState') &&
      sumsOf.some((one) => (one === undefined ? present : snapshots.includes(one)));
    const files = await mapLimited(
      vmFiles({ facts, layers, beside: new Map(beside), folders }),
      atOnce,
      async (file): Promise<VmFile> => {
        const sum = isAsked(file)
          ? await within(this.#options.clock, patienceMs, hypervisor.files.sum(file.path), undefined)
          : undefined;
        return { ...file, ...(sum !== undefined && { sum }) };
      },
    );
    return {
      files,
      nearby: nearbyFiles !== undefined && !isFar(hypervisor.uri),
      metadataKnown: folders !== undefined,
    };
  }

  /** Rejects with a Failure where the VM cannot be read, or has no such disk. */
  async blockMap(live: LiveConnection, ref: VmRef, target: string): Promise<BlockMap> {
    const { hypervisor, facts, layers } = await this.#look(live, ref, 'chains');
    const { vm, tree } = facts;
    const chain = layers.disks.find((disk) => disk.target === target);
    if (chain === undefined) {
      throw new Failure('notFound', { ...ref, vm: vm.name, path: target });
    }
    const planned = plannedRows(chain, layers, tree);
    const images = await this.#extents(hypervisor, planned);
    const states = new Map<PlannedRow, ImageExtents['states'][number]>();
    for (const [file, image] of images) {
      planned
        .filter((row) => row.file === file)
        .forEach((row, index) =>
          states.set(row, typeof image === 'string' ? 'unreadable' : (image.states[index] ?? 'unreadable')),
        );
    }
    const rows = planned.map((row): BlockRow => {
      const image = images.get(row.file);
      const told = typeof image === 'object' && row.kind !== 'internalSnapshot' ? image : undefined;
      const allocatedBytes = told?.allocatedBytes ?? row.allocatedBytes;
      const { id, kind, file, snapshot, after } = row;
      return {
        id,
        kind,
        file,
        ...(snapshot === undefined ? {} : { snapshot }),
        ...(after === undefined ? {} : { after }),
        extents: states.get(row) ?? 'unreadable',
        ...(allocatedBytes === undefined ? {} : { allocatedBytes }),
      };
    });
    const top = images.get(chain.layers[0]?.file ?? '');
    const readable = [...images.values()].filter((image) => typeof image === 'object');
    const virtualBytes = typeof top === 'object' ? top.virtualBytes : bytesOrZero(chain.layers[0]?.virtualBytes);
    const why = [...images.values()].find((image) => typeof image === 'string');
    const format = planned.find((row) => images.get(row.file) === 'notQcow2')?.format;
    const read = planned
      .flatMap(({ depth }, row) =>
        depth === undefined ? [] : [{ depth, row, extents: rows[row]?.extents ?? 'unreadable' }],
      )
      .sort((one, other) => one.depth - other.depth);
    return {
      target,
      virtualBytes,
      clusterBytes: Math.min(...readable.map(({ clusterBytes }) => clusterBytes), virtualBytes || 65_536),
      rows,
      reads: findReads(virtualBytes, read),
      exact: isActive(vm.power) ? 'estimate' : 'exact',
      ...(why === undefined ? {} : readable.length === 0 ? { unreadable: why } : { partly: why }),
      ...(format === undefined ? {} : { format }),
      readAt: this.#options.clock.now(),
    };
  }

  async #extents(
    { nearbyContents }: Hypervisor,
    planned: readonly PlannedRow[],
  ): Promise<ReadonlyMap<string, ImageExtents | Unreadable>> {
    const files = [...new Set(planned.map(({ file }) => file))];
    const told = await mapLimited(files, atOnce, async (file) => {
      const rows = planned.filter((row) => row.file === file);
      const states = rows.map(({ state }) => state);
      const reading =
        nearbyContents?.extents(file, rows[0]?.format ?? 'qcow2', states) ?? Promise.resolve('otherHost' as const);
      return [file, await within(this.#options.clock, patienceMs, reading, 'failed' as const)] as const;
    });
    return new Map(told);
  }

  async #look(live: LiveConnection, ref: VmRef, what: 'everything' | 'chains'): Promise<LayerFacts> {
    const { clock, log, store } = this.#options;
    const hypervisor = await live.open();
    const { vm, tree } = await this.#readKnown(live, ref);
    const known = knownFacts(hypervisor, vm, tree, clock.now());
    const isQemu = known.capabilities.driver === 'qemu';
    const reader = new FactsReader({ hypervisor, otherVms: live.otherVms, neighbours: live.neighbours, log }, known);
    const frozenDisks = isQemu ? tree.snapshots.map(({ name }) => name) : [];
    const asked = {
      needs: { blockJobs: false, frozenDisks, otherVms: isQemu && what === 'everything', agent: false, written: false },
      files: filesOfLayers,
    };
    const facts = (await within(clock, patienceMs, reader.read(asked), undefined)) ?? reader.soFar;
    const before = store.vm(ref)?.layers;
    const read = {
      facts,
      inside:
        what === 'everything' ? await this.#readInternalSizes(hypervisor, facts) : new Map<string, InternalSizes>(),
      now: clock.now(),
      ...(before === undefined ? {} : { before }),
    };
    const chains = layersFromFiles(read);
    const merges =
      what === 'everything' ? await this.#readMerges(hypervisor, pairsToRead(chains)) : new Map<string, MergeFrees>();
    const layers = merges.size === 0 ? chains : layersFromFiles({ ...read, merges });
    if (what === 'everything') {
      store.putVm(ref, { layers });
    }
    return { hypervisor, facts, layers };
  }

  async #readMerges(
    { nearbyFiles, nearbyContents }: Hypervisor,
    pairs: readonly LayerPair[],
  ): Promise<ReadonlyMap<string, MergeFrees>> {
    return nearbyFiles === undefined || nearbyContents === undefined
      ? new Map()
      : within(
          this.#options.clock,
          patienceMs,
          readMerges({ files: nearbyFiles, contents: nearbyContents }, pairs),
          new Map(),
        );
  }

  async #readKnown(live: LiveConnection, ref: VmRef): Promise<VmView & { readonly tree: SnapshotTree }> {
    const { store, clock } = this.#options;
    const isFresh = live.isFollowed(ref.uuid) || live.isPaused(ref.uuid);
    if (store.vm(ref)?.tree === undefined) {
      await live.read(ref.uuid, ['vm', 'tree']);
    } else if (!isFresh) {
      // Another client's job may hold the answer back for minutes: what was known has to do then.
      await within(clock, knownMs, live.read(ref.uuid, ['vm', 'tree']), undefined);
    }
    const view = store.vm(ref);
    if (view?.tree === undefined) {
      throw new Failure('notFound', { connection: ref.connection, vm: ref.uuid });
    }
    return { ...view, tree: view.tree };
  }

  /** Reads the sizes of each image that has a snapshot inside. */
  async #readInternalSizes(
    { nearbyContents }: Hypervisor,
    { vm, tree, frozenDisks }: Facts,
  ): Promise<ReadonlyMap<string, InternalSizes>> {
    const written = new Set(isActive(vm.power) ? vm.disks.flatMap(({ source }) => source ?? []) : []);
    const images = new Set(
      tree.snapshots.flatMap(({ name, disks }) =>
        disks.flatMap(({ target, location }) => {
          const file = frozenDisks?.get(name)?.find((disk) => disk.target === target)?.source;
          return location === 'internal' && file !== undefined ? [file] : [];
        }),
      ),
    );
    const sizes = await mapLimited([...images], atOnce, async (file) => {
      const reading =
        nearbyContents?.internalSizes(file, written.has(file) ? 'written' : 'still') ??
        Promise.resolve('otherHost' as const);
      const told = await within(this.#options.clock, patienceMs, reading, 'failed' as const);
      if (typeof told === 'string') {
        this.#options.log.debug(`what the snapshots in ${file} take is not known: ${told}`);
        return [];
      }
      return [[file, told] as const];
    });
    return new Map(sizes.flat());
  }
}

function bytesOrZero(bytes: number | 'unknown' | undefined): number {
  return typeof bytes === 'number' ? bytes : 0;
}
