// A real network of libvirt, in the network of a private daemon, which is not this machine's: programs are run in it.
import assert from 'node:assert/strict';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';

/**
 * The network `default` of a system daemon, with a DHCP server.
 * @returns the words before a program that shall reach its guests
 */
export async function startNetwork(daemon: PrivateDaemon): Promise<readonly string[]> {
  const { dir, virsh } = daemon;
  const file = join(dir, 'network.xml');
  await writeFile(
    file,
    `<network><name>default</name><bridge name='vrtest0' stp='off' delay='0'/>
      <ip address='192.168.126.1' netmask='255.255.255.0'>
        <dhcp><range start='192.168.126.2' end='192.168.126.200'/></dhcp>
      </ip></network>`,
  );
  for (const words of [
    ['net-define', file],
    ['net-start', 'default'],
  ]) {
    const { code, stderr } = await virsh(words);
    assert.equal(code, 0, stderr);
  }
  return inNetworkOf(daemon);
}

/** The words before a program that shall be in the network of a system daemon. */
export async function inNetworkOf({ dir }: Pick<PrivateDaemon, 'dir'>): Promise<readonly string[]> {
  const own = await readlink('/proc/self/ns/net');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const isOf = words.split('\0').includes(dir) && words.includes('daemonInit.sh');
    const network = isOf ? await readlink(`/proc/${pid}/ns/net`).catch(() => own) : own;
    if (network !== own) {
      return ['nsenter', '--net', '--target', pid];
    }
  }
  throw new Error('the daemon has no network of its own');
}
