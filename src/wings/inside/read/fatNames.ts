// Names of FAT: eleven bytes, and the pieces of long ones.
import { nameOf } from './guestFileSystem.js';

export function shortName(raw: Buffer): string {
  const bytes = Buffer.from(raw.subarray(0, 11));
  if (bytes[0] === 0x05) {
    bytes[0] = 0xe5;
  }
  const lower = raw.readUInt8(12);
  const part = (from: number, to: number, isLower: boolean): string => {
    const text = nameOf(Buffer.from(bytes.toString('latin1', from, to).trimEnd(), 'utf8'));
    return isLower ? text.toLowerCase() : text;
  };
  const [name, extension] = [part(0, 8, (lower & 0x08) !== 0), part(8, 11, (lower & 0x10) !== 0)];
  return extension === '' ? name : `${name}.${extension}`;
}

/** The pieces of a long name stand before the entry with the short one, the last piece first. */
export class LongName {
  readonly #pieces: string[] = [];
  #sum: number | undefined;
  #next = 0;

  add(raw: Buffer): void {
    const order = raw.readUInt8(0);
    const number = order & 0x1f;
    if ((order & 0x40) !== 0) {
      this.#pieces.length = 0;
      this.#next = number;
      this.#sum = raw.readUInt8(13);
    }
    if (number !== this.#next || number === 0 || raw.readUInt8(13) !== this.#sum) {
      this.#sum = undefined;
      return;
    }
    this.#next -= 1;
    this.#pieces.unshift(
      raw.toString('utf16le', 1, 11) + raw.toString('utf16le', 14, 26) + raw.toString('utf16le', 28, 32),
    );
  }

  /** Undefined where there is none, or it belongs to another entry. */
  nameFor(short: Buffer): string | undefined {
    if (this.#next !== 0 || this.#sum === undefined || this.#pieces.length === 0 || this.#sum !== sumOf(short)) {
      return undefined;
    }
    const text = this.#pieces.join('');
    const end = text.indexOf('\0');
    return nameOf(Buffer.from(end < 0 ? text : text.slice(0, end), 'utf8'));
  }
}

function sumOf(short: Buffer): number {
  return short.subarray(0, 11).reduce((sum, byte) => (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff, 0);
}
