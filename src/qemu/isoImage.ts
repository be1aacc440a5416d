// A CD-ROM with a few small files in its only folder, as ISO 9660 has it: for cloud-init's NoCloud, which looks for the
// label and for file names that only a relaxed reading of the standard admits, as Linux reads them. Pure.

const sector = 2048;
/** Where the first file begins: 16 sectors for others, two descriptors, two path tables, the folder. */
const [pathLittle, pathBig, folderAt, firstFile] = [18, 19, 20, 21];

interface IsoFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * @param label at most 32 characters
 * @throws RangeError where the files do not fit into one folder of one sector
 */
export function isoImage(label: string, files: readonly IsoFile[]): Uint8Array {
  let next = firstFile;
  const placed = files.map((file) => {
    const at = next;
    next += Math.max(1, Math.ceil(file.bytes.length / sector));
    return { ...file, at };
  });
  const image = Buffer.alloc(next * sector);
  const root = record('\0', folderAt, sector, 'folder');
  const folder = Buffer.concat([
    root,
    record('\u0001', folderAt, sector, 'folder'),
    ...placed.map(({ name, at, bytes }) => record(name, at, bytes.length, 'file')),
  ]);
  if (folder.length > sector) {
    throw new RangeError('too many files for a folder of one sector');
  }
  descriptor(label, next, root).copy(image, 16 * sector);
  Buffer.from([255, ...Buffer.from('CD001'), 1]).copy(image, 17 * sector);
  pathTable('little').copy(image, pathLittle * sector);
  pathTable('big').copy(image, pathBig * sector);
  folder.copy(image, folderAt * sector);
  for (const { at, bytes } of placed) {
    image.set(bytes, at * sector);
  }
  return image;
}

/** Reads an image that `isoImage` made; undefined: it is another one. */
export function readIsoImage(bytes: Uint8Array, label: string): readonly IsoFile[] | undefined {
  const image = Buffer.from(bytes);
  const files: IsoFile[] = [];
  for (let at = folderAt * sector; at < Math.min(image.length, firstFile * sector) && image[at] !== 0;) {
    const nameLength = image[at + 32] ?? 0;
    const name = image.toString('latin1', at + 33, at + 33 + nameLength);
    if (((image[at + 25] ?? 0) & 2) === 0 && at + 14 <= image.length) {
      const from = image.readUInt32LE(at + 2) * sector;
      files.push({ name, bytes: image.subarray(from, from + image.readUInt32LE(at + 10)) });
    }
    at += image[at] ?? sector;
  }
  try {
    return image.equals(isoImage(label, files)) ? files : undefined;
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

/** ECMA-119 8.4; times and names of people are left empty. */
function descriptor(label: string, sectors: number, root: Uint8Array): Buffer {
  const bytes = Buffer.alloc(sector);
  const text = (at: number, length: number, value = ''): unknown => bytes.write(value.padEnd(length), at, 'latin1');
  bytes[0] = 1;
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = 1;
  text(8, 32);
  text(40, 32, label.slice(0, 32));
  both32(bytes, 80, sectors);
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, sector);
  both32(bytes, 132, 10);
  bytes.writeUInt32LE(pathLittle, 140);
  bytes.writeUInt32BE(pathBig, 148);
  bytes.set(root, 156);
  text(190, 623);
  for (const at of [813, 830, 847, 864]) {
    bytes.write('0'.repeat(16), at, 'latin1');
  }
  bytes[881] = 1;
  return bytes;
}

/** ECMA-119 9.1. */
function record(name: string, at: number, length: number, kind: 'file' | 'folder'): Buffer {
  const bytes = Buffer.alloc(33 + name.length + ((name.length + 1) % 2));
  bytes[0] = bytes.length;
  both32(bytes, 2, at);
  both32(bytes, 10, length);
  // 1970: no reader needs more, and the same text gives the same image.
  bytes.set([70, 1, 1], 18);
  bytes[25] = kind === 'folder' ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = name.length;
  bytes.write(name, 33, 'latin1');
  return bytes;
}

function pathTable(order: 'little' | 'big'): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 1;
  if (order === 'little') {
    bytes.writeUInt32LE(folderAt, 2);
    bytes.writeUInt16LE(1, 6);
  } else {
    bytes.writeUInt32BE(folderAt, 2);
    bytes.writeUInt16BE(1, 6);
  }
  return bytes;
}

function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}

function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}
