// What says that somebody has used a VM that we made: nothing of it goes without a question then.
import assert from 'node:assert/strict';
import { type SeenVm, usesSinceMade } from '../../../src/domain/chains/usesSinceMade.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { VmAsMade } from '../../../src/domain/clone.js';
import { disk, external, facts, image, looked, ref, tree, vm } from './someFacts.js';

const file = '/img/disk-a.qcow2';
const made: VmAsMade = { name: 'prod', files: [file, '/img/seed.iso'], definition: 'as made' };
const unused = vm({ name: 'prod', power: 'off', disks: [disk('vda', file)] });
const off = (more: Partial<Facts> = {}): Facts =>
  facts({
    ...{ vm: unused, tree: tree([]), otherVms: [], strays: new Map() },
    files: looked({ images: { [file]: image('/img/base', { empty: true }) }, lists: { '/img': [] } }),
    ...more,
  });
const of = (more: Partial<Facts['vm']>): Facts => off({ vm: { ...unused, ...more } });
const operation = (kind: 'power' | 'create'): SeenVm['log'] => [
  {
    request:
      kind === 'power'
        ? { kind, vm: ref, action: 'start' }
        : { kind, vm: ref, snapshotKind: 'offline', style: 'external', title: 'a' },
  },
];
type Row = readonly [what: string, expected: string, Facts, Partial<SeenVm>?, Partial<VmAsMade>?];
const other = (...files: string[]) => ({ uuid: 'o', name: 'standby', files, unread: [] });

/** A clone for a while: a sandbox, one of a bisect or of a lesson, a fork of several that failed. */
const clone = { ...unused, clone: { of: 'web-uuid', files: [file] } };
const lentIs = (what: string, expected: string, more: Partial<Facts>, told: Partial<SeenVm> = {}): Row => [
  `lent: ${what}`,
  expected,
  off({ vm: clone, files: looked({ images: { [file]: image('/img/base') } }), ...more }),
  told,
  { started: 'lent' },
];
const [media, foreign] = [disk('sda', '/img/x.iso', { device: 'cdrom' }), disk('vdb', '/img/theirs.qcow2')];
const lent: readonly Row[] = [
  lentIs('off again, written to', '', {}),
  lentIs('it runs', '', { vm: { ...clone, power: 'running' } }),
  lentIs('its RAM is saved', '', { vm: { ...clone, managedSave: true } }),
  lentIs('what was done from here and left nothing', '', {}, { log: operation('create') }),
  lentIs('the media of its VM', '', { vm: { ...clone, disks: [...clone.disks, media] } }),
  lentIs('a snapshot', 'snapshots', { tree: tree([external('work')], 'work') }),
  lentIs('a disk that is not its own', 'definition', { vm: { ...clone, disks: [...clone.disks, foreign] } }),
  lentIs('another name', 'definition', { vm: { ...clone, name: 'shop' } }),
  lentIs('transient', 'definition', { vm: { ...clone, persistent: false } }),
  lentIs('another VM on its disk', 'files', { otherVms: [other(file)] }),
  lentIs('an image on its disk', 'files', { strays: new Map([['/img/over.qcow2', { restsOn: [file] }]]) }),
  // Not known is no use: its removal is refused for that, and tried again.
  lentIs('a VM that may be on it', '', { otherVms: [{ ...other(), unread: ['/far'] }] }),
  lentIs('a connection that may have such a VM', '', { unasked: ['qemu:///session'] }),
];

describe('usesSinceMade', () => {
  const rows: readonly Row[] = [
    ['one as it was made', '', off()],
    ['one that runs', 'power', of({ power: 'running' })],
    ['one whose RAM is saved', 'power', of({ managedSave: true })],
    ['one that was started', 'power', off(), { log: operation('power') }],
    ['one that this process has started', '', of({ power: 'running' }), { log: operation('power') }, { started: true }],
    ['a disk that was written to', 'content', off({ files: looked({ images: { [file]: image('/img/base') } }) })],
    ['a disk that cannot be seen', 'content', off({ files: looked({ images: { [file]: 'unknown' } }) })],
    ['another name', 'definition', of({ name: 'shop' })],
    ['another XML', 'definition', off(), { definition: 'changed' }],
    ['an XML that nobody noted', '', off(), { definition: 'any' }, { definition: undefined as never }],
    ['another disk', 'content definition', of({ disks: [disk('vda', '/img/other.qcow2')] })],
    ['a medium', 'definition', of({ disks: [...unused.disks, disk('sda', '/img/x.iso', { device: 'cdrom' })] })],
    ['a transient one', 'definition', of({ persistent: false })],
    ['a snapshot', 'snapshots', off({ tree: tree([external('work')], 'work') })],
    ['a snapshot of ours', '', off({ tree: tree([external('work')], 'work') }), {}, { isOwn: () => true }],
    ['an operation', 'history', off(), { log: operation('create') }],
    ['another VM on its disk', 'files', off({ otherVms: [other(file)] })],
    ['a VM that may be on it', 'files', off({ otherVms: [{ ...other(), unread: ['/far'] }] })],
    ['a connection that may have such a VM', 'files', off({ unasked: ['qemu:///session'] })],
    ['an image on its disk', 'files', off({ strays: new Map([['/img/over.qcow2', { restsOn: [file] }]]) })],
    ['one that is gone', '', of({ power: 'running', name: 'any' }), { isThere: false }],
    ['one that is gone, and its files are used', 'files', off({ otherVms: [other(file)] }), { isThere: false }],
    ...lent,
  ];
  for (const [what, expected, seen, more = {}, as = {}] of rows) {
    it(`${what}: ${expected || 'unused'}`, () => {
      const told = { facts: seen, isThere: true, log: [], definition: 'as made', ...more };
      assert.equal(usesSinceMade({ ...made, ...as }, told).join(' '), expected);
    });
  }
});
