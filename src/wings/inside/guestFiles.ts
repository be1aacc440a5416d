// The files of a restore point: opens the disks that a snapshot, or a VM that is off, has, and looks whether they were
// the same to the end.
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isActive } from '../../domain/vm.js';
import { DiskError } from './bytes/disk.js';
import type { NbdDisk } from './bytes/nbdDisk.js';
import { type ServedImage, serveImage } from './bytes/servedImage.js';
import { serveThere } from './bytes/servedThere.js';
import { insideFailure } from './insideFailure.js';
import { withGuestfish } from './read/guestfishVolumes.js';
import { openVolumes, type Volume } from './read/volumes.js';
import { orReadFailure } from './readFailure.js';

interface GuestFilesOptions {
  /** Absent: the current state of a VM that is off. */
  readonly snapshot?: Snapshot;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface GuestDisks {
  /** By the disk's name: those on this computer. */
  readonly images: ReadonlyMap<string, ServedImage>;
  readonly volumes: readonly Volume[];
  /** Rejects with a Failure `changed` where the disks are no more what they were: what was read may be wrong. */
  readonly requireUnchanged: () => Promise<void>;
  readonly close: () => void;
}

type FilesEngine = Pick<EnginePort, 'readDisks' | 'openHost' | 'refresh' | 'findVm' | 'readTree'>;

/** @throws Failure, `refused` also where what the snapshot holds is not whole */
export async function openGuestDisks(
  engine: FilesEngine,
  view: VmView,
  options: GuestFilesOptions,
): Promise<GuestDisks> {
  const { snapshot, environment, signal } = options;
  if (snapshot === undefined && isActive(view.vm.power)) {
    throw insideFailure('running', { vm: view.vm.name });
  }
  const disks = await engine.readDisks(view.ref, snapshot?.name);
  if (disks === 'elsewhere') {
    throw insideFailure('elsewhere', { vm: view.vm.name });
  }
  const login = await engine.openHost(view.ref.connection, 'toRead');
  const images = disks.map(({ target, from, format, tag }) => ({
    target,
    image: { file: from, format, ...(tag !== undefined && { tag }) },
  }));
  return openDisks(images, {
    login,
    environment,
    signal,
    requireUnchanged: () => requireUnchanged(engine, view, options),
  });
}

interface OpenOptions extends Pick<GuestDisks, 'requireUnchanged'>, Omit<GuestFilesOptions, 'snapshot'> {
  /** To the host of the images; undefined: this computer. */
  readonly login?: HostLogin | undefined;
}

/** @param disks by the names of the guest. @throws Failure */
export async function openDisks(
  disks: readonly { readonly target: string; readonly image: ServedImage }[],
  { login, environment, signal, requireUnchanged: isStillTrue }: OpenOptions,
): Promise<GuestDisks> {
  const open: { readonly target: string; readonly disk: NbdDisk }[] = [];
  let reading = '';
  let closeMore = (): void => undefined;
  const close = (): void => {
    closeMore();
    open.forEach(({ disk }) => disk.close());
  };
  signal.addEventListener('abort', close);
  try {
    const volumes: Volume[] = [];
    const images = new Map<string, ServedImage>();
    for (const { target, image } of disks) {
      reading = image.file;
      const disk = await (login === undefined
        ? serveImage(image, environment, signal)
        : serveThere(image, login, signal));
      if (disk === undefined) {
        throw insideFailure('noProgram');
      }
      open.push({ target, disk });
      if (login === undefined) {
        images.set(target, image);
      }
      volumes.push(...(await openVolumes(target, disk)));
    }
    const more = await withGuestfish(volumes, open, environment, signal);
    closeMore = more.close;
    signal.throwIfAborted();
    return { images, volumes: more.volumes, requireUnchanged: isStillTrue, close };
  } catch (error) {
    close();
    throw error instanceof DiskError ? insideFailure('unreadable', { file: reading, said: error.message }) : error;
  }
}

/** Closes them in the end. What they or their file systems reject with is a Failure then. */
export function withDisks<T>(opening: Promise<GuestDisks>, use: (disks: GuestDisks) => Promise<T>): Promise<T> {
  return orReadFailure('', async () => {
    const disks = await opening;
    try {
      return await use(disks);
    } finally {
      disks.close();
    }
  });
}

/** What was read may be a mixture where the VM ran meanwhile, or the snapshot was deleted. */
async function requireUnchanged(
  engine: FilesEngine,
  { ref, vm }: VmView,
  { snapshot }: GuestFilesOptions,
): Promise<void> {
  await engine.refresh({ vm: ref });
  const now = engine.findVm(ref);
  const tree = snapshot === undefined ? undefined : await engine.readTree(ref);
  const isThere =
    snapshot === undefined
      ? now !== undefined && !isActive(now.vm.power)
      : tree?.snapshots.some(({ name, createdAt }) => name === snapshot.name && createdAt === snapshot.createdAt);
  if (isThere !== true) {
    throw insideFailure('changed', { vm: vm.name });
  }
}
