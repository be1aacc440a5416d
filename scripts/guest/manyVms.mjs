// Many small VMs that are off, each with snapshots in files, some of which have lost one: for a page of all VMs.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../rig/run.mjs';
import { virshOk } from './defineVm.mjs';
import { defineDiskVm } from './diskVm.mjs';

const kinds = ['build', 'db', 'web'];
const snapshots = ['clean', 'updated', 'configured', 'tested', 'today'];
const each = 15;
/** Every so many-th has lost a file: eight of them all. */
const brokenEvery = 6;

/**
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh'>} daemon
 * @param {string} folder is created
 * @returns {Promise<() => Promise<void>>} removes them
 */
export async function makeManyVms({ virsh }, folder) {
  await mkdir(folder);
  const names = kinds.flatMap((kind) =>
    Array.from({ length: each }, (_, index) => `${kind}-${String(index + 1).padStart(2, '0')}`),
  );
  for (const [index, name] of names.entries()) {
    const file = join(folder, `${name}.qcow2`);
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '4M']);
    await runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${index + 1} 0 ${64 * (1 + (index % 9))}k`, file]);
    await defineDiskVm({ virsh }, name, [{ file, format: 'qcow2' }]);
    await virshOk(virsh, snapshots.map((one) => `snapshot-create-as ${name} ${one} --disk-only`).join('; '));
    if (index % brokenEvery === 0) await rm(join(folder, `${name}.clean`));
  }
  return async () => {
    await virsh([names.map((name) => `undefine ${name} --snapshots-metadata`).join('; ')]);
    await rm(folder, { recursive: true });
  };
}
