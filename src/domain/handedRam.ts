// Where the RAM of a fork goes through on its way from the file that it is in: a pipe, or a copy for a libvirt that takes none.

/** Beside the file with the RAM, hidden. */
export function handedRam(file: string, uuid: string): string {
  return `${file.slice(0, file.lastIndexOf('/'))}/.${uuid}.ram`;
}
