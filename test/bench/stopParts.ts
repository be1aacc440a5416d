// What the stop for a seamless snapshot consists of, where libvirt stops the guest: the time from each call of ours to
// the next.
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Subject } from '../libvirtd/hypervisorRig.js';
import { WatchedTaking } from '../libvirtd/watchedTake.js';
import { silentLog } from '../silentLog.js';
import { type Daemon, median } from './measure.js';

/** In the order in which they come. */
const parts = ['stop', 'switch', 'guard', 'goOn', 'counts'] as const;
export type Part = (typeof parts)[number];

export type StopParts = Readonly<Record<Part | 'whole', readonly number[]>>;

const calls: Readonly<Record<string, Part>> = {
  domainSuspend: 'stop',
  domainSnapshotCreateXml: 'switch',
  migrate: 'guard',
  'query-migrate': 'guard',
  domainResume: 'goOn',
  // Whether the guest wrote in between, which nobody else may have let it do.
  'query-blockstats': 'counts',
};

/** More often than that a guest that writes was never found not writing. */
const mostTries = 3;

/**
 * @param name of a VM that runs, and writes to a disk all the time, so that it is stopped
 * @param remove what was taken
 */
export async function stopParts(
  daemon: Daemon,
  name: string,
  rounds: number,
  remove: (snapshot: string) => Promise<unknown>,
): Promise<StopParts> {
  const hypervisor = await libvirtHypervisor(silentLog, daemon.env)(daemon.uri, new AbortController().signal);
  const taking = await WatchedTaking.on(daemon, hypervisor);
  try {
    const subject = await Subject.named(hypervisor, name);
    const took: Record<Part | 'whole', number[]> = { stop: [], switch: [], guard: [], goOn: [], counts: [], whole: [] };
    for (let round = 0; took.whole.length < rounds; round++) {
      if (round === rounds * mostTries) {
        throw new Error(`${name} was not stopped`);
      }
      const told: (readonly [call: string, at: number])[] = [];
      const note = (call: string): Promise<void> => {
        told.push([call, performance.now()]);
        return Promise.resolve();
      };
      const whole = await taking.take(subject, `parts-${round}`, note);
      await remove(`parts-${round}`);
      const spent = whole === undefined ? undefined : spentIn(told);
      if (spent !== undefined) {
        parts.forEach((part) => took[part].push(spent[part]));
        took.whole.push(whole!);
      }
    }
    return took;
  } finally {
    taking.stop();
    hypervisor.close();
  }
}

/** Undefined where the guest was not stopped. */
function spentIn(told: readonly (readonly [call: string, at: number])[]): Record<Part, number> | undefined {
  const first = told.findIndex(([call]) => call === 'domainSuspend');
  const last = told.findIndex(([call]) => call === 'domainResume');
  if (first < 0 || last < first || told[last + 1] === undefined) {
    return undefined;
  }
  const spent: Record<Part, number> = { stop: 0, switch: 0, guard: 0, goOn: 0, counts: 0 };
  for (let index = first; index <= last; index++) {
    const [call, at] = told[index]!;
    spent[calls[call] ?? 'counts'] += told[index + 1]![1] - at;
  }
  return spent;
}

const names: Readonly<Record<Part | 'whole', string>> = {
  stop: 'libvirt stops the guest',
  switch: 'the disks go over to their new overlays',
  guard: 'QEMU puts the guard over the RAM',
  goOn: 'libvirt lets it run on',
  counts: 'what the guest wrote is counted, twice',
  whole: 'in all, by events',
};

/** A table of decision 26. */
export function partsTable(columns: Readonly<Record<string, StopParts>>): string {
  const titles = Object.keys(columns);
  const cell = (times: readonly number[]): string =>
    `${Math.min(...times).toFixed(1)} / ${median(times).toFixed(1)} / ${Math.max(...times).toFixed(1)} ms`;
  const rows = ([...parts, 'whole'] as const).map((part) => [
    names[part],
    ...titles.map((title) => cell(columns[title]![part])),
  ]);
  const lines = [['part: least, middle, most', ...titles], ['part', ...titles].map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
