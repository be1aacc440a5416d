// The port to the host's files, served through libvirt's storage API: reaches every host that libvirt reaches, and sees
// no snapshots inside images. libvirt makes a file under its final name and takes it away when that fails; only a
// daemon that is killed meanwhile leaves it there.
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import type { StorageVol } from '../../libvirt/structs.js';
import { Failure, type FailureDetails, type FailureKind } from '../../domain/failure.js';
import {
  type CannotAct,
  type FileFacts,
  type FolderNames,
  type HostFiles,
  type ImageFacts,
  type NewImage,
  type NewOverlay,
  type Observation,
  type Space,
  trashFolder,
} from '../../domain/hostFiles.js';
import { type FolderPool, type FolderPools, FolderSilent, NoFolder } from './folderPools.js';
import { mayWrite, parseVolume, type VolumeFacts, writeImageVolume, writeRawVolume } from '../xml/storageXml.js';
import { toFailure } from '../toFailure.js';
import { XmlError } from '../xml/xmlTree.js';

export interface StorageAccess {
  readonly uri: string;
  readonly pools: FolderPools;
  /** `no`: libvirt's test driver has pools that are no folders; `readOnly` connections may not refresh one. */
  readonly storage: 'usable' | 'readOnly' | 'no';
  /** Where it runs as this very user, the daemon leaves out of its lists what that user may not read. */
  readonly daemon: 'system' | 'session';
}

const mostNames = 10_000;

interface Place {
  readonly folder: string;
  readonly name: string;
}

export interface StorageFiles extends HostFiles {
  /** When the file last changed in any way; `unknown` where libvirt does not tell. */
  changedAt(path: string): Promise<Observation<number>>;
}

export function storageFiles(access: StorageAccess): StorageFiles {
  const { pools, uri } = access;
  const certain = access.daemon === 'system';

  /** Undefined for a folder that libvirt should not be let loose on, or could not be told of. */
  const placeOf = (path: string): Place | undefined => {
    const plain = path.replace(/\/{2,}/g, '/');
    const cut = plain.lastIndexOf('/');
    const folder = plain.slice(0, cut);
    const name = plain.slice(cut + 1);
    return name !== '' && name !== '.' && name !== '..' && isFolder(folder) ? { folder, name } : undefined;
  };

  const look = async <T>(
    folder: string | undefined,
    unknown: T,
    missing: T,
    read: (pool: FolderPool) => Promise<T>,
  ) => {
    if (folder === undefined || access.storage !== 'usable') {
      return unknown;
    }
    try {
      return await pools.look(folder, read);
    } catch (error) {
      if (error instanceof LibvirtError) {
        return certain && errnos.get(error.errno ?? 0) === 'notFound' ? missing : unknown;
      }
      if (error instanceof NoFolder || error instanceof FolderSilent || error instanceof XmlError) {
        return unknown;
      }
      throw toFailure(error, { connection: uri, doing: 'looking at files' });
    }
  };

  const lookAt = <T>(path: string, answer: (volume: VolumeFacts) => T): Promise<Observation<T>> => {
    const place = placeOf(path);
    return look<Observation<T>>(place?.folder, 'unknown', 'missing', async (pool) => {
      const volume = await findVolume(pool, place?.name ?? '');
      if (volume === undefined) {
        return certain ? 'missing' : 'unknown';
      }
      const facts = await readVolume(pool, volume);
      return facts?.type === 'file' ? answer(facts) : 'unknown';
    });
  };

  const act = async (
    details: FailureDetails,
    path: string,
    change: (pool: FolderPool, name: string) => Promise<void>,
  ) => {
    const place = requireUsable(details, path);
    try {
      await pools.use(place.folder, (pool) => change(pool, place.name));
    } catch (error) {
      throw actFailure(error, { ...details, connection: uri });
    }
  };

  const requireUsable = (details: FailureDetails, path: string): Place => {
    const place = placeOf(path);
    if (access.storage === 'readOnly') {
      throw new Failure('denied', { ...details, connection: uri });
    }
    if (access.storage === 'no' || place === undefined) {
      throw new Failure('unsupported', { ...details, connection: uri, path });
    }
    return place;
  };

  const createOverlay = (made: NewOverlay | NewImage): Promise<void> => {
    const { file } = made;
    const details = { doing: 'making an image', path: file };
    return act(details, file, async (pool, name) => {
      const base = placeOf('bytes' in made ? made.like : made.backing);
      const beside = base !== undefined && base.folder === placeOf(file)?.folder;
      const volume = beside ? await findVolume(pool, base.name) : undefined;
      const like = volume === undefined ? undefined : (await readVolume(pool, volume))?.permissions;
      const xml = writeImageVolume(name, made, certain ? like : undefined);
      await pool.connection.call('storageVolCreateXml', { pool: pool.pool, xml, flags: 0 });
    });
  };

  const copy = async (from: string, to: string, existing: 'keep' | 'replace'): Promise<void> => {
    const details = { doing: 'copying a file', path: to };
    const [source, target] = [requireUsable(details, from), requireUsable(details, to)];
    const change = async (sourcePool: FolderPool, targetPool: FolderPool): Promise<void> => {
      const volume = await findVolume(sourcePool, source.name);
      if (volume === undefined) {
        throw new Failure('notFound', { ...details, path: from });
      }
      const facts = await readVolume(sourcePool, volume);
      // libvirt copies an image with a format as the guest would see it: overlays and snapshots are lost.
      if (facts?.type !== 'file' || facts.image.format !== 'raw') {
        throw new Failure('unsupported', { ...details, libvirtMessage: 'libvirt copies only raw files as they are' });
      }
      if ((await findVolume(targetPool, target.name)) !== undefined) {
        throw existing === 'keep'
          ? new Failure('exists', details)
          : new Failure('unsupported', { ...details, libvirtMessage: 'libvirt cannot replace a file in one move' });
      }
      const xml = writeRawVolume(target.name, facts.image.bytes, certain ? facts.permissions : undefined);
      const args = { pool: targetPool.pool, xml, clonevol: volume, flags: 0 };
      await targetPool.connection.call('storageVolCreateXmlFrom', args);
    };
    try {
      await inBoth(pools, source.folder, target.folder, change);
    } catch (error) {
      throw actFailure(error, { ...details, connection: uri });
    }
  };

  const remove = (path: string): Promise<void> => {
    const details = { doing: 'removing a file', path };
    return act(details, path, async (pool, name) => {
      const volume = await findVolume(pool, name);
      if (volume === undefined) {
        if (!certain) {
          throw new Failure('denied', { ...details, libvirtMessage: `libvirt does not see ${path}` });
        }
        return;
      }
      if ((await readVolume(pool, volume))?.type !== 'file') {
        throw new Failure('unsupported', { ...details, libvirtMessage: `${path} is no file` });
      }
      await pool.connection.call('storageVolDelete', { vol: volume, flags: 0 });
    });
  };

  const canAct = async (folder: string): Promise<'yes' | CannotAct> => {
    if (access.storage !== 'usable') {
      return { why: access.storage === 'readOnly' ? 'denied' : 'noStorageDriver' };
    }
    // libvirt moves no file, so that nothing gets into the trash by it.
    if (!isFolder(folder) || folder.endsWith(`/${trashFolder}`)) {
      return { why: 'failed', said: folder };
    }
    try {
      return await pools.look(folder, ({ facts: { permissions } }) => Promise.resolve(answerFor(permissions)));
    } catch (error) {
      return cannotAct(error, uri);
    }
  };

  const answerFor = (permissions: FolderPool['facts']['permissions']): 'yes' | CannotAct =>
    certain || permissions === undefined || mayWrite(permissions, process.getuid?.() ?? 0, process.getgroups?.() ?? [])
      ? 'yes'
      : { why: 'denied' };

  return {
    changedAt: (path) => lookAt<number | 'unknown'>(path, ({ changedAt }) => changedAt ?? 'unknown'),
    file: (path) => lookAt<FileFacts>(path, ({ image: { bytes, allocatedBytes } }) => ({ bytes, allocatedBytes })),
    image: (path, format) => lookAt<ImageFacts>(path, ({ image }) => (format === 'raw' ? asRaw(image) : image)),
    // libvirt tells neither the number nor the birth of a file.
    identity: () => Promise.resolve(undefined),
    sum: () => Promise.resolve(undefined),
    hostKeyOf: () => Promise.resolve(undefined),
    list: (folder) => {
      const read = async ({ connection, pool }: FolderPool): Promise<FolderNames> => {
        const { vols } = await connection.call('storagePoolListAllVolumes', { pool, needResults: 1, flags: 0 });
        // libvirt itself passes on no more than 16,384.
        return vols.length > mostNames ? 'tooMany' : vols.map(({ name }) => name);
      };
      return look<FolderNames>(isFolder(folder) ? folder : undefined, 'unseen', [], read);
    },
    space: (folder) => {
      const read = async ({ connection, pool }: FolderPool): Promise<Space> => {
        const { available, capacity } = await connection.call('storagePoolGetInfo', { pool });
        return { free: available, total: capacity };
      };
      return look<Space | undefined>(isFolder(folder) ? folder : undefined, undefined, undefined, read);
    },
    hostUses: () => Promise.resolve(undefined),
    imageLocks: () => Promise.resolve(undefined),
    canAct,
    createOverlay,
    copy,
    removeTag: (file, tag) =>
      Promise.reject(
        new Failure('unsupported', { doing: 'removing a snapshot from an image', path: file, snapshot: tag }),
      ),
    writeSeed: ({ to }) => Promise.reject(new Failure('unsupported', { doing: 'writing a seed', path: to })),
    makeFolders: (_, path) => Promise.reject(new Failure('unsupported', { doing: 'making a folder', path })),
    canChange: () => Promise.resolve({ why: 'noStorageDriver' }),
    repair: (path) => Promise.reject(new Failure('unsupported', { doing: 'repairing an image', path })),
    rebase: ({ file }) =>
      Promise.reject(new Failure('unsupported', { doing: 'naming what an image rests on', path: file })),
    resize: (path) => Promise.reject(new Failure('unsupported', { doing: 'growing an image', path })),
    commit: ({ base }) => Promise.reject(new Failure('unsupported', { doing: 'merging images', path: base })),
    copyImage: ({ file }) => Promise.reject(new Failure('unsupported', { doing: 'copying an image', path: file })),
    remove,
    // libvirt moves no file.
    trash: (path) => Promise.reject(new Failure('unsupported', { doing: 'putting a file into the trash', path })),
  };
}

/** libvirt itself guesses by the header, which a guest can write on a raw disk. */
function asRaw({ bytes, allocatedBytes }: ImageFacts): ImageFacts {
  return { bytes, allocatedBytes, format: 'raw', virtualBytes: Math.ceil(bytes / 512) * 512 };
}

/** Devices would be opened by a pool that lists them; dots and line ends libvirt reads in its own way. */
function isFolder(folder: string): boolean {
  return (
    /^\/[^/]/.test(folder) &&
    !/^\/(?:dev|proc|sys)(?:\/|$)/.test(`${folder}/`) &&
    !/\p{Cc}|\p{Cs}|\/\.{1,2}(?:\/|$)|\/$/u.test(folder)
  );
}

/** In the order of their names, so that two who copy to and fro do not wait for each other. */
function inBoth<R>(
  pools: FolderPools,
  one: string,
  other: string,
  act: (one: FolderPool, other: FolderPool) => Promise<R>,
): Promise<R> {
  if (one === other) {
    return pools.use(one, (pool) => act(pool, pool));
  }
  return one < other
    ? pools.use(one, (first) => pools.use(other, (second) => act(first, second)))
    : pools.use(other, (second) => pools.use(one, (first) => act(first, second)));
}

async function findVolume({ connection, pool }: FolderPool, name: string): Promise<StorageVol | undefined> {
  try {
    return (await connection.call('storageVolLookupByName', { pool, name })).vol;
  } catch (error) {
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_NO_STORAGE_VOL) {
      return undefined;
    }
    throw error;
  }
}

async function readVolume({ connection }: FolderPool, vol: StorageVol): Promise<VolumeFacts | undefined> {
  return parseVolume((await connection.call('storageVolGetXmlDesc', { vol, flags: 0 })).xml);
}

const errnos: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([
  [1, 'denied'],
  [2, 'notFound'],
  [13, 'denied'],
  [17, 'exists'],
  [30, 'denied'],
]);

/**
 * What libvirt says of a request that is good: a file is there although its list does not have it, or is being made or
 * copied.
 */
const invalidKinds: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['storageVolCreateXml', 'exists'],
  ['storageVolCreateXmlFrom', 'exists'],
  ['storageVolDelete', 'busy'],
]);

function actFailure(error: unknown, details: FailureDetails): Failure {
  if (error instanceof LibvirtError) {
    const kind =
      error.code === code.VIR_ERR_OPERATION_INVALID ? invalidKinds.get(error.procedure) : errnos.get(error.errno ?? 0);
    if (kind !== undefined) {
      const more = { libvirtMessage: error.message, libvirtCode: error.code };
      return new Failure(kind, { ...details, ...more }, { cause: error });
    }
  }
  if (error instanceof FolderSilent) {
    // Before anything was changed: only the look at the folder has a limit.
    return new Failure('failed', { ...details, libvirtMessage: error.message }, { cause: error });
  }
  return error instanceof NoFolder
    ? new Failure('unsupported', { ...details, libvirtMessage: error.message }, { cause: error })
    : toFailure(error, details);
}

function cannotAct(error: unknown, uri: string): CannotAct {
  if (error instanceof FolderSilent) {
    return { why: 'silent', said: error.message };
  }
  const failure = actFailure(error, { connection: uri, doing: 'looking at a folder' });
  if (failure.kind === 'lost' || failure.kind === 'protocol' || failure.kind === 'unreachable') {
    throw failure;
  }
  const noDriver = error instanceof LibvirtError && error.code === code.VIR_ERR_NO_SUPPORT;
  const why =
    failure.kind === 'notFound'
      ? 'folderMissing'
      : failure.kind === 'denied'
        ? 'denied'
        : noDriver
          ? 'noStorageDriver'
          : 'failed';
  return { why, said: failure.message };
}
