// The product on a real host: a whole Debian with systemd, AppArmor enforced and polkit, in a VM. Runs the table of
// test/realhost/rows.ts in it.
//   node scripts/realHost.mjs bookworm|trixie [GROUP…]      as root
//   node scripts/realHost.mjs turn N           what a landing may run of it, in about 25 minutes; ends with 77 if none
//                                              can run here, and says why
//   node scripts/realHost.mjs here GROUP…                   on this machine, which is to be thrown away afterwards
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPacked, buildProgram } from './build.mjs';
import { hostTurn } from './rig/deepParts.mjs';
import { hostImage, hostSuites, unreachable } from './rig/hostImage.mjs';
import { meetNeeds } from './rig/prerequisites.mjs';
import { startRealHost } from './rig/realHost.mjs';
import { root } from './rig/root.mjs';

/** Of a turn: the minutes in which its host must be there, and after which no group is begun; the last takes some. */
const most = { there: 13, begin: 17 };
const notRun = 77;

const [word = '', ...words] = process.argv.slice(2);
const isTurn = word === 'turn' && words.length === 1 && /^\d+$/u.test(words[0] ?? '');
const { suite, groups } = isTurn
  ? hostTurn(Number(words[0]))
  : { suite: hostSuites.find((one) => one === word), groups: words };
const isHere = word === 'here' && groups.length > 0;
if ((suite === undefined && !isHere) || groups.some((group) => !/^\w+$/u.test(group))) {
  console.error(`node scripts/realHost.mjs ${hostSuites.join('|')} [GROUP…], turn N, or here GROUP…`);
  process.exit(2);
}
const say = (/** @type {string} */ line) => console.log(line);
const stopped = new AbortController();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => stopped.abort());
const unmet = await meetNeeds(['root', 'libvirt', 'releases'], say);
const obstacle = [...unmet.values()][0] ?? (suite === undefined ? undefined : await unreachable(suite));
if (obstacle !== undefined) {
  console.error(`No real host: ${obstacle}`);
  process.exit(isTurn ? notRun : 1);
}
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
  const late = new AbortController();
  const timer = isTurn ? setTimeout(() => late.abort(), most.there * 60_000) : undefined;
  const host = await startHost(of, opt, AbortSignal.any([stopped.signal, late.signal])).catch((error) => {
    if (!late.signal.aborted) throw error;
    console.error(`No real host: this machine is too slow, none was up in ${String(most.there)} minutes.`);
  });
  clearTimeout(timer);
  if (host === undefined) return notRun;
  try {
    const left = isTurn ? `--minutes ${(most.begin - performance.now() / 60_000).toFixed(1)}` : '';
    const table = `VIRT_REWIND_ROOT=/opt exec /opt/node /opt/tests/main.mjs ${left} ${groups.join(' ')}`;
    let code = await host.run(table);
    // It goes on where it was.
    while (code === 'reset') code = await host.run(table);
    return code;
  } finally {
    await host.end();
  }
}

/** @param {import('./rig/hostImage.mjs').HostSuite} of @param {string} opt @param {AbortSignal} signal */
async function startHost(of, opt, signal) {
  const image = await hostImage(of, say, signal);
  const begun = performance.now();
  say(`\n### a host of Debian ${of}: ${groups.join(', ') || 'all'}`);
  const host = await (groups.includes('shared') ? startTwo(image, opt, signal) : startRealHost(image, opt, signal));
  say(`started in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return host;
}

/** @param {import('./rig/hostImage.mjs').HostImage} image @param {string} opt @param {AbortSignal} signal */
async function startTwo(image, opt, signal) {
  await copyFile(image.key, join(opt, 'tests/key'));
  const failed = new AbortController();
  const starting = /** @type {const} */ (['first', 'second']).map((end) =>
    startRealHost(image, opt, AbortSignal.any([signal, failed.signal]), { folder: work, end }),
  );
  const [first, second] = await Promise.all(starting).catch(async (error) => {
    failed.abort();
    for (const host of await Promise.allSettled(starting)) if (host.status === 'fulfilled') await host.value.end();
    throw error;
  });
  if (first === undefined || second === undefined) throw new Error('two hosts were to start');
  const end = async () => {
    await Promise.all([first.end(), second.end()]);
  };
  return { ...first, end };
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
