// How long an operation looks before it touches anything, as a share of the whole operation: on a real guest, beside
// other VMs whose files have to be looked at too.
import { defineOthers, startGuest, type Timed } from './guestOperations.js';
import { median, onPrivateDaemon, report } from './measure.js';

const rounds = 5;
const others = 10;

void onPrivateDaemon(async (daemon) => {
  await defineOthers(daemon, others);
  for (const style of ['internal', 'external'] as const) {
    const { guest, vm, run, dispose } = await startGuest(daemon, { name: `guest-${style}` });
    const all = { create: [] as Timed[], revert: [] as Timed[], delete: [] as Timed[] };
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      const created = await run({ kind: 'create', vm, snapshotKind: 'memory', style, title: 'bench' });
      const snapshot = created.result.snapshot!;
      const reverted = await run({ kind: 'revert', vm, snapshot, after: 'running' });
      const deleted = await run({ kind: 'delete', vm, snapshot, scope: 'one' });
      if (round > 0) {
        all.create.push(created);
        all.revert.push(reverted);
        all.delete.push(deleted);
      }
    }
    for (const [what, times] of Object.entries(all)) {
      report({
        name: `fresh check before ${what} of ${style} memory snapshots, ${others} other VMs`,
        ours: median(times.map(({ checkMs }) => checkMs)),
        baseline: median(times.map(({ wholeMs }) => wholeMs)),
        unit: 'ms',
        goal: 0.05,
        against: 'the whole operation',
      });
    }
    dispose();
    await guest.remove();
  }
});
