// Which files the VMs of a connection use, layers below their disks too: asked before a file is removed.
import type { EnginePort } from '../engine/enginePort.js';

/**
 * Undefined where a VM cannot be looked at: not known is not unused.
 *
 * @param except UUID of a VM that goes too
 */
export async function filesOfVms(
  engine: Pick<EnginePort, 'refresh' | 'connections' | 'readFiles'>,
  connection: string,
  except?: string,
): Promise<ReadonlySet<string> | undefined> {
  await engine.refresh({ connection });
  const used = new Set<string>();
  for (const { ref } of engine.connections.find(({ uri }) => uri === connection)?.vms ?? []) {
    const seen = ref.uuid === except ? { files: [] } : await engine.readFiles(ref).catch(() => undefined);
    if (seen === undefined) {
      return undefined;
    }
    seen.files.forEach(({ path }) => used.add(path));
  }
  return used;
}
