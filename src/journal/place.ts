// Where this process runs, told apart from other computers that may share its journal: a home on the network, a clone.
// Refuses to compare.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Origin } from '../domain/origin.js';

export type LocalOrigin = Omit<Origin, 'daemon'>;

const machineFiles = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
/** 128 bits, as systemd and D-Bus write them. */
const machinePattern = /^[\da-f]{32}$/;

export async function thisPlace(): Promise<LocalOrigin> {
  const [machines, boot] = await Promise.all([
    Promise.all(machineFiles.map(firstLine)),
    firstLine('/proc/sys/kernel/random/boot_id'),
  ]);
  const machine = machines.find((id) => id !== undefined && machinePattern.test(id));
  return {
    host: hostname(),
    ...(machine === undefined ? {} : { machine: hashMachine(machine) }),
    ...(boot === undefined ? {} : { boot }),
  };
}

/** systemd asks not to expose its number to other programs. */
function hashMachine(machine: string): string {
  return createHash('sha256').update(`virt-rewind ${machine}`).digest('hex').slice(0, 32);
}

/** Undefined where there is no such file, or nothing in it. */
async function firstLine(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).split('\n', 1)[0]?.trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
