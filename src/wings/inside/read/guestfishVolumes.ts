// The file systems that guestfish reads for us: XFS, Btrfs, and all that is on logical volumes. It starts at the first
// look into one of them; for the names of logical volumes, at once.
import { findProgram } from '../../../base/findProgram.js';
import { type Disk, DiskError } from '../bytes/disk.js';
import { type Guestfish, GuestfishFault, startGuestfish } from '../bytes/guestfish.js';
import { onTwoDisks } from './extFeatures.js';
import { FileSystemError } from './guestFileSystem.js';
import { GuestfishFileSystem, type MountedVolume } from './guestfishFileSystem.js';
import type { Volume } from './volumes.js';

interface NamedDisk {
  readonly target: string;
  readonly disk: Disk;
}

/** What is mounted, and how; with subvolumes as folders. */
const optionsOf: ReadonlyMap<string, string> = new Map([
  // Two disks may have a file system of one number.
  ['xfs', 'ro,nouuid'],
  ['btrfs', 'ro,subvolid=5'],
  ['iso9660', 'ro'],
]);
const physicalVolume = 'LVM2_member';
/** What stands on a logical volume and has no files. */
const withoutFiles: ReadonlySet<string> = new Set(['', 'swap', 'crypto_LUKS', physicalVolume, 'unknown']);

export interface MoreVolumes {
  readonly volumes: readonly Volume[];
  readonly close: () => void;
}

/** The same volumes, where they can be read with guestfish; logical ones in place of what they are on. */
export async function withGuestfish(
  volumes: readonly Volume[],
  disks: readonly NamedDisk[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<MoreVolumes> {
  // The kernel of its VM may know the feature that is not read here.
  const isHandedOver = ({ fault }: Volume): boolean => fault?.fault === 'unsupported' && !onTwoDisks.has(fault.detail);
  const isRead = (volume: Volume): boolean =>
    optionsOf.has(volume.type ?? '') || volume.type === physicalVolume || isHandedOver(volume);
  if (!volumes.some(isRead)) {
    return { volumes, close: () => undefined };
  }
  const program = await findProgram('guestfish', environment);
  if (program === undefined) {
    const withFault = (volume: Volume): Volume => ({
      ...volume,
      fault: new FileSystemError('noGuestfish', [volume.type ?? '', volume.fault?.detail ?? []].flat().join(': ')),
    });
    return { volumes: volumes.map((one) => (isRead(one) ? withFault(one) : one)), close: () => undefined };
  }
  const session = new Session(() =>
    startGuestfish(
      program,
      disks.map(({ disk }) => disk),
      environment,
      signal,
    ),
  );
  const own = volumes.map((volume): Volume => {
    const { type = '', place } = volume;
    const index = disks.findIndex(({ target }) => target === place?.target);
    const device = `/dev/sd${letters(index)}${/\d+$/u.exec(volume.name.slice(place?.target.length))?.[0] ?? ''}`;
    const { fault, ...rest } = volume;
    return (optionsOf.has(type) || isHandedOver(volume)) && index >= 0
      ? { ...rest, system: session.system(type, '', device) }
      : volume;
  });
  const found = own.some(({ type }) => type === physicalVolume) ? await session.withLogical(own) : own;
  return { volumes: found, close: () => session.close() };
}

/** As Linux numbers disks: a to z, aa, ab, … */
function letters(index: number): string {
  const last = String.fromCharCode(0x61 + (index % 26));
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`;
}

class Session {
  #fish: Promise<Guestfish> | undefined;
  #mounts = 0;
  #isClosed = false;

  constructor(private readonly start: () => Promise<Guestfish>) {}

  system(type: string, label: string, device: string): GuestfishFileSystem {
    return new GuestfishFileSystem(type, label, () => this.#mount(type, device));
  }

  close(): void {
    this.#isClosed = true;
    this.#fish?.then(
      (fish) => fish.close(),
      () => undefined,
    );
  }

  async withLogical(volumes: readonly Volume[]): Promise<readonly Volume[]> {
    try {
      const logical = await this.#logical(await this.#launchOnce());
      return [...volumes.filter(({ type }) => type !== physicalVolume), ...logical];
    } catch (error) {
      if (!(error instanceof DiskError || error instanceof GuestfishFault)) {
        throw error;
      }
      const fault = new FileSystemError('notStarted', error.message);
      return volumes.map((volume) => (volume.type === physicalVolume ? { ...volume, fault } : volume));
    }
  }

  async #logical(fish: Guestfish): Promise<readonly Volume[]> {
    const found: Volume[] = [];
    for (const device of (await fish.run('lvs')).split('\n').filter((line) => line !== '')) {
      const ask = async (name: string): Promise<string> => (await orFault(fish.run(name, device)))?.trim() ?? '';
      const bytes = Number(await ask('blockdev-getsize64'));
      const type = await ask('vfs-type');
      const label = Buffer.from(await ask('vfs-label'), 'latin1').toString('utf8');
      const system = withoutFiles.has(type) ? {} : { system: this.system(type, label, device) };
      found.push({ name: mapperName(device), bytes, ...(type !== '' && { type }), ...system });
    }
    return found;
  }

  #launchOnce(): Promise<Guestfish> {
    this.#fish ??= this.start();
    // The next look tries again.
    this.#fish.catch(() => (this.#fish = undefined));
    return this.#fish;
  }

  async #mount(type: string, device: string): Promise<MountedVolume> {
    if (this.#isClosed) {
      throw new DiskError('guestfish was ended');
    }
    const fish = await this.#launchOnce();
    const path = `/${this.#mounts++}`;
    try {
      await fish.run('mkmountpoint', path);
      await fish.run('mount-options', optionsOf.get(type) ?? 'ro', device, path);
    } catch (error) {
      throw error instanceof GuestfishFault ? new FileSystemError('unsupported', error.message) : error;
    }
    return { fish, path };
  }
}

/** Undefined where guestfish cannot say. */
async function orFault(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GuestfishFault) {
      return undefined;
    }
    throw error;
  }
}

/** `/dev/VG/LV` as the guest has it in `/dev/mapper`. */
function mapperName(device: string): string {
  return device
    .replace('/dev/', '')
    .split('/')
    .map((part) => part.replaceAll('-', '--'))
    .join('-');
}
