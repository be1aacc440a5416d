// Which VMs would lose a disk with the files of a folder. Changes nothing.
import { dirname } from 'node:path';
import { run } from '../rig/run.mjs';
import { virshOk } from './defineVm.mjs';

/** As far as anybody builds them; more is somebody's circle. */
const deepest = 300;

/**
 * The VMs with a disk that is a file right in the folder, or that rests on one, such as clones and forks; not for what
 * is in folders below it.
 * @param {{ virsh: import('./defineVm.mjs').Virsh, folder: string }} options
 * @returns {Promise<string[]>} their names
 */
export async function restingOn({ virsh, folder }) {
  const names = (await virshOk(virsh, 'list', '--all', '--name')).split('\n').filter((name) => name !== '');
  /** @type {string[]} */
  const found = [];
  for (const name of names) {
    const disks = await virshOk(virsh, 'domblklist', '--details', '--domain', name);
    const files = [...disks.matchAll(/^\s*file\s+\S+\s+\S+\s+(\/.*)$/gm)].flatMap(([, file]) => file ?? []);
    const chains = await Promise.all(files.map(chainOf));
    if (chains.flat().some((file) => dirname(file) === folder)) found.push(name);
  }
  return found;
}

/**
 * An image and all that it rests on, as far as these can be read. Only files are followed: a guest may have written a
 * name into its disk that leads anywhere.
 * @param {string} file
 */
async function chainOf(file) {
  const chain = [file];
  for (let next = await backingOf(file); next !== undefined && chain.length < deepest; next = await backingOf(next)) {
    chain.push(next);
  }
  return chain;
}

/** @param {string} file @returns {Promise<string | undefined>} */
async function backingOf(file) {
  const { code, stdout } = await run('qemu-img', ['info', '-U', '-f', 'qcow2', '--output=json', '--', file]);
  if (code !== 0) return undefined;
  const { 'full-backing-filename': backing } = JSON.parse(stdout);
  return typeof backing === 'string' && backing.startsWith('/') ? backing : undefined;
}
