// What is left when overlays were merged into files below them: who stands on what, and what is in the images. Knows no
// step.
import type { Facts } from '../domain/facts.js';
import type { VmDisk } from '../domain/vm.js';
import { withImage, withoutLayers } from './changedFacts.js';

interface OverlayMerge {
  readonly overlay: string;
  readonly base: string;
}

/** Who stood on an overlay stands on the file that took it, and the images say so too. */
export function withMerges(merges: readonly OverlayMerge[], facts: Facts): Facts {
  return merges.reduce(withContent, onBases(merges, facts));
}

/**
 * The VM and its snapshots stand on the files that took the merges: libvirt puts the metadata of the others there too.
 */
export function onBases(merges: readonly OverlayMerge[], facts: Facts): Facts {
  const into = new Map(merges.map(({ overlay, base }) => [overlay, base]));
  const onBase = (disk: VmDisk): VmDisk => onMerged(disk, into);
  const { vm, configured, frozenDisks } = facts;
  return {
    ...facts,
    vm: { ...vm, disks: vm.disks.map(onBase) },
    ...(configured === undefined ? {} : { configured: configured.map(onBase) }),
    ...(frozenDisks === undefined
      ? {}
      : { frozenDisks: new Map([...frozenDisks].map(([name, disks]) => [name, disks.map(onBase)])) }),
  };
}

function onMerged(disk: VmDisk, into: ReadonlyMap<string, string>): VmDisk {
  const { source = '', backing, layers } = disk;
  const base = into.get(source);
  if (base !== undefined) {
    // What the file below was written as is not told here; nobody asks for the format of a simulated disk.
    return {
      ...withoutLayers(disk),
      source: base,
      ...(backing === undefined ? {} : { backing: backing.slice(backing.indexOf(base) + 1) }),
    };
  }
  if (backing?.some((file) => into.has(file)) === true) {
    return { ...withoutLayers(disk), backing: backing.filter((file) => !into.has(file) && file !== source) };
  }
  // A configuration may tell its layers not to the end.
  return layers?.some(({ file }) => into.has(file ?? '')) === true
    ? { ...disk, layers: layers.filter(({ file }) => !into.has(file ?? '')) }
    : disk;
}

/** What was above a merged overlay stands on the file that took it, which has grown by as much at most. */
function withContent(facts: Facts, { overlay, base }: OverlayMerge): Facts {
  const images = facts.files?.images ?? new Map<string, never>();
  const [above, below] = [images.get(overlay), images.get(base)];
  const grown =
    typeof above === 'object' && typeof below === 'object'
      ? withImage(facts, base, {
          ...below,
          allocatedBytes: below.allocatedBytes + above.allocatedBytes,
          empty: below.empty === true && above.empty === true,
        })
      : facts;
  return [...images].reduce((at, [file, image]) => {
    const backing = typeof image === 'object' ? image.backing : undefined;
    return typeof image === 'object' && backing?.file === overlay
      ? withImage(at, file, { ...image, backing: { ...backing, file: base } })
      : at;
  }, grown);
}
