// The files of the VMs of a lab: which of them go with it, and who else stands on one. They are compared as what they
// are, whatever path leads to them.
import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, isAbsent, undefinedIfAbsent } from '../base/errno.js';
import { Failure } from '../domain/failure.js';
import { identityOf, type MadeFile } from '../domain/hostFiles.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { VmView } from '../live/views.js';
import type { LabRecord, RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { labFailure } from './labFailure.js';
import { factsOf } from '../qemu/fileFacts.js';

/** What a version that wrote down no files has made. */
const namesOfBefore = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  .map((letter) => `disk-${letter}.qcow2`)
  .concat('kernel', 'initrd', 'seed.iso');

/** As they are now: what was made, and what the VM and its snapshots have put beside it. */
export async function goingFiles(
  { folder, made }: RecordedVm,
  view: Pick<VmView, 'vm' | 'tree'> | undefined,
): Promise<readonly MadeFile[]> {
  const recorded = made ?? (await identifyFiles([folder, ...namesOfBefore.map((name) => join(folder, name))]));
  const targets = new Set(recorded.flatMap(({ path }) => /\/disk-([a-z])\.qcow2$/u.exec(path)?.[1] ?? []));
  const isOwn = (target: string): boolean => targets.has(target.replace(/^vd/u, ''));
  const beside = [
    ...(view?.vm.disks ?? []).flatMap(({ target, device, readonly, source }) =>
      isOwn(target) && device === 'disk' && !readonly ? (source ?? []) : [],
    ),
    ...(view?.tree?.snapshots ?? []).flatMap(({ memory, disks, revertDisks = [] }) => [
      ...(memory.file === undefined ? [] : [memory.file]),
      ...[...disks, ...revertDisks].flatMap(({ target, file }) => (isOwn(target) ? (file ?? []) : [])),
    ]),
  ];
  const known = new Set(recorded.map(({ path }) => path));
  const own = [...new Set(beside)].filter((path) => dirname(path) === folder && !known.has(path));
  return [...recorded, ...(await identifyFiles(own))];
}

async function identifyFiles(paths: readonly string[]): Promise<readonly MadeFile[]> {
  const all = await Promise.all(
    paths.map(async (path) => {
      try {
        return [{ path, identity: identityOf(await lstat(path, { bigint: true })) }];
      } catch (error) {
        // A file that may not be looked at is not known to be the lab's, so it is not removed either.
        if (isAbsent(error) || hasCode(error, 'EACCES', 'ELOOP')) {
          return [];
        }
        throw error;
      }
    }),
  );
  return all.flat();
}

/** Clones and others may stand on the files that would go. @throws Failure */
export async function requireAlone({ vms }: LabRecord, session: Session): Promise<void> {
  const { engine } = session;
  const { views } = await session.reachAll();
  const going = new Set<string>();
  for (const vm of vms.filter(({ folder }) => folder !== '')) {
    const own = views.find(({ ref }) => ref.uuid === vm.uuid);
    const tree = own === undefined ? undefined : await treeOf(own, engine);
    for (const { path } of await goingFiles(vm, own && { vm: own.vm, ...(tree === undefined ? {} : { tree }) })) {
      going.add(path).add((await realOf(path)) ?? path);
    }
    going.delete(vm.folder);
  }
  for (const view of going.size === 0 ? [] : views) {
    if (vms.some(({ uuid }) => uuid === view.ref.uuid)) {
      continue;
    }
    const { snapshots = [] } = (await treeOf(view, engine)) ?? {};
    const named = view.vm.disks.flatMap(({ source, backing = [] }) => [source ?? '', ...backing]);
    const { files = [] } = snapshots.length === 0 && named.length === 0 ? {} : await engine.readFiles(view.ref);
    for (const path of new Set([...named, ...files.map((file) => file.path)])) {
      if (going.has(path) || going.has((await realOf(path)) ?? path)) {
        throw labFailure('needsFiles', { vm: view.vm.name });
      }
    }
  }
}

/** Undefined where the VM is gone. */
async function treeOf({ ref }: VmView, engine: Session['engine']): Promise<SnapshotTree | undefined> {
  try {
    return await engine.readTree(ref);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'notFound') {
      return undefined;
    }
    throw error;
  }
}

/**
 * Alike for all paths that lead to the same file; undefined where there is none.
 * @throws Failure `refused` where it cannot be seen: it may be any file
 */
export async function realOf(path: string): Promise<string | undefined> {
  if (!path.startsWith('/')) {
    return undefined;
  }
  try {
    const stats = await undefinedIfAbsent(stat(path));
    return stats && (await factsOf(stats))?.real;
  } catch (error) {
    throw labFailure('unseen', { file: path, code: (error as NodeJS.ErrnoException).code ?? String(error) });
  }
}
