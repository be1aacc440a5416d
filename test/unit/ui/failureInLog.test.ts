// What the log says of a failure, as it comes: from libvirt, from a file system, out of our own code, told more on its
// way.
import assert from 'node:assert/strict';
import { asFailure, withDetails } from '../../../src/domain/asFailure.js';
import { Failure, type FailureDetails } from '../../../src/domain/failure.js';
import { failureMessage } from '../../../src/text/failures/failureMessage.js';
import { failureInLog } from '../../../src/ui/commands/failureInLog.js';
import { CommandError, NothingThere } from '../../../src/ui/prompts/commandError.js';
import { failureKinds } from '../text/failureKinds.js';

const known: readonly FailureDetails[] = [
  {},
  { vm: 'web', snapshot: 'clean', connection: 'qemu:///system', path: '/images/web.qcow2' },
  { libvirtMessage: 'operation failed: domain is not running' },
  { doing: 'reverting', vm: 'web', stateNow: 'off', recovered: 'before' },
];

/** The same word twice, as in "failed: failed". */
const twice = /\b(\w+): \1\b/iu;

/** As they come up, and as they are told on. */
function* failures(): Generator<readonly [what: string, Failure]> {
  for (const kind of failureKinds) {
    for (const details of known) {
      const failure = new Failure(kind, details);
      yield [`${kind} of ${JSON.stringify(details)}`, failure];
      yield [`${kind} of ${JSON.stringify(details)}, told on`, withDetails(failure, { vm: 'web' })];
      yield [`${kind} with a cause`, new Failure(kind, details, { cause: failure })];
      // What comes from another process may be no more than its kind.
      yield [`${kind} by its word alone`, new Failure(kind, { ...details, libvirtMessage: kind })];
    }
  }
  yield ['a defect of ours', asFailure(new Error('failed'))];
  yield ['no error at all', asFailure('failed')];
}

describe('a failure in the log', () => {
  it('says no word twice, and neither does its message', () => {
    for (const [what, failure] of failures()) {
      const [line = ''] = failureInLog('virtRewind.revert', failure).line.split('\n');
      assert.doesNotMatch(line, twice, what);
      assert.doesNotMatch(failure.line, twice, what);
      assert.doesNotMatch(failureMessage(failure), twice, what);
    }
  });

  it('names the command, what is known, and where it began', () => {
    const began = new TypeError('began here');
    const { level, line } = failureInLog(
      'virtRewind.revert',
      withDetails(new Failure('failed', { libvirtMessage: 'no room' }, { cause: began }), { vm: 'web' }),
    );
    assert.equal(level, 'error');
    assert.match(line, /^virtRewind\.revert: failed: no room \{.*"vm":"web".*\}\n/u);
    assert.ok(line.includes(began.stack ?? ''), line);
    assert.ok(failureInLog('virtRewind.revert', began).line.includes(began.stack ?? ''));
  });

  it('is as loud as it is bad', () => {
    const level = (error: unknown): string => failureInLog('virtRewind.undo', error).level;
    assert.equal(level(new NothingThere('Nothing was done to web yet.')), 'info');
    assert.equal(level(new CommandError('notFound', 'There is no snapshot clean.')), 'warn');
    assert.equal(level(new Failure('refused')), 'info');
    assert.equal(level(new Failure('cancelled')), 'info');
    assert.equal(level(new Failure('lost')), 'error');
    assert.equal(level('thrown'), 'error');
  });
});
