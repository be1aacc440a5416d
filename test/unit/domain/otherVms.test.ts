// Who else reads a file, and that a chain which cannot be read counts as a reader.
import assert from 'node:assert/strict';
import {
  otherUserOf,
  otherVmRefusal,
  findOutsideUser,
  refusalsByFile,
  unreadVms,
} from '../../../src/domain/chains/otherVms.js';
import type { OtherVm } from '../../../src/domain/facts.js';
import { disk, facts, vm } from './someFacts.js';

const clone: OtherVm = { uuid: 'c', name: 'clone', files: ['/img/clone.qcow2', '/img/web.qcow2'], unread: [] };
const hidden: OtherVm = { uuid: 'h', name: 'hidden', files: ['/far/h.qcow2'], unread: ['/far/h.qcow2'] };

describe('otherVms', () => {
  it('finds who names a file or rests on it', () => {
    const inWhat = facts({ otherVms: [hidden, clone] });
    assert.deepEqual(otherUserOf(['/img/other', '/img/web.qcow2'], inWhat), { vm: 'clone', file: '/img/web.qcow2' });
    assert.equal(otherUserOf(['/img/other'], inWhat), undefined);
    assert.equal(otherUserOf(['/img/web.qcow2'], facts()), undefined);
    assert.deepEqual(unreadVms(inWhat), ['hidden']);
    assert.deepEqual(unreadVms(facts()), []);
  });

  const rows: readonly (readonly [
    what: string,
    files: readonly string[],
    others: readonly OtherVm[] | undefined,
    unread: 'refuse' | 'passOver',
    expected: string | undefined,
  ])[] = [
    ['a clone reads it', ['/img/web.qcow2'], [clone], 'refuse', 'usedByOtherVm'],
    ['a clone reads it, known before what is not', ['/img/web.qcow2'], [hidden, clone], 'refuse', 'usedByOtherVm'],
    ['a clone reads it, whoever is passed over', ['/img/web.qcow2'], [clone, hidden], 'passOver', 'usedByOtherVm'],
    ['a chain is unread', ['/img/web.a'], [clone, hidden], 'refuse', 'otherVmUnread'],
    ['a chain is unread, and that is accepted', ['/img/web.a'], [clone, hidden], 'passOver', undefined],
    ['nobody reads it', ['/img/web.a'], [clone], 'refuse', undefined],
    ['no file is touched', [], [clone, hidden], 'refuse', undefined],
    ['nobody was looked at', ['/img/web.qcow2'], undefined, 'refuse', undefined],
  ];
  for (const [what, files, otherVms, unread, expected] of rows) {
    it(`${what} → ${expected ?? 'ok'}`, () => {
      const inWhat = facts(otherVms === undefined ? {} : { otherVms });
      assert.equal(otherVmRefusal(files, inWhat, unread)?.refusal.reason, expected);
    });
  }

  it('is none of the VMs that go along, but for one of that UUID of another libvirt', () => {
    const elsewhere: OtherVm = { ...clone, isElsewhere: true };
    const reasons = (one: OtherVm): readonly string[] =>
      [...refusalsByFile(['/img/web.qcow2'], facts({ otherVms: [one] }), ['c']).values()].map(({ reason }) => reason);
    assert.deepEqual(reasons(clone), []);
    assert.deepEqual(reasons(elsewhere), ['usedByOtherVm']);
  });

  it('may be on a connection that gives no answer: then nothing goes', () => {
    const refused = refusalsByFile(['/img/web.qcow2'], facts({ otherVms: [] }), ['c'], ['qemu:///session']);
    assert.deepEqual(
      [...refused].map(([file, { reason }]) => [file, reason]),
      [['/img/web.qcow2', 'notAllSeen']],
    );
  });

  describe('who is no VM', () => {
    const image = { bytes: 1, allocatedBytes: 1, format: 'qcow2', virtualBytes: 1 };
    const files = {
      images: new Map([
        ['/img/web.qcow2', { ...image, real: '1:1' }],
        ['/img/web.a', { ...image, real: '1:2', backing: { file: '/img/web.qcow2' } }],
        ['/img/web.b', { ...image, real: '1:3', backing: { file: '/img/web.qcow2' } }],
      ]),
      files: new Map(),
      freeBytes: new Map(),
      canAct: new Map(),
      lists: new Map(),
    };
    const strays = new Map([['/img/copy', { restsOn: ['/img/web.b', '/img/web.qcow2'] }]]);
    const active = vm({ disks: [disk('vda', '/img/web.a', { backing: ['/img/web.qcow2'] })] });
    const held = new Set(['1:1', '1:2', '1:3']);

    it('an image that no VM names, over any number of layers, but not for its own sake', () => {
      const inWhat = facts({ files, strays });
      assert.deepEqual(findOutsideUser(['/img/web.qcow2'], inWhat), {
        kind: 'image',
        name: '/img/copy',
        file: '/img/web.qcow2',
      });
      assert.equal(findOutsideUser(['/img/web.a'], inWhat), undefined);
      assert.equal(findOutsideUser(['/img/copy', '/img/web.b'], inWhat), undefined);
      assert.equal(otherVmRefusal(['/img/web.b'], inWhat, 'passOver')?.refusal.reason, 'usedByImage');
    });

    it('a program, where it cannot be the QEMU of the VM itself', () => {
      const on = facts({ vm: active, files, held });
      assert.equal(findOutsideUser(['/img/web.a', '/img/web.qcow2'], on), undefined);
      assert.deepEqual(findOutsideUser(['/img/web.a', '/img/web.b'], on), {
        kind: 'program',
        name: '',
        file: '/img/web.b',
      });
      const off = facts({ vm: { ...active, power: 'off' }, files, held });
      assert.equal(otherVmRefusal(['/img/web.qcow2'], off, 'refuse')?.refusal.reason, 'heldByProgram');
      assert.equal(findOutsideUser(['/img/web.qcow2'], facts({ vm: { ...active, power: 'off' }, files })), undefined);
    });
  });
});
