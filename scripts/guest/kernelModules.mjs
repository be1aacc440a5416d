// Takes the demo guest's kernel modules out of an unpacked kernel package, however the distribution compresses them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { findProgram, runOk } from '../rig/run.mjs';
import { fetchPackages } from './debianPackages.mjs';

/**
 * In the order they are loaded. A kernel may have any of them built in; without the needed ones it has no disk.
 * @type {readonly { name: string, needed?: true }[]}
 */
const wanted = [
  { name: 'virtio_ring' },
  { name: 'virtio' },
  { name: 'virtio_pci_legacy_dev' },
  { name: 'virtio_pci_modern_dev' },
  { name: 'virtio_pci', needed: true },
  { name: 'virtio_blk', needed: true },
  { name: 'virtio_console', needed: true },
  { name: 'failover' },
  { name: 'net_failover' },
  { name: 'virtio_net' },
  { name: 'button' },
  { name: 'evdev' },
  { name: 'pvpanic' },
  { name: 'pvpanic-mmio' },
];

/**
 * @param {{ packages: string, busybox: string, work: string }} where `packages`: the unpacked packages; `busybox`: the
 *   program among them; `work`: a folder for more packages
 * @returns {Promise<{ name: string, content: Buffer }[]>} what is not built in, in the order to load
 * @throws {Error} when this kernel lacks one that is needed
 */
export async function kernelModules({ packages, busybox, work }) {
  const entries = await readdir(packages, { recursive: true, withFileTypes: true });
  const files = new Map(entries.filter((e) => e.isFile()).map((e) => [e.name, join(e.parentPath, e.name)]));
  const builtin = await readFile(files.get('modules.builtin') ?? '', 'utf8').catch(() => '');
  const modules = [];
  for (const { name, needed } of wanted) {
    const content = await unpacked(files, name, busybox, work);
    if (content !== undefined) modules.push({ name, content });
    else if (needed && !builtin.includes(`/${name}.ko`)) throw new Error(`this kernel has no ${name}`);
  }
  return modules;
}

/** @param {ReadonlyMap<string, string>} files @param {string} name @param {string} busybox @param {string} work */
async function unpacked(files, name, busybox, work) {
  const found = (/** @type {string} */ suffix) => files.get(`${name}.ko${suffix}`);
  const [plain, xz, gz, zst] = [found(''), found('.xz'), found('.gz'), found('.zst')];
  if (plain !== undefined) return readFile(plain);
  if (gz !== undefined) return gunzipSync(await readFile(gz));
  if (xz !== undefined) {
    await runOk(busybox, ['unxz', xz]);
    return readFile(xz.slice(0, -'.xz'.length));
  }
  if (zst !== undefined) {
    await runOk(await zstd(work), ['-q', '-d', '-f', zst]);
    return readFile(zst.slice(0, -'.zst'.length));
  }
  return undefined;
}

/** @param {string} work @returns {Promise<string>} */
async function zstd(work) {
  const installed = await findProgram('zstd');
  if (installed !== undefined) return installed;
  const { root } = await fetchPackages(['zstd'], work);
  return join(root, 'usr/bin/zstd');
}
