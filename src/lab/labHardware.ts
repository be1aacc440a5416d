// Whether a VM that a lab made has the hardware that its file says. Asks nobody.
import type { Hardware, HardwareItem, HardwarePart } from '../domain/hardware.js';
import { displayLine } from '../domain/plainText.js';
import type { LabVmParts } from '../domain/labVm.js';

export interface OtherHardware {
  /** In the words of a lab file: `memory: 192 MiB`, `network: none`. */
  readonly has: string;
  readonly says: string;
}

const mib = 1024 * 1024;

/**
 * Disks by the places where they are: which file each one is on, snapshots change.
 * @param hardware as configured
 * @returns undefined where it is the same
 */
export function otherHardware(
  { items }: Pick<Hardware, 'items'>,
  {
    cpus,
    memoryMiB,
    image,
    disksMiB,
    network,
    cloudInit,
  }: Omit<LabVmParts, 'boot' | 'image'> & { readonly image?: unknown },
): OtherHardware | undefined {
  const of = (part: HardwarePart): readonly HardwareItem[] => items.filter((item) => item.part === part);
  const memory = of('memory').flatMap(({ facts: { bytes } }) => (bytes === undefined ? [] : [Number(bytes)]));
  const count = disksMiB.length + (image === undefined ? 0 : 1);
  const targets = Array.from({ length: count }, (_, at) => `vd${String.fromCharCode(97 + at)}`);
  const kinds = of('network').map(({ facts: { kind = '', source } }) => (kind === 'network' ? (source ?? '') : kind));
  const rows = [
    ['cpus', of('cpu').find(({ id }) => id === 'vcpu')?.facts.count ?? '', String(cpus)],
    // A VM may be given less of its memory than it has.
    ['memory', `${Math.min(...memory) / mib} MiB`, `${memoryMiB} MiB`],
    ['disks', listNames(of('disk').map(({ id }) => id)), listNames([...targets, ...(cloudInit ? ['sda'] : [])])],
    ['network', listNames(kinds), network === undefined ? listNames([]) : network === 'user' ? network : network.name],
  ] as const;
  const others = rows.filter(([, has, says]) => has !== says);
  const displayPairs = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([key, value]) => `${key}: ${displayLine(value)}`).join('; ');
  return others.length === 0
    ? undefined
    : {
        has: displayPairs(others.map(([key, has]) => [key, has])),
        says: displayPairs(others.map(([key, , says]) => [key, says])),
      };
}

function listNames(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...names].sort().join(', ');
}
