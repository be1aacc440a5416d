// What a move of a VM that runs would do, or why it cannot be: both hosts have its files, and the other one has tried
// to take it. Changes nothing, and the guest does not feel it.
import { posix } from 'node:path';
import type { VmDocuments } from '../../../domain/copiedVm.js';
import { Failure } from '../../../domain/failure.js';
import { parseUri } from '../../../libvirt/uri.js';
import type { MigrationWish } from '../../../driver/migrationHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { tryMove } from '../live/leadMove.js';
import { clusterFailure } from '../clusterFailure.js';
import { isSameInode, mediaMissing, type PlannedFile, type PlannedMove, requireNoLink } from './plannedMove.js';
import { seenOn, type Sides, withEnds } from './sides.js';

/**
 * File systems of a network on which one host may not see at once what another has written: libvirt says of each disk
 * whether its cache allows it.
 */
const looselyShared = /^(nfs|smb|cifs|9p|v9fs|fuse|afs)/u;

export async function planLive(
  engine: EnginePort,
  view: VmView,
  sides: Sides,
  address: string | undefined,
): Promise<Omit<PlannedMove, 'standing'>> {
  const { from, to } = sides;
  const { ref, vm } = view;
  const read = (): Promise<VmDocuments> => from.ask((copies) => copies.readDocuments(ref.uuid));
  const documents = await read();
  const { files } = await engine.readFiles(ref);
  const shared = await sharedFiles(
    files.flatMap(({ role, path }) => (role === 'disk' || role === 'memory' ? [{ role, path }] : [])),
    sides,
  );
  const wish: MigrationWish = {
    sharedDisks: !(await areLoose(shared, sides)),
    address: `tcp://${await addressOf(sides, address)}`,
  };
  const some = documents.snapshots.length > 0 ? 'some' : 'none';
  await withEnds(sides, async (ends) => {
    const { source } = ends;
    // QEMU (7.2) ends where a guest that has not run since it came is sent on.
    if ((await source.stateOf(ref.uuid)) === 'paused' && (await source.arrivalOf(ref.uuid)) !== undefined) {
      throw clusterFailure('cameHerePaused');
    }
    await tryMove(ends, { name: vm.name, uuid: ref.uuid }, some, wish);
  }).catch((error: unknown) => {
    throw error instanceof Failure && error.details.libvirtMessage !== undefined
      ? clusterFailure('notTaken', { said: error.details.libvirtMessage })
      : error;
  });
  return {
    view,
    documents,
    live: wish,
    send: [],
    shared,
    mediaMissing: await mediaMissing(files, to),
    requireUnchanged: async () => {
      if (JSON.stringify(await read()) !== JSON.stringify(documents)) {
        throw clusterFailure('changed');
      }
    },
  };
}

async function sharedFiles(
  files: readonly Pick<PlannedFile, 'path' | 'role'>[],
  { from, to }: Sides,
): Promise<readonly PlannedFile[]> {
  const paths = files.map(({ path }) => path);
  const [here, there] = await Promise.all([seenOn(from, paths), seenOn(to, paths)]);
  for (const path of here.keys()) {
    await requireNoLink(from, path);
  }
  return files.map(({ path, role }) => {
    const found = here.get(path);
    if (found === undefined || !isSameInode(found, there.get(path))) {
      throw clusterFailure('notShared', { file: path });
    }
    return { path, role, ...found, allocatedBytes: 0, base: posix.dirname(path), folders: [] };
  });
}

async function areLoose(files: readonly PlannedFile[], { from }: Sides): Promise<boolean> {
  const bases = [...new Set(files.map(({ base }) => base))];
  const types = await Promise.all(
    bases.map(async (base) => (await from.shell.run('stat', '-f', '-c', '%T', base)).said),
  );
  return types.some((type) => looselyShared.test(type.trim()));
}

/**
 * QEMU here connects to QEMU there. The host of the URI comes first: what a host calls itself may be the name of
 * another one here, or of its own host.
 *
 * @throws Failure `noWay`
 */
export async function addressOf({ from, to }: Sides, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    return given;
  }
  const both = [parseUri(to.connection).host, to.name];
  const names = [...new Set(both)].filter((name) => name !== '' && name !== from.name);
  for (const name of names) {
    const { code, said } = await from.shell.run('getent', 'ahosts', name);
    // A host may know a name that is meant for itself alone.
    if (code === 0 && !/^(127\.|::1\b)/u.test(said)) {
      return name;
    }
  }
  throw clusterFailure('noWay', { names: names.length > 0 ? names : [to.name], uri: to.connection });
}
