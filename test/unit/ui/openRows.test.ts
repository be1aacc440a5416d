// What is opened in the tree is what the inventory follows.
import assert from 'node:assert/strict';
import { vmKey } from '../../../src/live/views.js';
import { OpenRows } from '../../../src/ui/tree/openRows.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { ref, uri } from './samples.js';

const connection: Node = { kind: 'connection', id: uri, connection: uri };
const vm: Node = { kind: 'vm', id: vmKey(ref), ref };

describe('looked at', () => {
  it('holds connections that are not closed, and VMs that are opened', () => {
    const looked = new OpenRows();
    assert.deepEqual([...looked.attention(true, [uri]).connections], [uri]);
    assert.equal(looked.open(vm), true);
    assert.equal(looked.open(vm), false);
    assert.deepEqual([...looked.attention(true, [uri]).vms], [vmKey(ref)]);
  });

  it('does not look at VMs inside a closed connection, and does again when it is opened', () => {
    const looked = new OpenRows();
    looked.open(vm);
    looked.close(connection);
    assert.deepEqual(looked.attention(true, [uri]), { visible: true, connections: new Set(), vms: new Set() });
    looked.open(connection);
    assert.equal(looked.attention(true, [uri]).vms.size, 1);
  });

  it('forgets what is gone', () => {
    const looked = new OpenRows();
    looked.open(vm);
    assert.equal(looked.keepOnly(new Set([uri]), new Set([vmKey(ref)])), false);
    assert.equal(looked.keepOnly(new Set([uri]), new Set()), true);
    assert.equal(looked.isOpen(vmKey(ref)), false);
  });

  it('stands after a filter as it stood before, whatever was opened and closed meanwhile', () => {
    const looked = new OpenRows();
    const other: Node = { kind: 'vm', id: 'other', ref: { connection: uri, uuid: 'other' } };
    const row: Node = { kind: 'snapshot', id: 'row', ref, snapshot: 'row' };
    const [system, system2] = ['shop', 'lab'].map((id): Node => ({ kind: 'system', id, system: id }));
    looked.open(vm);
    looked.open(system!);
    looked.close(row);
    looked.close(connection);
    assert.equal(looked.filter(true), true);
    assert.deepEqual(
      [looked.isRowOpen(connection), looked.isRowOpen(vm), looked.isRowOpen(row)],
      [true, true, undefined],
    );
    looked.open(other);
    looked.open(system2!);
    looked.close(vm);
    looked.close(system!);
    assert.equal(looked.filter(true), false);
    assert.equal(looked.filter(false), true);
    const open = [connection, vm, row, other, system!, system2!].map((node) => looked.isRowOpen(node));
    assert.deepEqual(open, [false, true, false, false, true, false]);
  });

  it('passes on whether the view is visible', () => {
    assert.equal(new OpenRows().attention(false, [uri]).visible, false);
  });
});
