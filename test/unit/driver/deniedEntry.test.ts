// What helps who is not let in: told by what libvirt said and by the groups of the host and of this process.
import assert from 'node:assert/strict';
import {
  deniedThere,
  withTrueReason,
  type Membership,
  membershipIn,
  membershipOf,
} from '../../../src/driver/connection/openLibvirt.js';
import { errorCodes } from '../../../src/libvirt/libvirtError.js';
import { Failure, type FailureDetails } from '../../../src/domain/failure.js';

const list = 'root:x:0:\nlibvirt:x:113:ann,bob\nbroken:x::ann\n';
const noBus = 'internal error: Unable to get system bus connection: Could not connect: No such file or directory';
const noAgent = {
  libvirtCode: errorCodes.VIR_ERR_AUTH_UNAVAILABLE,
  libvirtMessage:
    "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
};
const late = { libvirtMessage: 'error from service: Timeout was reached' };

describe('who is in a group', () => {
  const cases: readonly (readonly [string, string, string, readonly number[], Membership])[] = [
    ['has it', 'libvirt', 'ann', [1000, 113], 'in'],
    ['has it by another way than the list', 'libvirt', 'eve', [113], 'in'],
    ['is in the list alone', 'libvirt', 'bob', [1000], 'later'],
    ['is not', 'libvirt', 'eve', [1000], 'out'],
    ['is called like the beginning of a member', 'libvirt', 'an', [1000], 'out'],
    ['asks for a group that is not there', 'kvm', 'ann', [1000], 'unknown'],
    ['asks for a group without a number', 'broken', 'ann', [0], 'unknown'],
  ];
  for (const [who, group, user, ours, expected] of cases) {
    it(`${expected}: who ${who}`, () => assert.equal(membershipIn(list, group, user, ours), expected));
  }

  it('is read of this process', async () => {
    assert.equal(await membershipOf('no-such-group'), 'unknown');
  });
});

describe('why libvirt lets nobody in', () => {
  it('names the host whose group it is', () => {
    const failure = new Failure('denied', { group: 'libvirt', libvirtMessage: 'no agent' });
    const { login, group } = deniedThere(failure, 'qemu+ssh://ann@far.example/system').details;
    assert.deepEqual([login, group], [{ why: 'denied', host: 'far.example', group: 'libvirt' }, undefined]);
    assert.equal(deniedThere(failure, 'qemu:///system'), failure);
  });

  const cases: readonly (readonly [string, FailureDetails, Membership, FailureDetails])[] = [
    ['the group, for who is not in it', {}, 'out', { group: 'libvirt' }],
    ['the group, where it is not known', {}, 'unknown', { group: 'libvirt' }],
    ['a new login', {}, 'later', { entry: 'newLogin' }],
    ['neither, for who has the group', { libvirtMessage: 'not authorized' }, 'in', {}],
    ['polkit, where there is no bus, of a member', { libvirtMessage: noBus }, 'in', { entry: 'noPolkit' }],
    ['polkit, where there is no bus, of anybody', { libvirtMessage: noBus }, 'out', { entry: 'noPolkit' }],
    ['the group, where polkit runs and nobody could answer', noAgent, 'out', { group: 'libvirt' }],
    ['a faster answer, or the group', late, 'out', { entry: 'lateAnswer', group: 'libvirt' }],
    ['a faster answer, for who has the group', late, 'in', { entry: 'lateAnswer' }],
    ['neither, for who has the group that polkit does not ask for', noAgent, 'in', {}],
  ];
  for (const [what, details, member, expected] of cases) {
    it(what, () => {
      const { kind, details: told } = withTrueReason(new Failure('denied', { ...details, group: 'libvirt' }), member);
      assert.deepEqual([kind, told], ['denied', { ...details, ...expected }]);
    });
  }

  it('leaves other failures alone', () => {
    const denied = new Failure('denied', { vm: 'web' });
    assert.equal(withTrueReason(denied, 'out'), denied);
  });
});
