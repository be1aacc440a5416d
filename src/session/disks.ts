// The disks of a VM with their sizes, for every shell that lists them, and a size as people write it.
import { isOwnDisk } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';
import type { DiskInfo } from './publicTypes.js';

/** Without what is only read, or shared. */
export async function disksOf(
  engine: Pick<EnginePort, 'readLayers'>,
  { ref, vm }: Pick<VmView, 'ref' | 'vm'>,
): Promise<readonly DiskInfo[]> {
  const { disks } = await engine.readLayers(ref);
  return vm.disks.filter(isOwnDisk).map(({ target, format, source: file }) => {
    const bytes = disks.find((one) => one.target === target)?.layers[0]?.virtualBytes;
    return { target, format, ...(typeof bytes === 'number' && { bytes }), ...(file !== undefined && { file }) };
  });
}

const bytesOfUnit: Readonly<Record<string, number>> = { M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `512M`, `20 GB`: in bytes; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,6}) ?([MGT])(?:i?B)?$/u.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * (bytesOfUnit[unit] ?? 0);
}
