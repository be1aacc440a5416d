// The table of what works where, made from rows as tests report them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSupportRows, supportTable } from '../../../scripts/supportTable.mjs';
import type { SupportRow } from '../../libvirtd/supportRows.js';

const row = (libvirt: string, change: Partial<SupportRow> = {}): SupportRow => ({
  operation: 'revert',
  kind: 'external disk',
  from: 'running',
  after: 'asSnapshot',
  result: { works: 'natively' },
  libvirt,
  qemu: libvirt.startsWith('9') ? '7.2' : '10.0',
  ...change,
});

/** The cells below the head. */
const lines = (rows: readonly SupportRow[]): string[] => supportTable(rows).split('\n').slice(2);

describe('the table of what works where', () => {
  it('has a column for each version, the oldest first, by number and not by letter', () => {
    const [head] = supportTable([row('11.3'), row('9.0')]).split('\n');
    assert.equal(
      head,
      '| operation | snapshot | the VM is | and then | libvirt 9.0, QEMU 7.2 | libvirt 11.3, QEMU 10.0 |',
    );
  });

  it('says how it works, why it does not, and where nobody tried', () => {
    const rows = [
      row('9.0', { result: { works: 'byOurSteps' } }),
      row('11.3'),
      row('12.8', { kind: 'other', result: { refused: 'managedSaveExists' } }),
    ];
    assert.deepEqual(lines(rows), [
      '| revert | external disk | running | as snapshot | by Virt Rewind | by libvirt | not tried |',
      '| revert | other | running | as snapshot | not tried | not tried | no (1) |',
      '',
      '1. the managed save must be started or dropped first',
    ]);
  });

  it('tells a reason once, and by its name where it has no words for it', () => {
    const refused = (reason: string, kind: string): SupportRow => row('9.0', { kind, result: { refused: reason } });
    const rows = [refused('noDisks', 'one'), refused('rawDisk', 'two'), refused('noDisks', 'three')];
    assert.deepEqual(lines(rows), [
      '| revert | one; three | running | as snapshot | no (1) |',
      '| revert | two | running | as snapshot | no (2) |',
      '',
      '1. no disks',
      '2. a raw disk can hold no snapshot inside',
    ]);
  });

  it('joins kinds whose cases all turn out alike, and tells what is made before what becomes of it', () => {
    const rows = (['delete', 'revert', 'create'] as const).flatMap((operation) =>
      ['one', 'two'].map((kind) => row('9.0', { operation, kind })),
    );
    assert.deepEqual(lines(rows), [
      '| create | one; two | running | as snapshot | by libvirt |',
      '| revert | one; two | running | as snapshot | by libvirt |',
      '| delete | one; two | running | as snapshot | by libvirt |',
    ]);
    const but = row('9.0', { operation: 'create', kind: 'two', from: 'off' });
    assert.equal(lines([...rows, but]).length, 4);
  });

  it('joins cases that turn out alike on every version', () => {
    const froms = ['running', 'paused', 'off', 'managedSave'] as const;
    const afters = ['asSnapshot', 'running', 'paused', 'off'] as const;
    const all = froms.flatMap((from) => afters.map((after) => ({ from, after })));
    const alike = all.flatMap((of) => [row('9.0', of), row('11.3', of)]);
    assert.deepEqual(lines(alike), ['| revert | external disk | any | any | by libvirt | by libvirt |']);
    const but = alike.map((of) =>
      of.libvirt === '9.0' && of.from === 'off' && of.after === 'paused' ? { ...of, result: { refused: 'x' } } : of,
    );
    assert.deepEqual(lines(but), [
      '| revert | external disk | running, paused, managed save | any | by libvirt | by libvirt |',
      '| revert | external disk | off | as snapshot, running, off | by libvirt | by libvirt |',
      '| revert | external disk | off | paused | no (1) | by libvirt |',
      '',
      '1. x',
    ]);
  });

  it('claims no state that nobody tried', () => {
    const rows = (['running', 'off'] as const).map((from) => row('9.0', { from }));
    assert.deepEqual(lines(rows), ['| revert | external disk | running, off | as snapshot | by libvirt |']);
  });

  it('has nothing to say of the state after what is no revert', () => {
    const { kind, from, result, libvirt, qemu } = row('9.0');
    assert.deepEqual(lines([{ operation: 'create', kind, from, result, libvirt, qemu }]), [
      '| create | external disk | running |  | by libvirt |',
    ]);
  });

  it('takes the same row twice, and none that contradicts another', () => {
    assert.equal(lines([row('9.0'), row('9.0')]).length, 1);
    assert.throws(() => supportTable([row('9.0'), row('9.0', { result: { refused: 'x' } })]));
  });

  it('is not made of nothing', () => assert.throws(() => supportTable([])));
});

describe('the files of its rows', () => {
  it('are read line by line, and one that no test wrote holds none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vr-rows-'));
    const file = join(folder, 'rows');
    writeFileSync(file, `${JSON.stringify(row('9.0'))}\n${JSON.stringify(row('9.0', { after: 'off' }))}\n`);
    assert.deepEqual(
      readSupportRows([join(folder, 'none'), file]).map(({ after }) => after),
      ['asSnapshot', 'off'],
    );
    rmSync(folder, { recursive: true });
  });
});
