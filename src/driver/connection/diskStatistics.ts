// The disks' part of libvirt's bulk statistics → the model. Refuses to look at any other part of them.
import type { TypedParameter } from '../../libvirt/structs.js';
import type { LayerStatistics } from '../../domain/diskStatistics.js';
import type { Bytes } from '../../domain/layers.js';

type Value = TypedParameter['value']['value'];

const prefix = 'block.';
/** By length, which is asked first: there are thousands of fields in each sweep, and most are none of these. */
const wanted = { 4: ['name', 'path'], 8: ['capacity', 'physical'], 10: ['allocation'] } as const;
type StatisticName = (typeof wanted)[keyof typeof wanted][number];
const noNames: readonly StatisticName[] = [];

/** More than libvirt lets a VM have, with the deepest chains that QEMU opens. */
const mostLayers = 20_000;

/**
 * libvirt says "allocation" and "physical" the other way round for a VM that runs (measured alike on 9.0, 11.3 and 12):
 *
 * | VM      | allocation                 | physical          |
 * |---------|----------------------------|-------------------|
 * | running | end of the highest write   | blocks in use     |
 * | off     | blocks in use              | length of the file |
 *
 * @param active as the record itself says
 */
export function parseLayers(parameters: readonly TypedParameter[], active: boolean): readonly LayerStatistics[] {
  const allocated = active ? 'physical' : 'allocation';
  const found: Partial<Record<StatisticName, Value>>[] = [];
  let count: Bytes = 'unknown';
  // All of a layer come one after the other.
  let layer = '';
  let into: Partial<Record<StatisticName, Value>> | undefined;
  for (const { field, value } of parameters) {
    if (field === 'block.count') {
      count = bytesOf(value.value);
      continue;
    }
    if (layer === '' || !field.startsWith(layer)) {
      const dot = field.startsWith(prefix) ? field.indexOf('.', prefix.length) + 1 : 0;
      const index = dot === 0 ? -1 : Number(field.slice(prefix.length, dot - 1));
      layer = field.slice(0, dot);
      into = Number.isInteger(index) && index >= 0 && index < mostLayers ? (found[index] ??= {}) : undefined;
    }
    if (into !== undefined) {
      for (const name of namesOfLength(field.length - layer.length)) {
        if (field.endsWith(name)) {
          into[name] = value.value;
        }
      }
    }
  }
  return found.slice(0, count === 'unknown' ? 0 : count).flatMap((values): readonly LayerStatistics[] => {
    const { name: target, path: file } = values;
    return typeof target !== 'string'
      ? []
      : [
          {
            target,
            ...(typeof file === 'string' && file.startsWith('/') ? { file } : {}),
            allocatedBytes: bytesOf(values[allocated]),
            virtualBytes: bytesOf(values.capacity),
          },
        ];
  });
}

function namesOfLength(length: number): readonly StatisticName[] {
  return length === 4 || length === 8 || length === 10 ? wanted[length] : noNames;
}

/** A bigint is beyond what any disk has. */
function bytesOf(value: Value | undefined): Bytes {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 'unknown';
}
