// The README's two commands on a bare machine: a Debian with Node.js, npm and git and nothing else, in namespaces. Each
// is typed as the first command in a clone of HEAD, in a room of its own.
//   node scripts/bareRoom.mjs root|user [COMMAND…]      as root
//   COMMAND: what stands behind `npm`, such as start or "test -- unit"; start and test unless given
import { spawn } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { account, bareRoot } from './rig/bareRoot.mjs';
import { meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';

const clone = 'virt-rewind';
/** Variables of this process that the programs in the room need to reach the network. */
const passedOn = /^(?:https?|all|no)_proxy$|^NODE_EXTRA_CA_CERTS$/iu;
/** The same of npm's settings. */
const npmSettings = ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl'];

const [who = '', ...given] = process.argv.slice(2);
if (who !== 'root' && who !== account) {
  console.error(`node scripts/bareRoom.mjs root|${account} [COMMAND…]`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error('A bare room needs root.');
  process.exit(1);
}
const say = (/** @type {string} */ line) => console.log(line);
const unmet = await meetNeeds(['releases'], say);
for (const reason of unmet.values()) throw new Error(reason);
const bare = await bareRoot(say);
for (const command of given.length === 0 ? ['start', 'test'] : given) {
  const status = await inRoom(`npm ${command}`);
  if (status !== 0) {
    console.error(`In a bare room, as ${who}: "npm ${command}" did not do what it should.`);
    process.exit(1);
  }
}

/** @param {string} command @returns {Promise<number>} how it ended */
async function inRoom(command) {
  const folder = await mkdtemp(join(tmpdir(), 'vr-bare-'));
  const room = join(folder, 'root');
  try {
    await runOk('cp', ['-a', bare, room]);
    await furnish(room);
    const home = who === 'root' ? '/root' : `/home/${who}`;
    await runOk('git', ['clone', '--quiet', '--no-hardlinks', root, join(room, home, clone)]);
    await runOk('chroot', [room, 'chown', '-R', `${who}:`, join(home, clone)]);
    say(`\n### a bare room, as ${who}: ${command}`);
    const typed = `node /opt/typeInRoom.mjs ${join(home, clone)} '${command}'`;
    return await entered(room, ['su', '-l', who, '-c', typed]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} room @param {readonly string[]} command @returns {Promise<number>} */
async function entered(room, command) {
  const child = spawn(join(root, 'scripts/rig/bareRoom.sh'), [room, ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, end);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

/** Puts there what this machine has to reach the network, and who types. @param {string} room */
async function furnish(room) {
  const copy = async (/** @type {string} */ file, to = file) => {
    await mkdir(join(room, dirname(to)), { recursive: true });
    await cp(file, join(room, to), { dereference: true, force: true });
  };
  await copy('/etc/resolv.conf');
  await copy('/etc/hosts');
  await appendFile(join(room, 'etc/hosts'), '\n127.0.1.1 bare\n');
  const variables = Object.entries(process.env).filter(([name]) => passedOn.test(name));
  await appendFile(join(room, 'etc/environment'), variables.map(([name, value]) => `${name}=${value}\n`).join(''));
  /** @type {Record<string, unknown>} */
  const settings = JSON.parse(await runOk('npm', ['config', 'list', '--json', '--long'], { cwd: '/' }));
  const lines = npmSettings.flatMap((name) => (settings[name] ? [`${name}=${String(settings[name])}\n`] : []));
  await mkdir(join(room, 'usr/local/etc'), { recursive: true });
  await appendFile(join(room, 'usr/local/etc/npmrc'), lines.join(''));
  for (const file of new Set([process.env['NODE_EXTRA_CA_CERTS'], settings['cafile']])) {
    if (typeof file === 'string' && file !== '') await copy(file);
  }
  await copy(join(root, 'scripts/rig/typeInRoom.mjs'), '/opt/typeInRoom.mjs');
}
