// What a move of a VM that runs would do, or why it cannot be: the other host has tried to take it. Files that this one
// lacks are sent while the guest runs, and QEMU sends the tops that it writes to. Changes nothing, and the guest does
// not feel it.
import { posix } from 'node:path';
import type { VmDocuments } from '../../../domain/copiedVm.js';
import { Failure } from '../../../domain/failure.js';
import { hasTpm } from '../../../domain/vm.js';
import type { VmFile } from '../../../domain/vmFiles.js';
import { parseUri } from '../../../libvirt/uri.js';
import type { MigrationWish } from '../../../driver/migrationHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { examineNow } from '../../../transfer/lookAtVm.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { tryMove } from '../live/leadMove.js';
import { clusterFailure } from '../clusterFailure.js';
import {
  describeFiles,
  isSameInode,
  mediaMissing,
  type PlannedFile,
  type PlannedMove,
  requireAlone,
  requireKnown,
  requireNoLink,
  requirePlace,
} from './plannedMove.js';
import { seenOn, type Sides, withEnds } from './sides.js';
import { readTop, writtenDisks } from './tops.js';

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
  const needs = await requireKnown(to, documents);
  const { files } = await engine.readFiles(ref);
  const { shared, local } = await bySide(files, sides);
  const send = local.length === 0 ? [] : await sentFiles(engine, view, { files: local, documents }, sides);
  const copied = send.flatMap(({ top }) => top?.target ?? []);
  const wish: MigrationWish = {
    sharedDisks: (shared.length > 0 || local.length === 0) && !(await areLoose(shared, sides)),
    address: `tcp://${await addressOf(sides, address)}`,
    ...(copied.length > 0 && { copied }),
  };
  const some = documents.snapshots.length > 0 ? 'some' : 'none';
  // As it runs, which may have more than it is defined with.
  const running = await withEnds(sides, async (ends) => {
    const { source } = ends;
    // QEMU (7.2) ends where a guest that has not run since it came is sent on.
    if ((await source.stateOf(ref.uuid)) === 'paused' && (await source.arrivalOf(ref.uuid)) !== undefined) {
      throw clusterFailure('cameHerePaused');
    }
    return tryMove(ends, { name: vm.name, uuid: ref.uuid }, some, wish);
  }).catch((error: unknown) => {
    throw error instanceof Failure && error.details.libvirtMessage !== undefined
      ? clusterFailure('notTaken', { said: error.details.libvirtMessage })
      : error;
  });
  const { ofHost } = await requireKnown(to, { definition: running, snapshots: [] });
  return {
    view,
    documents,
    needs: { ...needs, ofHost: [...new Set([...needs.ofHost, ...ofHost])] },
    live: wish,
    send,
    shared,
    mediaMissing: await mediaMissing(files, to),
    requireUnchanged: async () => {
      if (JSON.stringify(await read()) !== JSON.stringify(documents)) {
        throw clusterFailure('changed');
      }
    },
  };
}

interface FilesBySide {
  /** On both hosts. */
  readonly shared: readonly PlannedFile[];
  readonly local: readonly VmFile[];
}

/** What its disks and snapshots are made of. The guest takes its variables and its TPM with it. */
async function bySide(files: readonly VmFile[], { from, to }: Sides): Promise<FilesBySide> {
  const all = files.filter(({ role, seen, present, snapshots }) => {
    // Of an overlay that a revert took away, its name is left.
    const isName = seen === 'missing' && !present && snapshots.length === 0;
    return (role === 'disk' || role === 'memory') && !isName;
  });
  const paths = all.map(({ path }) => path);
  const [here, there] = await Promise.all([seenOn(from, paths), seenOn(to, paths)]);
  for (const path of here.keys()) {
    await requireNoLink(from, path);
  }
  const shared: PlannedFile[] = [];
  const local: VmFile[] = [];
  for (const file of all) {
    const { path, role } = file;
    const found = here.get(path);
    if (found === undefined) {
      throw transferFailure('missing', { file: path });
    }
    if (isSameInode(found, there.get(path))) {
      const place = { base: posix.dirname(path), folders: [] };
      shared.push({ path, role: role as 'disk' | 'memory', ...found, allocatedBytes: 0, ...place });
    } else {
      local.push(file);
    }
  }
  return { shared, local };
}

/** @throws Failure `refused` */
async function sentFiles(
  engine: EnginePort,
  view: VmView,
  { files, documents }: { readonly files: readonly VmFile[]; readonly documents: VmDocuments },
  sides: Sides,
): Promise<readonly PlannedFile[]> {
  const { from, to } = sides;
  const { ref, vm } = view;
  if (hasTpm(vm) || vm.nvram !== undefined) {
    throw clusterFailure('stateRuns');
  }
  const { odd, special } = await from.ask((copies) => Promise.resolve(copies.filesIn(documents)));
  const [disk] = [...odd, ...special];
  if (disk !== undefined) {
    throw transferFailure('oddDisk', { disk });
  }
  const disks = writtenDisks(vm);
  const parts = await Promise.all(
    files.map(async ({ path, role }) => {
      const disk = disks.get(path);
      const part = { path, role: role as 'disk' | 'memory' };
      return disk === undefined ? part : { ...part, written: true as const, top: await readTop(from, path, disk) };
    }),
  );
  requireAlone(files);
  if ((await to.host.qemuImg.find()) === undefined) {
    throw clusterFailure('noQemuImg');
  }
  const send = await describeFiles(ref, parts, sides);
  const { readable, needed } = await examineNow(engine, ref);
  if (readable.refusal !== undefined) {
    throw new Failure('refused', { vm: vm.name, refusal: readable.refusal });
  }
  await requirePlace(view, send, needed, sides);
  return send;
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
