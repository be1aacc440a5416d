// Two reverts within one second of the host's clock cost a running VM its state; how far that clock is off is not
// known.
import assert from 'node:assert/strict';
import { RevertSpacing } from '../../../src/driver/run/runSnapshotStep.js';
import { revert } from '../../../src/driver/run/runSnapshotStep.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';

const signal = new AbortController().signal;

describe('reverts of one VM', () => {
  it('are a second apart by the time that has passed', async () => {
    let now = 5_000;
    const spacing = new RevertSpacing(() => now);
    assert.ok(spacing.isDue('a'));
    await spacing.untilDue('a', signal);
    spacing.hasEnded('a');
    now = 6_045;
    assert.ok(!spacing.isDue('a') && spacing.isDue('b'));
    let due = false;
    const waiting = spacing.untilDue('a', signal).then(() => (due = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!due);
    now = 6_051;
    await waiting;
    assert.ok(spacing.isDue('a'));
  });

  it('wait where libvirt makes overlays, and nowhere else', async () => {
    for (const [location, expected] of [
      // Before each, the definition is read, and what its images lead to is judged.
      ['external', ['look', 'look', 'revert', 'look', 'wait', 'look', 'look', 'revert']],
      ['internal', ['look', 'look', 'revert', 'look', 'look', 'look', 'revert']],
    ] as const) {
      const seen: string[] = [];
      const xml =
        '<domainsnapshot><name>s</name><state>shutoff</state>' +
        `<disks><disk name='vda' snapshot='${location}'/></disks></domainsnapshot>`;
      const context = {
        connection: {
          call: (name: string) => {
            seen.push(name === 'domainRevertToSnapshot' ? 'revert' : 'look');
            return Promise.resolve({ xml: Buffer.from(xml) });
          },
        },
        dom: { name: 'web', uuid: location, id: -1 },
        signal,
      } as unknown as StepContext;
      const spacing = new RevertSpacing(() => 0);
      spacing.untilDue = () => Promise.resolve(void seen.push('wait'));
      const step = { kind: 'revert', snapshot: 's', to: 'asSnapshot' } as const;
      await revert(context, step, spacing);
      await revert(context, step, spacing);
      assert.deepEqual(seen, expected);
    }
  });
});
