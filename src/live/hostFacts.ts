// Looks at files on the hypervisor's host, and at all that they rest on.
import type {
  CannotAct,
  Depth,
  FileFacts,
  FolderNames,
  HostFiles,
  ImageFacts,
  ImageLocks,
  Observation,
} from '../domain/hostFiles.js';
import { imageChain } from '../domain/chains/backingChain.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { RequiredFiles } from '../operations/requiredFacts.js';
import type { FileFactsByPath } from '../domain/facts.js';
import type { VmDisk } from '../domain/vm.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, systemClock, within } from '../base/clock.js';
import { mapLimited } from '../base/mapLimited.js';

/** QEMU itself gives up far earlier: what is deeper is not looked at. */
const deepest = 300;
/** Images in all: a hostile set of files could name others without end. */
const mostImages = 20_000;
const atOnce = 16;
/** A share whose server is gone answers never; a folder of thousands of files on a slow disk does within this. */
const patienceMs = 15_000;
const late = Symbol('late');

/** By path, what those who use a file read it as. */
export type Formats = ReadonlyMap<string, string>;

/** What is asked for, with the whole chain below each image. Rejects only when the connection is lost. */
export async function readHostFacts(
  files: HostFiles,
  asked: RequiredFiles,
  log: Log,
  formats: Formats = new Map(),
  clock: Clock = systemClock,
): Promise<FileFactsByPath> {
  const late = new Set<`/${string}`>();
  const look = new TolerantReader(files, log, clock, late);
  const chains = new ChainReader(files, 'whole', log, clock, look);
  chains.know(formats);
  const single = new Map<string, Observation<FileFacts>>();
  const freeBytes = new Map<string, number>();
  const totalBytes = new Map<string, number>();
  const canAct = new Map<string, 'yes' | CannotAct>();
  const lists = new Map<string, FolderNames>();
  const lookInto = async (folder: string): Promise<void> => {
    const [space, act, names] = await Promise.all([
      look.at(folder, files.space(folder), undefined),
      look.at(folder, files.canAct(folder), undefined),
      look.at<FolderNames, 'unseen'>(folder, files.list(folder), 'unseen'),
    ]);
    putKnown(freeBytes, folder, space?.free);
    putKnown(totalBytes, folder, space?.total);
    putKnown(canAct, folder, act);
    lists.set(folder, names);
  };
  await Promise.all([
    chains.follow(asked.images),
    mapLimited(asked.files, atOnce, async (path) => {
      const [seen, sum] = await Promise.all([
        look.at(path, files.file(path), 'unknown' as const),
        asked.sums?.includes(path) === true ? look.at(path, files.sum(path), undefined) : undefined,
      ]);
      single.set(path, typeof seen === 'object' && sum !== undefined ? { ...seen, sum } : seen);
    }),
    mapLimited(asked.folders, atOnce, lookInto),
  ]);
  const seen: FileFactsByPath = {
    images: await withHostUses(chains.images, files, look),
    files: single,
    freeBytes,
    totalBytes,
    canAct,
    lists,
  };
  const withLate = (all: FileFactsByPath): FileFactsByPath => (late.size === 0 ? all : { ...all, late: [...late] });
  if (asked.changes === undefined) {
    return withLate(seen);
  }
  // Only now is it known what they rest on, and where that is.
  const changed = new Set(asked.changes.flatMap((path) => imageChain(path, chains.images).files));
  const folders = new Set([...changed].map(folderOf).filter((folder) => !canAct.has(folder)));
  const canChange = new Map<string, 'yes' | CannotAct>();
  await Promise.all([
    mapLimited([...folders], atOnce, lookInto),
    mapLimited([...changed], atOnce, async (path) => {
      putKnown(canChange, path, await look.at(path, files.canChange(path), undefined));
    }),
  ]);
  return withLate({ ...seen, canChange });
}

/** The kernel reads no qcow2: only raw images and devices can be in use by the host itself. */
async function withHostUses(
  images: ReadonlyMap<string, Observation<ImageFacts>>,
  files: HostFiles,
  look: TolerantReader,
): Promise<ReadonlyMap<string, Observation<ImageFacts>>> {
  const reals = [...images.values()].flatMap((image) =>
    typeof image === 'object' && image.real !== undefined && (image.format === 'raw' || isDevice(image.real))
      ? [image.real]
      : [],
  );
  const uses =
    reals.length === 0
      ? undefined
      : await look.at('what the host uses', files.hostUses(reals.some(isDevice)), undefined);
  if (uses === undefined || !reals.some((real) => uses.has(real))) {
    return images;
  }
  return new Map(
    [...images].map(([path, image]) => {
      const hostUse = typeof image === 'object' ? uses.get(image.real ?? '') : undefined;
      return [path, typeof image === 'object' && hostUse !== undefined ? { ...image, hostUse } : image] as const;
    }),
  );
}

function isDevice(real: string): boolean {
  return real.startsWith('device ');
}

/** What each of them is, whatever it holds; of what is no path here nothing is asked. */
export async function readFiles(
  files: HostFiles,
  paths: ReadonlySet<string>,
  log: Log,
  clock: Clock,
): Promise<ReadonlyMap<string, Observation<FileFacts>>> {
  const look = new TolerantReader(files, log, clock);
  const absolute = [...paths].filter((path) => path.startsWith('/'));
  return new Map(
    await mapLimited(
      absolute,
      atOnce,
      async (path) => [path, await look.at(path, files.file(path), 'unknown' as const)] as const,
    ),
  );
}

/** Undefined where they cannot be seen. */
export function readLocks(files: HostFiles, log: Log, confined?: string): Promise<ImageLocks | undefined> {
  return new TolerantReader(files, log, systemClock).at('the locks of images', files.imageLocks(confined), undefined);
}

/**
 * The one reader of chains on the host: reads images and what they rest on, each once, however many chains meet in it.
 */
export class ChainReader {
  readonly images = new Map<string, Observation<ImageFacts>>();
  readonly #files: HostFiles;
  readonly #depth: Depth;
  readonly #look: TolerantReader;
  readonly #begun = new Map<string, Promise<void>>();
  readonly #formats = new Map<string, string>();

  constructor(
    files: HostFiles,
    depth: Depth,
    log: Log,
    clock = systemClock,
    look = new TolerantReader(files, log, clock),
  ) {
    this.#files = files;
    this.#depth = depth;
    this.#look = look;
  }

  /** A user that reads a file as raw counts before all others: its header may be a guest's. */
  know(formats: Formats): void {
    for (const [path, format] of formats) {
      if (format === 'raw' || !this.#formats.has(path)) {
        this.#formats.set(path, format);
      }
    }
  }

  async follow(paths: readonly string[]): Promise<void> {
    await mapLimited(paths, atOnce, async (path) => {
      let next: string | undefined = path;
      for (let depth = 0; next !== undefined && depth < deepest; depth += 1) {
        next = await this.#readBelow(next);
      }
    });
  }

  /** These alone, not what they rest on. */
  async read(paths: readonly string[]): Promise<void> {
    await mapLimited(paths, atOnce, (path) => this.#read(path));
  }

  /** What this one rests on, unless somebody goes down that way already: so a cycle ends as well. */
  async #readBelow(path: string): Promise<string | undefined> {
    const begun = this.#begun.get(path);
    if (begun !== undefined) {
      await begun;
      return undefined;
    }
    if (this.#begun.size >= mostImages) {
      return undefined;
    }
    const reading = this.#read(path);
    this.#begun.set(path, reading);
    await reading;
    const image = this.images.get(path);
    const backing = typeof image === 'object' ? image.backing : undefined;
    if (backing?.format !== undefined) {
      this.know(new Map([[backing.file, backing.format]]));
    }
    return backing?.file;
  }

  async #read(path: string): Promise<void> {
    const looking = this.#files.image(path, this.#formats.get(path), this.#depth);
    this.images.set(path, await this.#look.at(path, looking, 'unknown'));
  }
}

/** A file that cannot be looked at is not known, and no reason to know nothing of the others. */
class TolerantReader {
  readonly #files: HostFiles;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #late: Set<`/${string}`> | undefined;
  /** When the last look was answered. */
  #answeredAt = -Infinity;

  /** @param late gets what gave no answer in time */
  constructor(files: HostFiles, log: Log, clock: Clock, late?: Set<`/${string}`>) {
    this.#files = files;
    this.#log = log;
    this.#clock = clock;
    this.#late = late;
  }

  async at<T, U>(path: string, looking: Promise<T>, otherwise: U): Promise<T | U> {
    try {
      const seen = await this.#wait(looking);
      if (seen === late) {
        this.#log.warn(`${path} gives no answer: it counts as not seen`);
        if (isAbsolute(path)) {
          this.#late?.add(path);
        }
        return otherwise;
      }
      return seen;
    } catch (error) {
      this.#answeredAt = this.#clock.ticks();
      const failure = asFailure(error);
      if (failure.kind === 'lost' || failure.kind === 'cancelled') {
        throw failure;
      }
      this.#log.warn(`could not look at ${path}: ${failure.line}`);
      return otherwise;
    }
  }

  /** Over a login all looks wait for one another: while others are answered, none hangs. */
  async #wait<T>(looking: Promise<T>): Promise<T | typeof late> {
    await Promise.race([looking, this.#files.ready?.()]);
    for (let from = this.#clock.ticks(); ; from = this.#answeredAt) {
      const left = from + patienceMs - this.#clock.ticks();
      const seen = await within(this.#clock, Math.max(0, left), looking, late);
      if (seen !== late) {
        this.#answeredAt = this.#clock.ticks();
        return seen;
      }
      if (this.#answeredAt <= from) {
        return late;
      }
    }
  }
}

function isAbsolute(path: string): path is `/${string}` {
  return path.startsWith('/');
}

function putKnown<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value !== undefined) {
    map.set(key, value);
  }
}

/**
 * What stands at the beginning of a file of which a disk is a part is not the disk's: no header is looked for there.
 */
export function formatsOf(disks: Iterable<VmDisk>): Formats {
  const formats = new Map<string, string>();
  for (const { source, format: told, sliced, layers = [] } of disks) {
    // For a disk with layers, a layer below is the part.
    const format = sliced === true && layers.length === 0 ? 'raw' : told;
    if (source !== undefined && (format === 'raw' || !formats.has(source))) {
      formats.set(source, format);
    }
  }
  return formats;
}
