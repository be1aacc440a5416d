// All ways from a connection to the files on its host: through libvirt, and on this machine directly.
import type { HostLogin } from '../../hosts/hostLogin.js';
import { thisComputer } from '../../base/fileSystem.js';
import { composedFiles, type FileAccess } from './composedFiles.js';
import { localContents } from './localContents.js';
import { localFiles } from './directFiles.js';
import { filesElsewhere, isThisHost } from './thisHost.js';
import type { Connection } from '../../libvirt/connection.js';
import { isSession, parseUri } from '../../libvirt/uri.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { ImageContents } from '../../domain/imageContents.js';
import type { ShellFiles } from './shellHost.js';
import { localRam, type RamAccess } from './ramForFork.js';
import { FolderPools } from './folderPools.js';
import { requireVisible, sameFiles } from './sameFiles.js';
import { type StorageAccess, storageFiles } from './storageFiles.js';

interface FilesOf {
  readonly uri: string;
  readonly capabilities: Pick<Capabilities, 'driver' | 'readOnly' | 'hostname'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly open: () => Promise<Connection>;
  readonly close: (connection: Connection) => void;
  /** To a shell on the daemon's host, where a login leads there. */
  readonly openShell?: HostLogin['openShell'] | undefined;
  /** Whether storage pools may be ended that another editor of ours has left; absent: yes. */
  readonly mayEndPools?: () => boolean;
}

/** The hypervisor's files without libvirt: no call on the daemon. */
export type DirectAccess = ShellFiles;

/** The files themselves tell more than libvirt does; libvirt may change what this user may not. */
export function openFiles(of: FilesOf, direct = directAccess(of)): HostFiles {
  const storage = storageFiles(storageAccess(of));
  if (direct === undefined) {
    return composedFiles({ acting: [storage, filesElsewhere], reading: [filesElsewhere, storage] });
  }
  const own = sameFiles(direct.files, storage, direct);
  const seen: HostFiles = {
    ...storage,
    createOverlay: async (overlay) => {
      await storage.createOverlay(overlay);
      await requireVisible(overlay.file, own, storage);
    },
  };
  return composedFiles({ acting: [seen, own], reading: [own, storage] });
}

/** Undefined where the files are another host's to which no login leads. */
export function directAccess(of: FilesOf): DirectAccess | undefined {
  if (isNearby(of)) {
    return {
      files: localFiles(of.environment),
      contents: localContents(of.environment),
      stat: (path) => thisComputer.stat(path),
      readText: (path, most) => thisComputer.readText(path, most),
      ram: localRam,
      dispose: () => undefined,
    };
  }
  const { openShell, capabilities, log } = of;
  if (openShell === undefined || capabilities.driver !== 'qemu') {
    return undefined;
  }
  let loaded: Promise<DirectAccess> | undefined;
  let isDisposed = false;
  const load = async (): Promise<DirectAccess> => {
    const login = { openShell, hostname: capabilities.hostname };
    loaded ??= import('./shellHost.js').then(({ shellFiles }) => shellFiles({ login, log }));
    const access = await loaded;
    if (isDisposed) {
      access.dispose();
    }
    return access;
  };
  return {
    files: whenLoaded<FileAccess>(fileMethods, async () => (await load()).files),
    contents: whenLoaded<ImageContents>(contentMethods, async () => (await load()).contents),
    stat: async (path) => (await load()).stat(path),
    readText: async (path, most) => (await load()).readText(path, most),
    ram: whenLoaded<RamAccess>(['readHead', 'throughPipe', 'throughCopy'], async () => (await load()).ram),
    dispose: () => {
      isDisposed = true;
      void loaded?.then((access) => access.dispose());
    },
  };
}

const fileMethods = [
  ...([
    'ready',
    'isNoFile',
    'isTaken',
    'file',
    'image',
    'identity',
    'list',
    'space',
    'hostUses',
    'imageLocks',
    'canAct',
    'createOverlay',
  ] as const),
  ...([
    'copy',
    'makeFolders',
    'removeTag',
    'repair',
    'rebase',
    'resize',
    'canChange',
    'commit',
    'copyImage',
    'remove',
    'trash',
  ] as const),
] as const satisfies readonly (keyof FileAccess)[];
const contentMethods = ['internalSizes', 'extents'] as const satisfies readonly (keyof ImageContents)[];

/** Each method of `T` gives a promise. */
function whenLoaded<T extends object>(names: readonly (keyof T)[], load: () => Promise<T>): T {
  const methods = names.map((name) => [
    name,
    async (...args: readonly unknown[]): Promise<unknown> => {
      const method = (await load())[name] as (...given: readonly unknown[]) => unknown;
      return method(...args);
    },
  ]);
  return Object.fromEntries(methods) as T;
}

export function isNearby({ uri, capabilities: { hostname } }: Pick<FilesOf, 'uri' | 'capabilities'>): boolean {
  return isThisHost({ transport: parseUri(uri).transport, hostname });
}

export function storageAccess({
  uri,
  capabilities,
  log,
  open,
  close,
  mayEndPools = () => true,
}: Omit<FilesOf, 'environment'>): StorageAccess {
  return {
    uri,
    pools: new FolderPools(open, close, log, { mayEndStrays: mayEndPools }),
    storage: capabilities.driver !== 'qemu' ? 'no' : capabilities.readOnly ? 'readOnly' : 'usable',
    daemon: isSession(parseUri(uri)) ? 'session' : 'system',
  };
}
