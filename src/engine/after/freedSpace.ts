// What a delete gave back to the file systems: what the files of the VM take before it and after, as far as they are on
// this computer.
import { filesOfLayers } from '../../domain/chains/layersFromFiles.js';
import type { Facts } from '../../domain/facts.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { OperationType } from '../../domain/operation.js';
import { mapLimited } from '../../base/mapLimited.js';
import type { PlannedWork } from '../../operations/plan.js';

const atOnce = 8;
const freeing: ReadonlySet<OperationType> = new Set<OperationType>(['delete', 'prune', 'consolidate']);

/** @returns what tells it afterwards; that tells nothing where files cannot be seen */
export async function watchSpace(
  { nearbyFiles }: { readonly nearbyFiles?: Pick<HostFiles, 'file'> },
  { request, steps }: PlannedWork,
  facts: Facts,
): Promise<() => Promise<number | undefined>> {
  if (nearbyFiles === undefined || !freeing.has(request.kind)) {
    return () => Promise.resolve(undefined);
  }
  const { images, files } = filesOfLayers(facts);
  const removed = steps.flatMap((step) => (step.kind === 'removeFiles' ? step.files : []));
  const readSizes = (paths: readonly string[]): Promise<readonly (readonly [string, number])[]> =>
    mapLimited(paths, atOnce, async (path) => {
      const seen = await nearbyFiles.file(path).catch(() => 'unknown' as const);
      return [path, seen === 'missing' ? 0 : seen === 'unknown' ? Number.NaN : seen.allocatedBytes] as const;
    });
  const before = (await readSizes([...new Set([...images, ...files, ...removed])])).filter(([, bytes]) => bytes > 0);
  return async () => {
    const after = new Map(await readSizes(before.map(([path]) => path)));
    const freed = before.reduce((sum, [path, bytes]) => sum + bytes - (after.get(path) ?? Number.NaN), 0);
    return Number.isNaN(freed) ? undefined : freed;
  };
}
