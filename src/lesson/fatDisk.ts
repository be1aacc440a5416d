// A FAT file system with some small files, as the first bytes of the lesson's disk: each file is one block of the
// guest's, so that its guest, which knows no file system, can overwrite it. Pure.
// https://en.wikipedia.org/wiki/Design_of_the_FAT_file_system
import { demoDiskBytes } from '../domain/demoVm.js';

const sectorBytes = 512;
/** A cluster is a block of the guest. */
const clusterBytes = 4096;
const entryBytes = 32;
/** Each on a block's border. */
const [fatAt, rootAt, dataAt] = [1, 5, 6].map((block) => block * clusterBytes) as [number, number, number];
/** Clusters are counted from here. */
const firstCluster = 2;
const lastOfFile = 0xffff;
/** 2026-01-01. */
const date = (46 << 9) | (1 << 5) | 1;

export function fatDisk(files: readonly { readonly name: string; readonly text: string }[]): Uint8Array {
  const disk = Buffer.alloc(dataAt + files.length * clusterBytes);
  disk.set([0xeb, 0x3c, 0x90]);
  disk.write('LEVEL   ', 3, 'latin1');
  disk.writeUInt16LE(sectorBytes, 11);
  disk.writeUInt8(clusterBytes / sectorBytes, 13);
  disk.writeUInt16LE(fatAt / sectorBytes, 14);
  disk.writeUInt8(1, 16);
  disk.writeUInt16LE((dataAt - rootAt) / entryBytes, 17);
  disk.writeUInt8(0xf8, 21);
  disk.writeUInt16LE((rootAt - fatAt) / sectorBytes, 22);
  disk.writeUInt32LE(demoDiskBytes / sectorBytes, 32);
  disk.writeUInt8(0x29, 38);
  disk.write('LEVEL      FAT16   ', 43, 'latin1');
  disk.writeUInt16LE(0xaa55, 510);
  disk.writeUInt32LE(0xfffffff8, fatAt);
  for (const [at, { name, text }] of files.entries()) {
    const cluster = firstCluster + at;
    disk.writeUInt16LE(lastOfFile, fatAt + cluster * 2);
    const entry = rootAt + at * entryBytes;
    const [stem = '', ending = ''] = name.split('.');
    disk.write(stem.padEnd(8) + ending.padEnd(3), entry, 'latin1');
    disk.writeUInt16LE(date, entry + 24);
    disk.writeUInt16LE(cluster, entry + 26);
    disk.writeUInt32LE(disk.write(text, dataAt + at * clusterBytes, 'latin1'), entry + 28);
  }
  return disk;
}
