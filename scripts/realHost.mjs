// The product on a real host: a whole Debian with systemd, AppArmor enforced and polkit, in a VM. Runs the table of
// test/realhost/rows.ts in it.
//   node scripts/realHost.mjs bookworm|trixie [GROUP…]      as root
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPacked, buildProgram } from './build.mjs';
import { hostImage, hostSuites } from './rig/hostImage.mjs';
import { meetNeeds } from './rig/prerequisites.mjs';
import { startRealHost } from './rig/realHost.mjs';
import { root } from './rig/root.mjs';

const [word = '', ...groups] = process.argv.slice(2);
const suite = hostSuites.find((one) => one === word);
if (suite === undefined || groups.some((group) => !/^\w+$/u.test(group))) {
  console.error(`node scripts/realHost.mjs ${hostSuites.join('|')} [GROUP…]`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error('A real host needs root, to be made.');
  process.exit(1);
}
const stopped = new AbortController();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => stopped.abort());
const say = (/** @type {string} */ line) => console.log(line);
const unmet = await meetNeeds(['libvirt', 'releases'], say);
for (const reason of unmet.values()) throw new Error(reason);
const image = await hostImage(suite, say);
const work = await mkdtemp(join(tmpdir(), 'vr-real-'));
try {
  const opt = join(work, 'opt');
  await fill(opt);
  const host = await startRealHost(image, opt, stopped.signal);
  try {
    say(`\n### a host of Debian ${suite}`);
    process.exitCode = await host.run(
      `VIRT_REWIND_ROOT=/opt exec /opt/node /opt/tests/main.mjs ${suite} ${groups.join(' ')}`,
    );
  } finally {
    await host.end();
  }
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}

/** What the host finds below /opt: the product as it is packed, the tests, and what both need. @param {string} opt */
async function fill(opt) {
  await mkdir(join(opt, 'scripts/guest'), { recursive: true });
  // The folder of a disk image is the host's /opt, and so anybody's to read.
  await chmod(opt, 0o755);
  await buildPacked(join(opt, 'dist'));
  for (const program of ['main', 'hands']) await buildProgram(`test/realhost/${program}.ts`, join(opt, 'tests'));
  await copyFile(join(root, 'scripts/guest/oracle.asm'), join(opt, 'scripts/guest/oracle.asm'));
  await copyFile(join(root, 'package.json'), join(opt, 'package.json'));
  await copyFile(process.execPath, join(opt, 'node'));
  await chmod(join(opt, 'node'), 0o755);
}
