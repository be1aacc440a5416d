// What is known of many VMs: each file counts once, what nobody knows is no zero, and a spreadsheet runs nothing of it.
import assert from 'node:assert/strict';
import type { DiskChain, Layer, VmLayers } from '../../../src/domain/layers.js';
import { bytesTogether, type VmLine, vmLine, vmListCsv, vmListJson } from '../../../src/text/rows/vmList.js';
import { branched, now, ref, vm, vmView } from '../ui/samples.js';

const layer = (file: string, changes: Partial<Layer> = {}): Layer => ({
  ...{ file, virtualBytes: 100, allocatedBytes: 10, seen: 'there', snapshots: [], sharedWith: [] },
  ...changes,
});
const chain = (...layers: readonly Layer[]): DiskChain => ({ target: 'vda', layers, whole: true });
const layersOf = (changes: Partial<VmLayers> = {}): VmLayers => ({
  ...{ readAt: now, from: 'files', disks: [], snapshots: [], rooms: [] },
  ...changes,
});
const base = layer('/base', { allocatedBytes: 50 });
const top = layer('/top', { allocatedBytes: 2 ** 20, since: now - 7_200_000 });

const line = (changes: Partial<VmLine>): VmLine => ({
  ...{
    key: 'k',
    name: 'web',
    uuid: 'u',
    connection: 'qemu:///system',
    state: 'off',
    power: 'off',
    together: [],
    files: [],
  },
  ...changes,
});

describe('the list of all VMs', () => {
  it('counts each file of a VM once, whatever branches read it, and names the largest', () => {
    const layers = layersOf({
      disks: [chain(top, base)],
      branches: [{ ...chain(layer('/side'), base), snapshot: 'first' }],
    });
    const found = vmLine(vmView({ tree: branched, layers }), [], now);
    assert.equal(found.bytes, 2 ** 20 + 60);
    assert.deepEqual(found.largest, { file: '/top', bytes: 2 ** 20 });
    assert.deepEqual(found.grown, { bytes: 2 ** 20, since: now - 7_200_000 });
    assert.equal(found.snapshots, branched.snapshots.length);
    assert.equal(found.oldestAt, Math.min(...branched.snapshots.map(({ createdAt }) => createdAt)));
    assert.deepEqual(found.problems, []);
    assert.equal(vmLine(vmView({ tree: branched }), [], now).problems, undefined, 'nobody looked at its files');
  });

  it('counts no snapshot that is in the trash', () => {
    const [gone, ...stay] = branched.snapshots.toSorted((a, b) => a.createdAt - b.createdAt);
    const trash = [{ name: gone!.name, until: now }];
    const found = vmLine(vmView({ tree: branched, trash }), [], now);
    assert.equal(found.snapshots, stay.length);
    assert.equal(found.oldestAt, stay[0]!.createdAt);
  });

  it('leaves out what nobody looked at, and calls unknown what nobody can see', () => {
    const { snapshots, oldestAt, bytes, grown, problems } = vmLine(vmView({}), undefined, now);
    assert.deepEqual([snapshots, oldestAt, bytes, grown, problems], Array.from({ length: 5 }));
    const unseen = layersOf({ disks: [chain(top, layer('/base', { allocatedBytes: 'unknown' }))] });
    assert.equal(vmLine(vmView({ layers: unseen }), [], now).bytes, 'unknown');
  });

  it('adds up what VMs share once, on each connection', () => {
    const files = [{ file: '/base', bytes: 50 }];
    const here = line({ bytes: 50, files });
    assert.deepEqual(bytesTogether([here, line({ bytes: 50, files })]), { bytes: 50, isLeast: false });
    assert.deepEqual(bytesTogether([here, line({ bytes: 50, files, connection: 'x' })]), {
      bytes: 100,
      isLeast: false,
    });
    assert.deepEqual(bytesTogether([here, line({})]), { bytes: 50, isLeast: true });
    const dim = line({ bytes: 'unknown', files: [...files, { file: '/dim', bytes: 'unknown' }] });
    assert.deepEqual(bytesTogether([here, dim]), { bytes: 50, isLeast: true });
  });

  it('is written as JSON and as CSV with the same columns', () => {
    const lines = [
      line({ bytes: 7, snapshots: 2, oldestAt: 0, problems: ['a, b', 'c "d"'] }),
      line({ bytes: 'unknown' }),
    ];
    const rows = JSON.parse(vmListJson(lines)) as readonly Record<string, unknown>[];
    assert.deepEqual(rows[0], {
      ...{ name: 'web', uuid: 'u', connection: 'qemu:///system', state: 'off', snapshots: 2 },
      ...{ oldest: '1970-01-01T00:00:00.000Z', bytes: 7, problems: ['a, b', 'c "d"'] },
    });
    assert.ok(!('bytes' in rows[1]!));
    const [head, first, second] = vmListCsv(lines).split('\r\n');
    assert.match(head ?? '', /^name,uuid,connection,state,snapshots,oldest,bytes,/u);
    assert.match(first ?? '', /^web,u,qemu:\/\/\/system,off,2,1970-01-01T00:00:00\.000Z,7,,,,,"a, b; c ""d"""$/u);
    assert.match(second ?? '', /,off,,,,,,,,$/u);
  });

  it('writes no formula for a spreadsheet, whatever a VM is called', () => {
    for (const name of ['=1+1', '+1', '-1', '@x']) {
      assert.ok(vmListCsv([line({ name })]).includes(`'${name}`), name);
    }
    const [, row] = vmListCsv([line({ name: '=a,"b"' })]).split('\r\n');
    assert.match(row ?? '', /^"'=a,""b""",/u);
  });

  it('is of one VM what its view says', () => {
    assert.equal(vmLine(vmView({ vm: vm({ name: 'db' }) }), [], now).name, 'db');
    assert.equal(vmLine(vmView({}), [], now).uuid, ref.uuid);
  });
});
