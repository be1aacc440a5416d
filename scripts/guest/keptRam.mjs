// The RAM of a demo guest that has just booted, kept for the length of a test run: a guest of the same shape goes on
// from it instead of booting, which without KVM is most of what a test computes. Such a guest was really booted, by the
// same libvirt and QEMU; it gets that RAM as `virsh save` wrote it, with its own definition in front.
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from './defineVm.mjs';

/**
 * What libvirt writes before the XML: a magic, then words of 32 bits in the machine's order, all zero but these.
 * Source: libvirt, src/qemu/qemu_saveimage.h, `_virQEMUSaveHeader`.
 */
const header = { magic: 'LibvirtQemudSave', length: 92, version: 16, dataLength: 20, wasRunning: 24 };

/**
 * @typedef {object} Booted
 * @property {import('./defineVm.mjs').Virsh} virsh
 * @property {string} name
 * @property {string} dir a folder that the daemon may write
 * @property {readonly string[]} disks absolute paths
 * @property {string} consoleLog absolute path
 */

/**
 * The folder with what is kept for a shape. The first to ask in a run has a guest booted for it.
 * @param {string} shape what all that can go on from it have in common, as the name of a file
 * @param {(use: (booted: Booted) => Promise<void>) => Promise<void>} boot lends such a guest, on a daemon of its own
 * @returns {Promise<string | undefined>} undefined outside of a run, and while another process makes it
 */
export async function keptRam(shape, boot) {
  const run = process.env['VIRT_REWIND_TEST_RUN'];
  if (run === undefined) return undefined;
  const folder = join(run, `ram-${shape}`);
  if (!existsSync(folder)) {
    if (!(await isFirst(`${folder}.asked`))) return undefined;
    await boot((booted) => keep(booted, folder));
  }
  return folder;
}

/** @param {string} mark */
async function isFirst(mark) {
  try {
    await mkdir(mark);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** In one move, for others may be asking. @param {Booted} booted @param {string} folder */
async function keep(booted, folder) {
  const { virsh, name, dir, disks } = booted;
  const making = await mkdtemp(`${folder}-`);
  await writeFile(join(making, 'shape'), shapeOf(await definition(booted), booted));
  const saved = join(dir, 'kept.save');
  await virshOk(virsh, 'save', name, saved);
  const file = await open(saved);
  const { buffer } = await file.read(Buffer.alloc(header.length), 0, header.length, 0).finally(() => file.close());
  const start = header.length + buffer.readUInt32LE(header.dataLength);
  await writeFile(join(making, 'stream'), createReadStream(saved, { start }));
  await Promise.all(disks.map((disk, index) => copyFile(disk, join(making, `disk${index}`))));
  await rename(making, folder);
}

/** @param {Booted} vm */
const definition = ({ virsh, name }) => virshOk(virsh, 'dumpxml', name, '--security-info', '--inactive');

/** Its definition without what is its own. @param {string} xml @param {Booted} vm */
function shapeOf(xml, { name, disks, consoleLog }) {
  const own = [`<name>${name}</name>`, ...[consoleLog, ...disks].map((file) => `file='${file}'`)];
  const all = own.reduce((rest, word, index) => rest.replaceAll(word, String(index)), xml);
  return all.replace(/<uuid>.*<\/uuid>/u, '');
}

/**
 * Lets a VM that is off go on from it, with the kept content of its disks.
 * @param {string} folder of keptRam
 * @param {Booted} vm
 * @returns {Promise<boolean>} false, and nothing is done: it is not of the same shape any more
 */
export async function startFrom(folder, vm) {
  const { virsh, name, dir, disks } = vm;
  const xml = await definition(vm);
  if (shapeOf(xml, vm) !== (await readFile(join(folder, 'shape'), 'utf8'))) return false;
  await Promise.all(disks.map((disk, index) => copyFile(join(folder, `disk${index}`), disk)));
  const data = Buffer.from(`${xml}\0`);
  const head = Buffer.alloc(header.length);
  head.write(header.magic);
  head.writeUInt32LE(2, header.version);
  head.writeUInt32LE(data.length, header.dataLength);
  head.writeUInt32LE(1, header.wasRunning);
  const file = join(dir, `${name}.kept`);
  try {
    await writeFile(file, Buffer.concat([head, data]));
    await writeFile(file, createReadStream(join(folder, 'stream')), { flag: 'a' });
    await virshOk(virsh, 'restore', file);
  } finally {
    await rm(file, { force: true });
  }
  return true;
}
