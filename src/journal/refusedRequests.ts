// What the proxies of labs refused, as lines of the history. Read from logs that squid writes of what guests ask for:
// hostile, and of any length.
import { constants } from 'node:fs';
import { join } from 'node:path';
import { openToRead } from '../base/readFileAtMost.js';
import { isAbsent } from '../base/errno.js';
import type { Log } from '../base/log.js';
import { labMac } from '../domain/labVm.js';
import { type LabRecord, LabStore } from './labStore.js';

/** Of the end of each log. */
const mostBytes = 128 * 1024;
/** Of each lab, the newest. */
const mostRows = 50;
/** Seconds, what became of it, the address of the card, the method, the server and its port. */
const linePattern = /^(\d{9,11}) TCP_DENIED ((?:[\da-f]{2}:){5}[\da-f]{2}) [A-Z]{1,20} ([\w.:%-]{1,253}) (\d{1,5})$/u;

/** @param folder of the proxy */
export function proxyLogOf(folder: string): string {
  return join(folder, 'refused.log');
}

/** @param folder of the journal @returns as lines of the audit, the oldest first */
export async function readRefused(folder: string, log: Log): Promise<readonly string[]> {
  const records = await new LabStore(folder, log).list().catch((error: unknown) => {
    // The history is good without.
    log.warn(`the records of labs cannot be read: ${String(error)}`);
    return [];
  });
  const rows = await Promise.all(
    records.map(async (record) => {
      const { network } = record;
      if (network?.log !== true) {
        return [];
      }
      const file = proxyLogOf(network.folder);
      try {
        return parseRefused(await readEnd(file), record);
      } catch (error) {
        if (!isAbsent(error)) {
          log.warn(`${file} cannot be read: ${String(error)}`);
        }
        return [];
      }
    }),
  );
  return rows
    .flat()
    .toSorted((one, other) => one.at - other.at)
    .map(({ line }) => line);
}

interface RefusedRow {
  readonly at: number;
  readonly line: string;
}

/** One for each server and VM, at the last time. A VM is known by its card: the filter lets no other address out. */
export function parseRefused(text: string, { vms }: Pick<LabRecord, 'vms'>): readonly RefusedRow[] {
  const byMac = new Map(vms.map((vm) => [labMac(vm.uuid), vm]));
  const found = new Map<
    string,
    { readonly at: number; readonly count: number; readonly to: string; readonly vm: LabRecord['vms'][number] }
  >();
  for (const line of text.split('\n')) {
    const [, seconds = '', mac = '', host = '', port = ''] = linePattern.exec(line) ?? [];
    const vm = byMac.get(mac);
    if (vm !== undefined) {
      const to = `${host}:${port}`;
      const key = `${vm.uuid} ${to}`;
      const count = (found.get(key)?.count ?? 0) + 1;
      // The newest come last.
      found.delete(key);
      found.set(key, { at: Number(seconds) * 1000, count, to, vm });
    }
  }
  return [...found.values()].slice(-mostRows).map(({ at, count, to, vm: { connection, name, uuid } }) => ({
    at,
    line: JSON.stringify({
      ...{ at: new Date(at).toISOString(), user: 'squid', vm: { name, uuid }, connection },
      request: { kind: 'connect', to, count },
      outcome: 'refused',
    }),
  }));
}

async function readEnd(path: string): Promise<string> {
  const file = await openToRead(path, constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, mostBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
