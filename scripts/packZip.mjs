// Packs the files of a ZIP again, as small as deflate goes: vsce takes the quick way. Their content stays.
import { readFileSync, writeFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const deflated = 8;

/**
 * @param {string} file without a comment, as vsce writes it
 * @throws {Error} when it is no such ZIP
 */
export async function packZip(file) {
  const { deflate } = await import('@gfx/zopfli');
  const zip = readFileSync(file);
  // The end record of a ZIP file (APPNOTE 4.3.16) stands in the last 22 bytes.
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end !== zip.length - 22) throw new Error(`${file} is no ZIP file without a comment`);
  const [locals, centrals] = [/** @type {Buffer[]} */ ([]), /** @type {Buffer[]} */ ([])];
  let [at, place] = [zip.readUInt32LE(end + 16), 0];
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== centralHeader) throw new Error(`${file} is broken at ${at}`);
    const [method, packed, nameLength] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
    ];
    const name = zip.subarray(at + 46, at + 46 + nameLength);
    const from = zip.readUInt32LE(at + 42);
    const dataAt = from + 30 + zip.readUInt16LE(from + 26) + zip.readUInt16LE(from + 28);
    const data = zip.subarray(dataAt, dataAt + packed);
    const content = method === deflated ? inflateRawSync(data) : data;
    const small = await new Promise((/** @type {(made: Buffer) => void} */ resolve, reject) => {
      deflate(content, { numiterations: 5 }, (error, made) => {
        if (made === undefined || made === null) reject(error ?? new Error('zopfli made nothing'));
        else resolve(Buffer.from(made));
      });
    });
    // What is packed already is stored as it is.
    const isSmaller = small.length < content.length;
    const body = isSmaller ? small : content;
    // Flags, way, time, checksum and sizes stand in both headers in the same order.
    const facts = Buffer.from(zip.subarray(at + 8, at + 30));
    // Bit 3: the sizes stand behind the file; now they do not.
    facts.writeUInt16LE(facts.readUInt16LE(0) & ~8, 0);
    facts.writeUInt16LE(isSmaller ? deflated : 0, 2);
    facts.writeUInt32LE(body.length, 12);
    facts.writeUInt32LE(content.length, 16);
    const central = Buffer.concat([zip.subarray(at, at + 46), name]);
    facts.copy(central, 8);
    central.writeUInt16LE(0, 30);
    central.writeUInt16LE(0, 32);
    central.writeUInt32LE(place, 42);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(localHeader, 0);
    local.writeUInt16LE(zip.readUInt16LE(at + 6), 4);
    facts.copy(local, 6);
    locals.push(local, name, body);
    centrals.push(central);
    place += local.length + name.length + body.length;
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  const last = Buffer.from(zip.subarray(end));
  last.writeUInt32LE(
    centrals.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  last.writeUInt32LE(place, 16);
  writeFileSync(file, Buffer.concat([...locals, ...centrals, last]));
}
