// What an image is that is no qcow2, by how it begins: QEMU is never left to guess. A vmdk is read here as a whole, for
// opening one opens all files that it names.
import { BadImage, type ImageBytes, prefetch } from './imageBytes.js';

/** What QEMU itself looks at to tell formats apart. */
const headBytes = 512;
const sectorBytes = 512;
const mostDescriptorBytes = 64 * 1024;

const signatures: readonly (readonly [format: string, at: number, bytes: string])[] = [
  ['qcow', 0, 'QFI\xfb\0\0\0\x01'],
  ['qed', 0, 'QED\0'],
  ['vmdk', 0, 'KDMV'],
  ['vmdk', 0, 'COWD'],
  ['vdi', 64, '\x7f\x10\xda\xbe'],
  ['vpc', 0, 'conectix'],
  ['vhdx', 0, 'vhdxfile'],
  ['luks', 0, 'LUKS\xba\xbe'],
  ['parallels', 0, 'WithoutFreeSpace'],
  ['parallels', 0, 'WithouFreSpacExt'],
];
/** The text that names the files of a vmdk. */
const descriptor = /^(?:#[^\n]*\n|[ \r]*\n)*version=\d/u;

/** Those that QEMU opens without any other file, as long as it leaves out what they rest on. */
export const openAlone: ReadonlySet<string> = new Set(['qcow', 'qed', 'vdi', 'vpc', 'vhdx', 'luks', 'parallels']);

/** `raw` where it begins as none. */
export async function formatOf(image: ImageBytes): Promise<string> {
  const head = (await image.read(0, Math.min(headBytes, image.size))).toString('latin1');
  const [format] = signatures.find(([, at, bytes]) => head.startsWith(bytes, at)) ?? [];
  return format ?? (descriptor.test(head) ? 'vmdk' : 'raw');
}

interface Vmdk {
  readonly virtualBytes: number;
  /** As written. */
  readonly backing?: string;
}

/** @throws BadImage */
export async function readVmdk(file: ImageBytes): Promise<Vmdk> {
  const image = await prefetch(file, headBytes);
  const magic = image.size < 4 ? '' : (await image.read(0, 4)).toString('latin1');
  if (magic === 'COWD') {
    return { virtualBytes: (await image.read(12, 4)).readUInt32LE(0) * sectorBytes };
  }
  const head = magic === 'KDMV' ? await image.read(0, 44) : undefined;
  const at = head === undefined ? 0 : sectors(head, 28);
  const length = head === undefined ? image.size : sectors(head, 36);
  const text =
    at >= image.size
      ? ''
      : (await image.read(at, Math.min(length, mostDescriptorBytes, image.size - at))).toString('utf8');
  const named = /^parentFileNameHint="([^"]*)"/mu.exec(text)?.[1];
  const extents = [...text.matchAll(/^(?:RW|RDONLY|NOACCESS) (\d{1,15}) /gmu)];
  const inAll = extents.reduce((sum, [, count]) => sum + Number(count), 0) * sectorBytes;
  const own = head === undefined ? 0 : sectors(head, 12);
  return { virtualBytes: own === 0 ? inAll : own, ...(named === undefined ? {} : { backing: named }) };
}

function sectors(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at)) * sectorBytes;
  if (!Number.isSafeInteger(value)) {
    throw new BadImage(`a place or size of ${value} bytes`);
  }
  return value;
}
