// Types a command in a terminal, as a person does, and watches what comes of it. It imports no file
// of ours: a bare room has a copy of it alone.
//   node typeInRoom.mjs FOLDER COMMAND
// `npm start` has done what it should when its address answers, both demo VMs run, and Ctrl+C leaves nothing running;
// any other command when it ends with status 0.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const demoVms = ['rewind-internal', 'rewind-overlays'];
/** libvirt's daemons of an ordinary user: they end by themselves when they have had nothing to do for so long. */
const endsByItself = /^\S*\/(?:libvirtd|virtlogd) --timeout=\d+$/u;
/** Time for ended programs to be gone. */
const graceMs = 5_000;

const [folder = '', command = ''] = process.argv.slice(2);
if (existsSync(join(folder, 'node_modules'))) throw new Error('packages are there before the first command');
const before = new Set(processes().map(({ pid }) => pid));
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;

/** All that was on the screen. */
let screen = '';
const terminal = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
  cwd: folder,
  stdio: ['pipe', 'pipe', 'inherit'],
});
let answered = 0;
terminal.stdout.on('data', (/** @type {Buffer} */ data) => {
  process.stdout.write(data);
  screen += data.toString();
  const questions = screen.split('[Y/n] ').length - 1;
  for (; answered < questions; answered++) terminal.stdin.write('\n');
});
let isOver = false;
/** @type {Promise<number>} */
const ended = new Promise((resolve, reject) => {
  terminal.once('error', reject);
  terminal.once('close', (code) => {
    isOver = true;
    resolve(code ?? 1);
  });
});

const faults = command === 'npm start' ? await watchStart() : await watchToEnd();
for (const fault of faults) console.error(`! ${fault}`);
console.log(`"${command}": ${faults.length === 0 ? 'done' : 'FAILED'} after ${seconds()}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** @returns {Promise<readonly string[]>} what is wrong */
async function watchToEnd() {
  const status = await ended;
  return status === 0 ? [] : [`it ended with status ${status}`];
}

/** @returns {Promise<readonly string[]>} what is wrong */
async function watchStart() {
  const url = await address();
  if (url === undefined) return [`it ended with status ${await ended} and no address`];
  console.log(`\n"${command}": its address came after ${seconds()}`);
  const faults = [];
  const status = await statusOf(url);
  if (status !== 200) faults.push(`the address answers with status ${status}`);
  const running = await listVms();
  for (const name of demoVms) if (!running.includes(name)) faults.push(`${name} does not run`);
  terminal.stdin.write('\x03');
  const code = await ended;
  // By npm's own account; the shell that it started has 130.
  if (code !== 130 && code !== 0) faults.push(`after Ctrl+C it ended with status ${code}`);
  return [...faults, ...(await left()).map((line) => `left running: ${line}`)];
}

/** As a browser has it, which keeps the cookie that the secret in the address is changed for. @param {string} url */
async function statusOf(url) {
  const first = await fetch(url, { redirect: 'manual' });
  const cookie = first.headers.getSetCookie().map((one) => one.split(';')[0]);
  const next = new URL(first.headers.get('location') ?? url, url);
  return (await fetch(next, { headers: { cookie: cookie.join('; ') } })).status;
}

/** Undefined: it ended without one. */
async function address() {
  const shown = () => /^\s+(http:\/\/127\.0\.0\.1:\d+\S*)\s*$/mu.exec(screen)?.[1];
  while (shown() === undefined && !isOver) await wait(50);
  return shown();
}

/** @returns {Promise<readonly string[]>} names of those that run */
function listVms() {
  return new Promise((resolve, reject) =>
    execFile('virsh', ['list', '--name'], (error, stdout) => (error ? reject(error) : resolve(stdout.split('\n')))),
  );
}

async function left() {
  const until = performance.now() + graceMs;
  const others = () => processes().filter(({ pid, line }) => !before.has(pid) && !endsByItself.test(line));
  while (others().length > 0 && performance.now() < until) await wait(100);
  return others().map(({ pid, line }) => `${pid} ${line}`);
}

function processes() {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .map((pid) => ({ pid, line: commandLine(pid) }))
    .filter(({ line }) => line !== '');
}

/** Empty for one that has ended. @param {number} pid */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String(/** @type {NodeJS.ErrnoException} */ (error).code))) return '';
    throw error;
  }
}
