// What a checkpoint costs a revert beside the checkpoint itself: a revert with one, against the same revert without one
// and the same snapshot taken alone.
import { startGuest } from './guestOperations.js';
import { median, onPrivateDaemon, report } from './measure.js';

const rounds = 5;

void onPrivateDaemon(async (daemon) => {
  for (const style of ['internal', 'external'] as const) {
    const { guest, vm, run, dispose } = await startGuest(daemon, { name: `guest-${style}` });
    const { result } = await run({ kind: 'create', vm, snapshotKind: 'memory', style, title: 'target' });
    const snapshot = result.snapshot!;
    const times = { alone: [] as number[], without: [] as number[], with: [] as number[] };
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round++) {
      // A child for both reverts: where libvirt cannot revert, ours takes a step more to one that has children.
      const alone = await run({ kind: 'create', vm, snapshotKind: 'memory', style, title: 'alone' });
      const without = await run({ kind: 'revert', vm, snapshot, after: 'running' });
      const having = await run({ kind: 'revert', vm, snapshot, after: 'running', checkpointFirst: true });
      await run({ kind: 'delete', vm, snapshot, scope: 'descendants' });
      if (round > 0) {
        times.alone.push(alone.wholeMs);
        times.without.push(without.wholeMs);
        times.with.push(having.wholeMs);
      }
    }
    report({
      name: `revert to ${style} memory with a checkpoint first`,
      ours: median(times.with),
      baseline: median(times.without) + median(times.alone),
      unit: 'ms',
      goal: 1.05,
      against: 'revert without + snapshot alone',
    });
    dispose();
    await guest.remove();
  }
});
