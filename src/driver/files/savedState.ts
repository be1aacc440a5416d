// The file with the RAM of a snapshot, as libvirt writes it (virQEMUSaveHeader): a header, the VM's XML, QEMU's stream.
// QEMU writes the stream by itself, through a descriptor that it is given. Under its own name the file appears when it
// is whole.
import { type FileHandle, link, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname } from 'node:path';
import { thisComputer } from '../../base/fileSystem.js';
import { writeAll } from '../../base/writeAll.js';
import { partOf } from '../../domain/hostFiles.js';
import { identityOfOpen, removeMade } from './ownVmFolder.js';

const headerBytes = 92;
/** libvirt takes a file that begins so for one that is still being written. */
const unfinished = Buffer.from('LibvirtQemudPart');
export const finishedMark = Buffer.from('LibvirtQemudSave');
const version = 2;
/** libvirt puts a longer XML into the same place when somebody edits it. */
const roomBytes = 64 * 1024;
/** The stream begins on one. */
const pageBytes = 4_096;

export class SavedState {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #identity: string;
  /** Where the stream begins. */
  readonly start: number;

  private constructor(file: string, handle: FileHandle, start: number, identity: string) {
    this.#file = file;
    this.#handle = handle;
    this.start = start;
    this.#identity = identity;
  }

  /**
   * For nobody else to read, and for writing alone: QEMU takes one of a set only in the mode that it wants.
   * It stands behind the header, where QEMU writes on.
   * @param xml with passwords, as the VM runs before its disks are switched
   */
  static async begin(file: string, xml: string): Promise<SavedState> {
    const part = partOf(file);
    const handle = await open(part, 'wx', 0o600);
    const identity = await identityOfOpen(handle);
    try {
      const header = headerOf(xml);
      await handle.writeFile(header);
      return new SavedState(file, handle, header.length, identity);
    } catch (error) {
      await handle.close();
      await removeMade(part, identity);
      throw error;
    }
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  /** The stream is whole. Under its name the file appears when all of it is on the disk, so one flush does. */
  async finish(): Promise<void> {
    await writeAll(this.#handle, finishedMark, 0);
    await this.#handle.sync();
    await this.#handle.close();
    // Never over what somebody else put there.
    await link(partOf(this.#file), this.#file);
    await removeMade(partOf(this.#file), this.#identity);
    await thisComputer.flush(dirname(this.#file));
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await removeMade(partOf(this.#file), this.#identity);
  }
}

/**
 * Magic, version, length of the XML with what pads it, "was running", format (0: raw), place of the cookie (0: none).
 */
export function headerOf(xml: string): Buffer {
  const text = Buffer.from(`${xml}\0`);
  const least = headerBytes + text.length + roomBytes;
  const whole = Buffer.alloc(Math.ceil(least / pageBytes) * pageBytes);
  unfinished.copy(whole);
  const little = endianness() === 'LE';
  [version, whole.length - headerBytes, 1, 0, 0].forEach((word, at) => {
    const place = unfinished.length + at * 4;
    return little ? whole.writeUInt32LE(word, place) : whole.writeUInt32BE(word, place);
  });
  text.copy(whole, headerBytes);
  return whole;
}
