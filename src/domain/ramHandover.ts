// Where the RAM of a fork goes through on its way from the file that it is in: a pipe, or a copy for a libvirt that
// takes none.

import { type Version, versionOf } from './capabilities.js';

/** Beside the file with the RAM, hidden. */
export function handoverPath(file: string, uuid: string): string {
  return `${file.slice(0, file.lastIndexOf('/'))}/.${uuid}.ram`;
}

/** The UUID of the fork whose RAM went through it; undefined: it is no such file. */
export function handedTo(file: string): string | undefined {
  return /\/\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.ram$/u.exec(file)?.[1];
}

/**
 * Whether this libvirt has to be given a copy of the file with the RAM.
 *
 * | libvirt                    | → |
 * |----------------------------|---|
 * | 9.0, 12.8 and newer        | no: it reads a pipe |
 * | 11.3                       | yes |
 * | others: nobody has tried   | maybe: a pipe is tried first |
 */
export function copiesRam(libvirt: Version): 'yes' | 'maybe' | 'no' {
  const isOf = (major: number, minor: number): boolean =>
    libvirt >= versionOf(major, minor) && libvirt < versionOf(major, minor + 1);
  return isOf(11, 3) ? 'yes' : isOf(9, 0) || libvirt >= versionOf(12, 8) ? 'no' : 'maybe';
}
