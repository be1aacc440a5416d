// The host is reset in the middle of operations on five VMs, as if its plug were pulled, and starts again: whatever was
// interrupted is recovered, and nothing is lost.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import { Model } from '../oracle/model.js';
import { HostUser } from './hostUser.js';
import { HostVm } from './hostVm.js';
import { operations, type Row } from './rows.js';
import { type Fallen, keepStanding, type Standing } from './standing.js';

const folder = '/srv/vms';
/** After how many records of the journals of all of them. */
export const moments: readonly number[] = [7, 10, 13, 17];
const journal = '/root/.local/state/virt-rewind';
const pollMs = 3;

/** Falls, and never returns; unless all operations have ended before the moment. */
export async function fallAt(moment: number, standing: Standing): Promise<readonly string[]> {
  const users: HostUser[] = [];
  const falling: { row: Row; vm: HostVm; user: HostUser; known: Fallen }[] = [];
  for (const { what, rows } of operations) {
    const user = new HostUser({ folder });
    users.push(user);
    const vm = await HostVm.define(`r${String(moment)}-${what}`, { name: what, folder, disk: 'qcow2', rows: [] });
    for (const row of rows.slice(0, -1)) {
      await vm.write();
      const { failed } = await vm.carryOut(row, user, folder);
      if (failed !== undefined) {
        return [`${vm.name}: ${row.act}: ${failed.message}`];
      }
    }
    await vm.write();
    const row = rows.at(-1)!;
    const { name, guest, model: before } = vm;
    falling.push({ row, vm, user, known: { name, what, guest, before, after: await vm.foresee(row) } });
  }
  await runOk('sync', []);
  standing.fallen = falling.map(({ known }) => known);
  standing.resets++;
  await keepStanding(standing);
  const ends = Promise.all(
    falling.map(async ({ row, vm, user }) => {
      const { failed } = await vm.carryOut(row, user, folder);
      // Known even if the host falls.
      process.stdout.write(`    ${vm.name} ended: ${failed?.message ?? 'done'}\n`);
      return failed;
    }),
  );
  const ended = new AbortController();
  void ends.then(() => ended.abort());
  const seen = new Map<string, number>();
  while (!ended.signal.aborted) {
    countRecords(seen);
    if ([...seen.values()].reduce((sum, lines) => sum + lines, 0) >= moment) {
      // At once: nothing is written out, nothing is unmounted.
      writeFileSync('/proc/sysrq-trigger', 'b');
    }
    await wait(pollMs);
  }
  for (const user of users) {
    user.end();
  }
  delete standing.fallen;
  return [
    `all operations ended before ${String(moment)} records`,
    ...(await ends).flatMap((one) => one?.message ?? []),
  ];
}

/** An entry is removed when its operation has ended; what it had counts on. */
function countRecords(seen: Map<string, number>): void {
  for (const name of readdirSync(journal).filter((one) => /^[\da-f]{32}$/u.test(one))) {
    try {
      const lines = readFileSync(join(journal, name, 'plan.jsonl'), 'utf8').split('\n').length - 1;
      seen.set(name, Math.max(lines, seen.get(name) ?? 0));
    } catch {
      // No entry, or no longer.
    }
  }
}

/** @returns what is wrong with it */
export async function judgeFallen({ name, what, guest, before, after }: Fallen): Promise<readonly string[]> {
  const user = new HostUser({ folder });
  const vm = HostVm.known(guest, Model.of(before));
  try {
    const recovered = await user.ask({ vm: name, call: 'recover', args: [] });
    if (recovered.failed !== undefined) {
      return [`recover: ${recovered.failed.reason ?? recovered.failed.kind}: ${recovered.failed.message}`];
    }
    const differences = await vm.settle([Model.of(before), Model.of(after)]);
    if (differences.length > 0) {
      return [`recovered ${recovered.said ?? ''}, and is neither as before nor as after`, ...differences];
    }
    // It is not stuck.
    const [kind, style] = what === 'internal' ? (['memory', 'internal'] as const) : (['disk', 'external'] as const);
    const rows: readonly Row[] = [
      ...(vm.model.power === 'running' ? [] : [{ act: 'start' } as const]),
      { act: 'checkpoint', title: 'later', kind, style },
    ];
    for (const row of rows) {
      await vm.write();
      const { failed } = await vm.carryOut(row, user, folder);
      const problems = failed === undefined ? await vm.differences() : [failed.reason ?? failed.message];
      if (problems.length > 0) {
        return problems.map((problem) => `recovered ${recovered.said ?? ''}; then ${row.act}: ${problem}`);
      }
    }
    return [];
  } finally {
    await vm.destroy();
    user.end();
  }
}
