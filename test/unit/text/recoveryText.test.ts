import assert from 'node:assert/strict';
import type { RecoveryReport } from '../../../src/domain/recoveryReport.js';
import { refuse } from '../../../src/domain/refusal.js';
import { recoveryText } from '../../../src/text/operations/recoveryText.js';
import { ref } from '../ui/samples.js';

const report: RecoveryReport = {
  request: { kind: 'revert', vm: ref, snapshot: 'clean', after: 'asSnapshot' },
  vm: 'web\u202Etest',
  outcome: 'after',
};

describe('what became of an operation that was interrupted', () => {
  const severities = { after: 'info', before: 'warning', explained: 'error', failed: 'error' } as const;
  for (const outcome of ['after', 'before', 'explained', 'failed'] as const) {
    it(`${outcome} names the VM and the snapshot, as ${severities[outcome]}`, () => {
      const { message, severity } = recoveryText({ ...report, outcome }, 'clean install');
      assert.equal(severity, severities[outcome]);
      assert.match(message, /web.*test: reverting to clean install was interrupted\./u);
      assert.doesNotMatch(message, /\u202E/u);
    });
  }

  it('says why nothing could be done', () => {
    const { refusal } = refuse('noDisks', { vm: 'web' });
    const { message } = recoveryText({ ...report, outcome: 'explained', why: refusal }, 'clean');
    assert.ok(message.length > recoveryText({ ...report, outcome: 'explained' }, 'clean').message.length);
  });
});
