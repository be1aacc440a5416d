// Kinds of snapshots beside the plain ones: live, without some disks, with UEFI variables, and the room that they take.
import assert from 'node:assert/strict';
import { guestStopMs } from '../../../src/domain/estimates.js';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, capabilities, disk, external, internal, planned, facts, tree, vm } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const golden = new Golden('createKinds');
type Request = Parameters<typeof ask.create>[0];
const creates = (rows: readonly (readonly [what: string, Partial<Facts>, Request?])[]) =>
  asked(rows.map(([what, more, request]) => [what, ask.create(request), facts(more)]));

const base = '/img/web.qcow2';
const outside = { tree: tree([external('e')], 'e') };
const inside = { tree: tree([internal('i')], 'i') };

const live = { snapshotKind: 'memory', live: true } as const;
golden.section(
  'live',
  creates([
    ['no snapshot yet', {}, live],
    ['external ones', outside, live],
    ['a paused guest, which stands still anyway', { ...outside, vm: vm({ power: 'paused' }) }, live],
    ['internal ones, beside which no other kind may stand', inside, live],
    ['not live', outside, { snapshotKind: 'memory', style: 'external' }],
  ]),
);

const seamless = { snapshotKind: 'memory', seamless: true } as const;
const can = (known: NonNullable<Facts['seamless']>): Partial<Facts> => ({ ...outside, seamless: known });
const yes = { kind: 'yes' } as const;
golden.section(
  'while the guest runs on',
  creates([
    ['it can be had', can(yes), seamless],
    ['nobody has asked QEMU', can({ kind: 'untried' }), seamless],
    ['it cannot be had', can({ kind: 'no', why: 'kernel' }), seamless],
    ['it is not known', outside, seamless],
    ['nobody wants it', can(yes), { snapshotKind: 'memory' }],
    ['it can be had, else live', can(yes), { ...seamless, live: true }],
    ['it cannot be had, else live', can({ kind: 'no', why: 'kernel' }), { ...seamless, live: true }],
    ['a paused guest', { ...can(yes), vm: vm({ power: 'paused' }) }, seamless],
    ['internal ones', { ...inside, seamless: yes }, seamless],
    ['any kind: with RAM', can(yes), { snapshotKind: 'auto', seamless: true }],
    ['any kind, and nobody has asked QEMU', can({ kind: 'untried' }), { snapshotKind: 'auto', seamless: true }],
    [
      'any kind, and no room for RAM',
      { ...can(yes), files: { ...seen({ [base]: image() }), freeBytes: new Map([['/img', 50_000_000]]) } },
      { snapshotKind: 'auto', seamless: true },
    ],
    ['any kind, no snapshot yet', { seamless: yes }, { snapshotKind: 'auto', seamless: true }],
  ]),
);

const two = vm({
  disks: [disk('vda', base), disk('vdb', '/dev/sdx', { device: 'lun', sourceType: 'block', format: 'raw' })],
});
const files = vm({ power: 'off', disks: [disk('vda', base), disk('vdb', '/img/b')] });
const without = ['vdb'];
golden.section(
  'without some disks',
  creates([
    ['one of two', { vm: two }, { without }],
    ['one of two, external ones', { vm: two, ...outside }, { without }],
    ['one of two, off', { vm: { ...two, power: 'off' } }, { without }],
    ['the one that could not take part anyway stays', { vm: two }, { without: ['vda'] }],
    ['with RAM, whose disks it would not fit', { vm: two }, { without, snapshotKind: 'memory' }],
    ['internal ones', { vm: two, ...inside }, { without }],
    ['inside the images', { vm: two }, { without, style: 'internal', snapshotKind: 'offline' }],
    ['inside the images, off', { vm: files }, { without, style: 'internal' }],
    ['one that is not there', { vm: two }, { without: ['vdz'] }],
    ['all', { vm: two }, { without: ['vda', 'vdb'] }],
  ]),
);

const uefi = { ...outside, vm: vm({ firmware: 'uefiRawNvram', nvram: '/img/VARS.fd' }) };
const there = seen({ [base]: image() }, { '/img/VARS.fd': 'there' });
const listed = (name: string): Partial<Facts> => ({ ...uefi, files: { ...there, lists: new Map([['/img', [name]]]) } });
const tpm = (folder: string): Partial<Facts> => ({
  ...outside,
  vm: vm({ devices: ['tpm'], tpmState: `${folder}/tpm2-00.permall` }),
  files: seen({ [base]: image() }, { [`${folder}/tpm2-00.permall`]: 'there' }),
});
golden.section(
  'what no external snapshot holds',
  creates([
    ['UEFI variables are copied first, under the name of the snapshot', { ...uefi, files: there }],
    ['a copy of another snapshot of that name is not taken for its own', listed('VARS.fd.new')],
    ['files of other VMs in the same folder take no name away', listed('other.new')],
    ['own ones do', listed('web.new')],
    ['nobody looked for the variables', uefi],
    ['nobody asked whether files can be made there', { ...uefi, files: { ...there, canAct: new Map() } }],
    ['the variables cannot be seen', { ...uefi, files: seen({}, { '/img/VARS.fd': 'unknown' }) }],
    ['a TPM’s state', { vm: vm({ devices: ['tpm'] }) }],
    ['a TPM’s state is copied first', tpm('/img')],
    ['with RAM, which holds it', tpm('/img'), { snapshotKind: 'memory' }],
    ['a TPM’s state in a folder of another', tpm('/tpms')],
  ]),
);

golden.section(
  'devices that hold on to the RAM',
  creates(
    (['hostDevice', 'virtiofs', '9p', 'drive'] as const).flatMap((device) =>
      (['internal', 'external'] as const).map(
        (style) =>
          [`${device}, ${style}`, { vm: vm({ devices: [device] }) }, { snapshotKind: 'memory', style }] as const,
      ),
    ),
  ),
);

const blocked = { vm: vm({ ramInDoubt: true }), ramBlockers: ['non-migratable device: nvme', 'and another'] };
const any = { snapshotKind: 'auto' } as const;
golden.section(
  'what QEMU says against saving the RAM',
  creates([
    ['with RAM', blocked, { snapshotKind: 'memory' }],
    ['with RAM, beside internal ones', { ...blocked, ...inside }, { snapshotKind: 'memory' }],
    ['of any kind', blocked, any],
    ['of any kind, beside external ones', { ...blocked, ...outside }, any],
    ['of any kind, beside internal ones', { ...blocked, ...inside }, any],
    ['of any kind, milliseconds', { ...blocked, seamless: yes }, { ...any, seamless: true }],
    ['of any kind, a device that holds on to it', { vm: vm({ devices: ['virtiofs'] }) }, any],
    ['nothing', { ...blocked, ramBlockers: [] }, any],
    ['disks alone', blocked, { snapshotKind: 'disk' }],
    ['off', { ...blocked, vm: vm({ power: 'off', ramInDoubt: true }) }, any],
  ]),
);

const chained = { vm: vm({ disks: [disk('vda', base, { backing: ['/img/below'] })] }) };
const below = (is: Parameters<typeof seen>[0][string]): Partial<Facts> => ({
  ...chained,
  files: seen({ [base]: over('/img/below'), '/img/below': is }),
});
golden.section(
  'what the images are',
  creates([
    ['marked as damaged', { files: seen({ [base]: image({ corrupt: true }) }) }],
    ['marked as damaged, external', { files: seen({ [base]: image({ corrupt: true }) }) }, { snapshotKind: 'disk' }],
    ['what is below is marked', below(image({ corrupt: true }))],
    ['what is below is gone', below('missing'), { snapshotKind: 'disk' }],
    ['what is below cannot be seen', below('unknown'), { snapshotKind: 'disk' }],
    ['a damaged disk that stays out', below('missing'), { snapshotKind: 'disk', without: ['vda'] }],
    ['notes of changed blocks, inside', { files: seen({ [base]: image({ bitmaps: 1 }) }) }],
    ['notes of changed blocks, outside', { files: seen({ [base]: image({ bitmaps: 1 }) }) }, { snapshotKind: 'disk' }],
  ]),
);

const denied = seen({ [base]: image() }, {}, { canAct: new Map([['/img', { why: 'denied' }]]) });
golden.section(
  'what can be reverted to',
  creates([
    ['9.0, by us', { ...outside, capabilities: capabilities(9, 0), files: seen({ [base]: image() }) }],
    ['9.0, no files can be made', { ...outside, capabilities: capabilities(9, 0), files: denied }],
    ['12.8, no files can be made', { ...outside, files: denied }],
  ]),
);

const free = (bytes: number): { files: FileFactsByPath } => ({
  files: seen({ [base]: image() }, {}, { freeBytes: new Map([['/img', bytes]]) }),
});
const needed = 2 ** 30 + 150 * 2 ** 20;
const ram = { snapshotKind: 'memory', style: 'external' } as const;
golden.section(
  'room',
  creates([
    ['less than the RAM', free(needed - 1)],
    ['just enough', free(needed)],
    ['a tenth is left', free(Math.ceil(needed / 0.9) + 1)],
    ['with RAM in a file, which may not fit', free(needed), ram],
    ['with RAM in a file, less than the RAM', free(2 ** 30), ram],
    ['disks only', free(2 ** 22), { snapshotKind: 'disk' }],
    ['disks only, full', free(2 ** 20), { snapshotKind: 'disk' }],
    ['of a small guest', { vm: vm({ memoryBytes: 4 * 2 ** 20 }) }],
  ]),
);

const disks = { snapshotKind: 'disk', quiesce: true } as const;
golden.section(
  'the guest agent',
  creates([
    ['answers', { ...outside, agent: 'answers' }, disks],
    ['was not asked', outside, disks],
    ['is silent', { ...outside, agent: 'silent' }, disks],
    ['is silent, no kind asked', { ...outside, agent: 'silent' }, { ...disks, snapshotKind: 'auto' }],
    ['was left frozen by somebody: libvirt does not freeze twice', { ...outside, agent: 'frozen' }, disks],
  ]),
);
golden.end();

describe('planCreate: live', () => {
  it('lets the guest stand still for a fraction of the time', () => {
    assert.ok(guestStopMs(2 ** 30, 'live') < 0.35 * guestStopMs(2 ** 30, 'internal'));
    const [warning] = planned(ask.create(live), facts(outside)).warnings;
    assert.deepEqual(warning, { kind: 'guestStandsStill', estimateMs: guestStopMs(2 ** 30, 'live') });
  });
  it('says how much may be written, and how long it may stand still, where it outruns the saving', () => {
    const plan = planned(ask.create(live), facts(outside));
    const may = plan.warnings.find(({ kind: about }) => about === 'mayBeStopped');
    assert.ok(may?.kind === 'mayBeStopped' && may.bytes > 2 * 2 ** 30 && may.estimateMs > guestStopMs(2 ** 30, 'live'));
    assert.ok((plan.spaceBytes ?? 0) >= may.bytes);
  });
});
