// What makes the demo guest answer to ssh in a network of its own ("user"): Debian's dropbear, a host key, the login of
// root with one key, and a web page on port 80.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runOk } from '../rig/run.mjs';
import { fetchPackages } from './debianPackages.mjs';

/** For the kernel: these files begin before the guest's own first program. */
export const sshServerWords = 'rdinit=/bin/with-ssh';
export const page = 'the page of the guest';

/** The address is the one that QEMU gives to the only guest of such a network. */
const begin = `#!/bin/sh
export PATH=/bin
# The shell gives /dev/null to what it starts beside it.
mount -t devtmpfs dev /dev
mkdir /dev/pts
mount -t devpts pts /dev/pts
(
  until ip link set eth0 up; do sleep 0.1; done
  ip link set lo up
  ip addr add 10.0.2.15/24 dev eth0
  httpd -p 80 -h /www
  exec dropbear -F -s -r /etc/dropbear/key
) >/dev/null 2>&1 &
exec /init
`;

/**
 * @param {string} login the public key by which root logs in
 * @returns {Promise<{ files: import('./cpio.mjs').CpioEntry[], hostKey: string }>} more files of its initramfs; a
 *   public key
 */
export async function sshServer(login) {
  const work = await mkdtemp(join(tmpdir(), 'vr-ssh-'));
  try {
    const { root } = await fetchPackages(['dropbear-bin', 'libtomcrypt1', 'libtommath1'], work);
    const env = { ...process.env, LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') };
    const [server, key] = [join(root, 'usr/sbin/dropbear'), join(work, 'key')];
    const told = await runOk(join(root, 'usr/bin/dropbearkey'), ['-t', 'ed25519', '-f', key], { env });
    const libraries = [...(await runOk('ldd', [server], { env })).matchAll(/(?:=> )?(\/\S+) \(0x/gu)];
    /** @type {(path: string, content: Buffer | string, mode?: number) => import('./cpio.mjs').CpioEntry} */
    const file = (path, content, mode = 0o600) => ({ path, kind: 'file', mode, content });
    const folder = (/** @type {string} */ path) => ({ path, kind: /** @type {const} */ ('folder'), mode: 0o700 });
    return {
      hostKey: /^ssh-ed25519 \S+/mu.exec(told)?.[0] ?? '',
      files: [
        file('bin/with-ssh', begin, 0o755),
        file('bin/dropbear', await readFile(server), 0o755),
        ...(await Promise.all(
          libraries.map(async ([, path = '']) =>
            file(
              path.startsWith('/lib64/') ? path.slice(1) : `lib/x86_64-linux-gnu/${basename(path)}`,
              await readFile(path),
              0o755,
            ),
          ),
        )),
        file('etc/passwd', 'ann::0:0:ann:/root:/bin/sh\n', 0o644),
        file('etc/hosts', '127.0.0.1 localhost\n', 0o644),
        ...['etc/dropbear', 'root', 'root/.ssh', 'www'].map(folder),
        file('etc/dropbear/key', await readFile(key)),
        file('root/.ssh/authorized_keys', `${login}\n`),
        file('www/index.html', page, 0o644),
      ],
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
