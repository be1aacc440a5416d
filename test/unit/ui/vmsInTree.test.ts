// What the tree reads of a VM whose rows are shown, and what it draws again when the VM changes.
import assert from 'node:assert/strict';
import { DisposableStore } from '../../../src/base/disposable.js';
import type { VmLayers } from '../../../src/domain/layers.js';
import type { VmView } from '../../../src/live/views.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { OpenRows } from '../../../src/ui/tree/openRows.js';
import { TreeContent } from '../../../src/ui/tree/treeContent.js';
import { type RowsInTreeOptions, VmsInTree } from '../../../src/ui/tree/vmsInTree.js';
import { silentLog } from '../../silentLog.js';
import { connectionView, now, ref, uri, vm, vmView } from './samples.js';

const layers: VmLayers = { readAt: now, from: 'files', disks: [], snapshots: [], rooms: [] };
const request = { kind: 'power', vm: ref, action: 'start' } as const;
const starting = { operation: { request, startedAt: now, progress: { step: '', cancellable: false } } };

describe('the rows of VMs', () => {
  let read: number;
  let drawn: Node[];

  /** The VM as it is drawn, and then as each of these. */
  function seen(filter: string, before: VmView, ...later: readonly VmView[]): void {
    let view = before;
    const source = {
      get connections() {
        return [connectionView({ vms: [view] })];
      },
      findVm: () => view,
    };
    [read, drawn] = [0, []];
    const engine = { ...source, readLayers: () => Promise.resolve(void (read += 1)) } as never;
    const content = new TreeContent(source, { sort: 'time', layout: 'tree', filter });
    const options: RowsInTreeOptions = {
      engine,
      content,
      reading: () => ({ now }),
      draw: (node) => drawn.push(node!),
      ...{ log: silentLog, store: new DisposableStore(), notes: () => Promise.reject(new Error('not asked')) },
    };
    const rows = new VmsInTree(options, new OpenRows(), () => undefined);
    rows.noteLook(ref);
    for (view of later) {
      rows.noteStored(ref);
    }
  }

  it('have their files read once after an operation on a VM that is off, for nobody else tells their sizes', () => {
    const off = vmView({ vm: vm({ power: 'off' }), layers });
    seen('', off, { ...off, ...starting }, { ...off, ...starting }, off, off);
    assert.equal(read, 1);
    seen('web', off, { ...off, ...starting }, off);
    assert.equal(read, 1, 'also while rows are filtered');
  });

  it('have none read of a VM that runs, nor of one whose sizes nobody knows, nor without an operation', () => {
    const on = vmView({ layers });
    seen('', on, { ...on, ...starting }, on);
    assert.equal(read, 0);
    const unread = vmView({ vm: vm({ power: 'off' }) });
    seen('', unread, { ...unread, ...starting }, unread);
    assert.equal(read, 0);
    const off = vmView({ vm: vm({ power: 'off' }), layers });
    seen('', off, { ...off, snapshotCount: 3 }, off);
    assert.equal(read, 0);
  });

  it('are drawn again where they read differently, and with a filter from the top', () => {
    const on = vmView();
    seen('', on, { ...on }, { ...on, snapshotCount: 3 });
    assert.deepEqual(
      drawn.map(({ kind }) => kind),
      ['vm'],
    );
    seen('web', on, { ...on });
    assert.deepEqual(
      drawn.map(({ id }) => id),
      [uri],
    );
  });
});
