// What came of a renewal, as the guest tells it, which may tell anything; and what people read of that.
import assert from 'node:assert/strict';
import type { GuestRun } from '../../../src/domain/guestCommand.js';
import { type Renewal, renewalOf } from '../../../src/domain/guestIdentity.js';
import { identityQuestion, renewedText } from '../../../src/text/guests/identityText.js';

const bytes = (text: string): { readonly bytes: Uint8Array; readonly isCut: boolean } => ({
  bytes: Buffer.from(text),
  isCut: false,
});
const ended = (exitCode: number | undefined, stdout: string, stderr = ''): GuestRun => ({
  kind: 'ended',
  ...(exitCode === undefined ? { signal: 9 } : { exitCode }),
  stdout: bytes(stdout),
  stderr: bytes(stderr),
});

describe('a renewal of what a guest is known by', () => {
  const cases: readonly (readonly [what: string, ran: GuestRun, renewal: Renewal, told: RegExp])[] = [
    [
      'all of it',
      ended(0, 'seed\nmachineId\nhostKeys\n'),
      { kind: 'renewed', parts: ['seed', 'machineId', 'hostKeys'] },
      /Renewed in web: random numbers, machine ID, SSH host keys\..*old machine ID/u,
    ],
    ['what there is', ended(0, 'hostKeys\n'), { kind: 'renewed', parts: ['hostKeys'] }, /SSH host keys\.$/u],
    ['nothing', ended(0, 'other\n'), { kind: 'renewed', parts: [] }, /nothing was changed/u],
    [
      'the first part, and then a fault',
      ended(1, 'machineId\n', 'one\ncannot create \u001B[31mkeys\n'),
      { kind: 'stopped', parts: ['machineId'], why: 'cannot create \u001B[31mkeys' },
      /machine ID\. The next step failed: cannot create [^\p{Cc}]*keys$/u,
    ],
    ['a signal', ended(undefined, ''), { kind: 'stopped', parts: [], why: '' }, /Nothing in web .*reports no reason/u],
    ['no end', { kind: 'late', pid: 7 }, { kind: 'late', pid: 7 }, /3 min.*process 7/u],
  ];
  for (const [what, ran, renewal, told] of cases) {
    it(`tells of ${what}`, () => {
      assert.deepEqual(renewalOf(ran), renewal);
      assert.match(renewedText('web', renewal), told);
    });
  }

  it('is asked for with the name of one VM, and the number of several', () => {
    assert.match(identityQuestion(['web']), /web/u);
    assert.match(identityQuestion(['web', 'db']), /2/u);
  });
});
