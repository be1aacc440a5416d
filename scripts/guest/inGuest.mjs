// Runs commands inside a demo guest through its guest agent.
import { setTimeout as wait } from 'node:timers/promises';
import { virshOk } from './defineVm.mjs';

/**
 * @typedef {object} Counters what the guest's line `memory 41 | disk 41 | boot 2` says
 * @property {number} memory seconds counted in RAM since the boot, or what it was set to
 * @property {number | undefined} disk the same kept on the disk, flushed at each step; undefined without a disk
 * @property {number | undefined} boot how often this disk was booted
 */

/**
 * The counters in a line of the console or in what `counter` prints.
 * @param {string} text the last such line in it counts
 * @returns {Counters | undefined}
 */
export function parseCounters(text) {
  const last = [...text.matchAll(/^memory (\d+) \| disk (\d+|-) \| boot (\d+|-)\r?$/gm)].at(-1);
  if (last === undefined) return undefined;
  const number = (/** @type {string | undefined} */ digits) =>
    digits === undefined || digits === '-' ? undefined : Number(digits);
  return { memory: Number(last[1]), disk: number(last[2]), boot: number(last[3]) };
}

/**
 * Waits until the guest agent of a running VM answers, which is about three seconds after a start without KVM.
 * @param {import('./defineVm.mjs').Virsh} virsh
 * @param {string} name
 * @param {number} [seconds] to wait at most: a guest on a busy machine takes its time
 */
export async function waitForAgent(virsh, name, seconds = 300) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { code, stderr } = await virsh(['qemu-agent-command', name, '{"execute":"guest-ping"}', '--timeout', '5']);
    if (code === 0) return;
    if (Date.now() > end) {
      throw new Error(`the guest agent of ${name} did not answer within ${seconds} s: ${stderr.trim()}`);
    }
    // Asked more often, a guest without KVM boots slower: each question is a process.
    await wait(200);
  }
}

/**
 * Runs a program in the guest and waits for its end.
 * @param {import('./defineVm.mjs').Virsh} virsh
 * @param {string} name
 * @param {string} program absolute path or a name in /bin
 * @param {readonly string[]} [args]
 * @returns {Promise<{ stdout: string, stderr: string, code: number }>}
 */
export async function runInGuest(virsh, name, program, args = []) {
  const ask = async (/** @type {object} */ command) =>
    JSON.parse(await virshOk(virsh, 'qemu-agent-command', name, JSON.stringify(command), '--timeout', '10')).return;
  const path = program.startsWith('/') ? program : `/bin/${program}`;
  const { pid } = await ask({ execute: 'guest-exec', arguments: { path, arg: args, 'capture-output': true } });
  const text = (/** @type {string | undefined} */ data) => Buffer.from(data ?? '', 'base64').toString();
  for (;;) {
    const status = await ask({ execute: 'guest-exec-status', arguments: { pid } });
    if (status.exited === true) {
      return { stdout: text(status['out-data']), stderr: text(status['err-data']), code: status.exitcode ?? 1 };
    }
    await wait(10);
  }
}

/**
 * Reads the guest's counters, or sets both to a number first.
 * @param {import('./defineVm.mjs').Virsh} virsh
 * @param {string} name
 * @param {number} [value]
 * @returns {Promise<Counters>}
 */
export async function counters(virsh, name, value) {
  const args = value === undefined ? ['show'] : ['set', String(value)];
  const said = await runInGuest(virsh, name, 'counter', args);
  const parsed = parseCounters(said.stdout);
  if (parsed === undefined) {
    throw new Error(`counter ${args.join(' ')} in ${name} said: ${said.stdout}${said.stderr}`);
  }
  return parsed;
}
