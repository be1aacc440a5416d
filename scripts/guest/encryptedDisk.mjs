// Disks that are encrypted (LUKS inside of qcow2), all with one passphrase, which the daemon keeps as a secret.
import { run } from '../rig/run.mjs';
import { virshOk, withXmlFile } from './defineVm.mjs';
import { element as e } from './xml.mjs';

export const passphrase = 'secret';

const secret = '11111111-2222-3333-4444-555555555555';

/** What stands in the `<source>` of such a disk. */
export const encryption = e('encryption', { format: 'luks' }, e('secret', { type: 'passphrase', uuid: secret }));

/**
 * Has the daemon keep the passphrase: without it no VM with such a disk starts.
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh' | 'dir'>} daemon
 */
export async function keepSecret({ virsh, dir }) {
  const { xml } = e(
    'secret',
    { ephemeral: 'no', private: 'no' },
    e('uuid', {}, secret),
    e('usage', { type: 'volume' }, e('volume', {}, `${dir}/luks`)),
  );
  await withXmlFile(xml, (file) => virshOk(virsh, 'secret-define', file));
  await virshOk(virsh, 'secret-set-value', secret, Buffer.from(passphrase).toString('base64'));
}

/**
 * An empty image. On a busy machine QEMU cannot always measure how long a key takes it, so it is asked again.
 * @param {string} file
 * @param {number} [diskMiB]
 */
export async function createEncrypted(file, diskMiB = 16, attempts = 20) {
  const options = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10';
  const create = ['create', '-q', '-f', 'qcow2', '--object', `secret,id=s,data=${passphrase}`, '-o', options];
  const { code, stderr } = await run('qemu-img', [...create, file, `${diskMiB}M`]);
  if (code === 0) return;
  if (!stderr.includes('accurate CPU usage') || attempts <= 1) throw new Error(`qemu-img create: ${stderr}`);
  await createEncrypted(file, diskMiB, attempts - 1);
}
