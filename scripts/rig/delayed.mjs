// Runs a program whose input and output come late, as at the other end of a long line.
//   node scripts/rig/delayed.mjs MILLISECONDS PROGRAM [ARGUMENT…]
import { spawn } from 'node:child_process';

const [delay = '0', program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });

/** In their order: timers of one length end in the order in which they began. */
function late(/** @type {import('node:stream').Readable} */ from, /** @type {import('node:stream').Writable} */ to) {
  from.on('data', (chunk) => setTimeout(() => to.write(chunk), Number(delay)));
  from.on('end', () => setTimeout(() => to.end(), Number(delay)));
  to.on('error', () => process.exit(1));
}

late(process.stdin, child.stdin);
late(child.stdout, process.stdout);
child.on('close', (code) => setTimeout(() => process.exit(code ?? 1), 2 * Number(delay)));
