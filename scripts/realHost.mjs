// The product on a real host: a whole Debian with systemd, AppArmor enforced and polkit, in a VM. Runs the table of
// test/realhost/rows.ts in it.
//   node scripts/realHost.mjs bookworm|trixie [GROUP…]      as root
//   node scripts/realHost.mjs here GROUP…                   on this machine, which is to be thrown away afterwards
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPacked, buildProgram } from './build.mjs';
import { hostImage, hostSuites } from './rig/hostImage.mjs';
import { meetNeeds } from './rig/prerequisites.mjs';
import { startRealHost } from './rig/realHost.mjs';
import { root } from './rig/root.mjs';

const [word = '', ...groups] = process.argv.slice(2);
const suite = hostSuites.find((one) => one === word);
const isHere = word === 'here' && groups.length > 0;
if ((suite === undefined && !isHere) || groups.some((group) => !/^\w+$/u.test(group))) {
  console.error(`node scripts/realHost.mjs ${hostSuites.join('|')} [GROUP…], or here GROUP…`);
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
const work = await mkdtemp(join(tmpdir(), 'vr-real-'));
if (isHere) await chmod(work, 0o755);
try {
  const opt = join(work, 'opt');
  await fill(opt);
  process.exitCode = suite === undefined ? await runHere(opt) : await runIn(suite, opt);
} catch (error) {
  if (!stopped.signal.aborted) throw error;
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}

/** @param {string} opt @returns {Promise<number>} */
async function runHere(opt) {
  const table = spawn(join(opt, 'node'), [join(opt, 'tests/main.mjs'), ...groups], {
    env: { ...process.env, VIRT_REWIND_ROOT: opt },
    stdio: 'inherit',
    signal: stopped.signal,
  });
  return new Promise((resolve, reject) => table.once('error', reject).once('close', (code) => resolve(code ?? 1)));
}

/** @param {import('./rig/hostImage.mjs').HostSuite} of @param {string} opt @returns {Promise<number>} */
async function runIn(of, opt) {
  const host = await startRealHost(await hostImage(of, say), opt, stopped.signal);
  try {
    say(`\n### a host of Debian ${of}`);
    const table = `VIRT_REWIND_ROOT=/opt exec /opt/node /opt/tests/main.mjs ${groups.join(' ')}`;
    let code = await host.run(table);
    // It goes on where it was.
    while (code === 'reset') code = await host.run(table);
    return code;
  } finally {
    await host.end();
  }
}

/** What the host finds below /opt: the product as it is packed, the tests, and what both need. @param {string} opt */
async function fill(opt) {
  await mkdir(join(opt, 'scripts/guest'), { recursive: true });
  // The folder of a disk image is the host's /opt, and so anybody's to read.
  await chmod(opt, 0o755);
  await buildPacked(join(opt, 'dist'));
  for (const program of ['main', 'hands']) await buildProgram(`test/realhost/${program}.ts`, join(opt, 'tests'));
  await copyFile(join(root, 'test/realhost/host.sh'), join(opt, 'tests/host.sh'));
  await copyFile(join(root, 'scripts/guest/oracle.asm'), join(opt, 'scripts/guest/oracle.asm'));
  await copyFile(join(root, 'package.json'), join(opt, 'package.json'));
  await copyFile(process.execPath, join(opt, 'node'));
  await chmod(join(opt, 'node'), 0o755);
}
