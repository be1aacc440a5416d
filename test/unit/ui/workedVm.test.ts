// Which VM stands in the status bar, in which words, and what is offered for it.
import assert from 'node:assert/strict';
import type { InventoryChange, VmView } from '../../../src/inventory/views.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { Emitter } from '../../../src/base/emitter.js';
import { vmActions, workedVmText } from '../../../src/text/workedVmText.js';
import { WorkedVm } from '../../../src/ui/commands/workedVm.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { branched, ref, uri, vm, vmView } from './samples.js';

const other: VmRef = { connection: uri, uuid: 'other' };
const running = {
  request: { kind: 'power', vm: other, action: 'start' },
  startedAt: 0,
  progress: { step: '', cancellable: false },
} as const;

function rig(): {
  worked: WorkedVm;
  said: string[];
  views: Map<string, VmView>;
  change: (change: InventoryChange) => void;
  select: (...nodes: Node[]) => void;
  look: (isLookedAt: boolean) => void;
} {
  const [changed, selected, looked] = [
    new Emitter<InventoryChange>(),
    new Emitter<{ selection: readonly Node[] }>(),
    new Emitter<void>(),
  ];
  const views = new Map([
    [ref.uuid, vmView()],
    [other.uuid, vmView({ ref: other, vm: vm({ uuid: 'other', name: 'db', power: 'off' }) })],
  ]);
  const said: string[] = [];
  let isLookedAt = true;
  const looking = { isLookedAt: () => isLookedAt, onDidChange: looked.event };
  const item = {
    get text() {
      return said.at(-1) ?? '';
    },
    say: (text: string) => said.push(text),
    dispose: () => said.push('gone'),
  };
  const source = { findVm: (one: VmRef) => views.get(one.uuid), onDidChange: changed.event };
  return {
    worked: new WorkedVm(source, { onDidSelect: selected.event }, looking, () => item),
    said,
    views,
    change: (change) => changed.fire(change),
    select: (...selection) => selected.fire({ selection }),
    look: (is) => {
      isLookedAt = is;
      looked.fire();
    },
  };
}

describe('the VM that somebody works with', () => {
  it('is none at first, then the one whose row was selected', () => {
    const { worked, said, select } = rig();
    assert.deepEqual([worked.ref, worked.text], [undefined, undefined]);
    select({ kind: 'connection', id: uri, connection: uri });
    assert.equal(worked.ref, undefined);
    select({ kind: 'snapshot', id: 's', ref, snapshot: 's' });
    assert.deepEqual(worked.ref, ref);
    assert.equal(said.at(-1), 'web-test · running');
    select();
    assert.deepEqual(worked.ref, ref);
  });

  it('is the one that something is done to or a command is called on, and no other that changes', () => {
    const { worked, said, views, change, select } = rig();
    select({ kind: 'vm', id: 'v', ref });
    change({ connection: uri, vm: other });
    assert.deepEqual(worked.ref, ref);
    views.set(other.uuid, { ...views.get(other.uuid)!, operation: running });
    change({ connection: uri, vm: other });
    assert.deepEqual(worked.ref, other);
    assert.match(said.at(-1)!, /^db · .+…$/);
    worked.take(ref);
    assert.deepEqual(worked.ref, ref);
  });

  it('is told with the state as it was where nobody looks', () => {
    const { said, select, look } = rig();
    select({ kind: 'vm', id: 'v', ref });
    look(false);
    assert.equal(said.at(-1), workedVmText(vmView(), false));
    assert.notEqual(said.at(-1), workedVmText(vmView(), true));
  });

  it('is none any more when it is gone', () => {
    const { worked, said, views, change, select } = rig();
    select({ kind: 'vm', id: 'v', ref });
    views.delete(ref.uuid);
    change({ connection: uri });
    assert.deepEqual([worked.ref, worked.text, said.at(-1)], [undefined, undefined, 'gone']);
  });

  it('is offered what has something to do now', () => {
    const offered = (view: VmView): readonly string[] => vmActions(view).map(({ value }) => value.split('.')[1]!);
    assert.deepEqual(offered(vmView()), ['quickCheckpoint', 'shutDown', 'goToCurrent']);
    assert.deepEqual(offered(vmView({ vm: vm({ power: 'off' }) })), ['quickCheckpoint', 'start', 'goToCurrent']);
    const undo = { name: 'base', why: 'revert', createdAt: 0 } as const;
    const rich = vmView({ vm: vm({ power: 'paused' }), tree: branched, favourite: 'base', undo });
    assert.deepEqual(offered(rich), ['revertToFavourite', 'quickCheckpoint', 'undoRevert', 'resume', 'goToCurrent']);
  });
});
