// All ways from a connection to the files on its host: through libvirt, and on this machine directly.
import { thisComputer } from '../../base/fileSystem.js';
import { composedFiles } from './composedFiles.js';
import { localContents } from './localContents.js';
import { localFiles } from './directFiles.js';
import { filesElsewhere, isThisHost } from './thisHost.js';
import type { Connection } from '../../libvirt/connection.js';
import { isSession, parseUri } from '../../libvirt/uri.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { ImageContents } from '../../domain/imageContents.js';
import { FolderPools } from './folderPools.js';
import { requireVisible, sameFiles } from './sameFiles.js';
import { type StorageAccess, storageFiles } from './storageFiles.js';

export interface FilesOf {
  readonly uri: string;
  readonly capabilities: Pick<Capabilities, 'driver' | 'readOnly' | 'hostname'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly open: () => Promise<Connection>;
  readonly close: (connection: Connection) => void;
  /** Whether storage pools may be ended that another editor of ours has left; absent: yes. */
  readonly mayEndPools?: () => boolean;
}

/** The files themselves tell more than libvirt does; libvirt may change what this user may not. */
export function openFiles(of: FilesOf): HostFiles {
  const storage = storageFiles(storageAccess(of));
  const nearby = nearbyFiles(of);
  if (nearby === undefined) {
    return composedFiles({ acting: [storage, filesElsewhere], reading: [filesElsewhere, storage] });
  }
  const local = sameFiles(nearby, storage, thisComputer);
  const seen: HostFiles = {
    ...storage,
    createOverlay: async (overlay) => {
      await storage.createOverlay(overlay);
      await requireVisible(overlay.file, local, storage);
    },
  };
  return composedFiles({ acting: [seen, local], reading: [local, storage] });
}

/** Without libvirt, where the hypervisor's files are this machine's. */
export function nearbyFiles(of: FilesOf): HostFiles | undefined {
  return isNearby(of) ? localFiles(of.environment) : undefined;
}

export function nearbyContents(of: FilesOf): ImageContents | undefined {
  return isNearby(of) ? localContents(of.environment) : undefined;
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
