// Which VM stands in the status bar, in which words, and what is offered for it.
import assert from 'node:assert/strict';
import type { StoreChange, RunningOperation, VmView } from '../../../src/live/views.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { Emitter } from '../../../src/base/emitter.js';
import { systemActions, vmActions, activeSystemText } from '../../../src/text/rows/activeVmText.js';
import { observeSystem } from '../../../src/systems/observedSystem.js';
import type { KnownSystem } from '../../../src/systems/knownSystems.js';
import type { ShownSystem } from '../../../src/text/systems/systemRows.js';
import { ChosenSystem } from '../../../src/ui/commands/systems/chosenSystem.js';
import { ActiveVm } from '../../../src/ui/commands/vms/activeVm.js';
import { clockText } from '../../../src/domain/clockText.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { branched, connectionView, ref, uri, vm, vmView } from './samples.js';

const other: VmRef = { connection: uri, uuid: 'other' };
const running = {
  request: { kind: 'power', vm: other, action: 'start' },
  startedAt: 0,
  progress: { step: '', cancellable: false },
} as const;

function rig(kept = new Map<string, unknown>()): {
  activeVm: ActiveVm;
  said: string[];
  tips: string[];
  choose: (shown: ShownSystem | undefined, lostName?: string) => void;
  views: Map<string, VmView>;
  disconnect: () => void;
  change: (change: StoreChange) => void;
  select: (...nodes: Node[]) => void;
  look: (isLookedAt: boolean) => void;
  pass: (ms: number) => void;
} {
  let now = new Date(2026, 10, 20, 9, 41).getTime();
  const [changed, selected, looked, chose] = [
    new Emitter<StoreChange>(),
    new Emitter<{ selection: readonly Node[] }>(),
    new Emitter<void>(),
    new Emitter<void>(),
  ];
  const views = new Map([
    [ref.uuid, vmView()],
    [other.uuid, vmView({ ref: other, vm: vm({ uuid: 'other', name: 'db', power: 'off' }) })],
  ]);
  const [said, tips]: [string[], string[]] = [[], []];
  let isLookedAt = true;
  const looking = { isLookedAt: () => isLookedAt, onDidChange: looked.event };
  const item = {
    get text() {
      return said.at(-1) ?? '';
    },
    say: (text: string, tip: string) => {
      said.push(text);
      tips.push(tip);
    },
    dispose: () => said.push('gone'),
  };
  const hidden = new Map<string, VmView>();
  const source = {
    findVm: (one: VmRef) => views.get(one.uuid),
    onDidChange: changed.event,
    connect: () => {
      hidden.forEach((view, uuid) => views.set(uuid, view));
      return Promise.resolve(connectionView());
    },
  };
  const memento = {
    get: (key: string): unknown => kept.get(key),
    update: (key: string, value: unknown) => {
      kept.set(key, value);
      return Promise.resolve();
    },
  } as never;
  const chosen = {
    shown: undefined as ShownSystem | undefined,
    lostName: undefined as string | undefined,
    onDidChange: chose.event,
  };
  return {
    choose: (shown, lostName) => {
      Object.assign(chosen, { shown, lostName });
      chose.fire();
    },
    tips,
    activeVm: new ActiveVm(memento, source, { onDidSelect: selected.event }, looking, chosen, () => item, {
      now: () => now,
    }),
    said,
    views,
    disconnect: () => {
      views.forEach((view, uuid) => hidden.set(uuid, view));
      views.clear();
    },
    change: (change) => changed.fire(change),
    select: (...selection) => selected.fire({ selection }),
    pass: (ms) => (now += ms),
    look: (is) => {
      isLookedAt = is;
      looked.fire();
    },
  };
}

describe('the VM that somebody works with', () => {
  it('is remembered with the workspace, and found when its connection is open', async () => {
    const kept = new Map<string, unknown>();
    const before = rig(kept);
    before.activeVm.take(other);
    before.activeVm.dispose();
    const after = rig(kept);
    after.disconnect();
    assert.equal(after.activeVm.ref, undefined);
    assert.deepEqual(await after.activeVm.find(), other);
    after.change({ connection: uri });
    assert.match(after.said.at(-1) ?? '', /^db · /u);
  });

  it('is none where another version has written something else', async () => {
    assert.equal(await rig(new Map<string, unknown>([['workedVm', 7]])).activeVm.find(), undefined);
  });

  it('is none at first, then the one whose row was selected', () => {
    const { activeVm, said, select } = rig();
    assert.deepEqual([activeVm.ref, activeVm.text], [undefined, undefined]);
    select({ kind: 'connection', id: uri, connection: uri });
    assert.equal(activeVm.ref, undefined);
    select({ kind: 'snapshot', id: 's', ref, snapshot: 's' });
    assert.deepEqual(activeVm.ref, ref);
    assert.equal(said.at(-1), 'web-test · running');
    select();
    assert.deepEqual(activeVm.ref, ref);
  });

  it('is the one that a command is called on, and none that changes or that a test or a system acts on', () => {
    const { activeVm, said, views, change, select } = rig();
    select({ kind: 'vm', id: 'v', ref });
    change({ connection: uri, vm: other });
    assert.deepEqual(activeVm.ref, ref);
    views.set(other.uuid, { ...views.get(other.uuid)!, operation: running });
    change({ connection: uri, vm: other });
    assert.deepEqual(activeVm.ref, ref);
    assert.match(said.at(-1)!, /^web-test · /);
    activeVm.take(other);
    assert.deepEqual(activeVm.ref, other);
    assert.match(said.at(-1)!, /^db · .+…$/);
  });

  it('is a clone only where somebody chose it, and the one before when that is thrown away', () => {
    const { activeVm, said, views, change, select, disconnect } = rig();
    const clone: VmRef = { connection: uri, uuid: 'clone' };
    const seen = vmView({ ref: clone, vm: vm({ uuid: 'clone', name: 'fork', clone: { of: ref.uuid, files: [] } }) });
    const doing = (request: RunningOperation['request']): void => {
      views.set(clone.uuid, { ...seen, operation: { ...running, request } });
      change({ connection: uri, vm: clone });
    };
    views.set(clone.uuid, seen);
    select({ kind: 'vm', id: 'v', ref });
    doing({ kind: 'power', vm: clone, action: 'start' });
    doing({ kind: 'discard', vm: clone });
    assert.deepEqual(activeVm.ref, ref);
    activeVm.take(other);
    activeVm.take(clone);
    doing({ kind: 'power', vm: clone, action: 'start' });
    assert.deepEqual(activeVm.ref, clone);
    doing({ kind: 'discard', vm: clone });
    assert.deepEqual(activeVm.ref, other);
    assert.match(said.at(-1)!, /^db · /u);
    disconnect();
    assert.equal(activeVm.ref, undefined);
  });

  it('is told with the time when its state was seen, where nobody looks', () => {
    const { said, select, look, pass, views, change } = rig();
    const seen = (): string | undefined => said.at(-1);
    select({ kind: 'vm', id: 'v', ref });
    pass(60_000);
    look(false);
    assert.equal(seen(), 'web-test · running (09:42)');
    pass(60_000);
    change({ connection: uri, vm: ref });
    assert.equal(seen(), 'web-test · running (09:42)', 'nothing was read since');
    views.set(ref.uuid, vmView({ vm: vm({ power: 'off' }) }));
    change({ connection: uri, vm: ref });
    assert.equal(seen(), 'web-test · off (09:43)', 'a command read it');
    pass(86_400_000);
    look(false);
    assert.equal(seen(), 'web-test · off (11-20)');
    look(true);
    assert.equal(seen(), 'web-test · off');
  });

  it('is none any more when it is gone', () => {
    const { activeVm, said, views, change, select } = rig();
    select({ kind: 'vm', id: 'v', ref });
    views.delete(ref.uuid);
    change({ connection: uri });
    assert.deepEqual([activeVm.ref, activeVm.text, said.at(-1)], [undefined, undefined, 'gone']);
  });

  it('is offered what has something to do now', () => {
    const offered = (view: VmView): readonly string[] => vmActions(view).map(({ value }) => value.split('.')[1]!);
    assert.deepEqual(offered(vmView()), ['quickCheckpoint', 'revert', 'shutDown', 'goToCurrent']);
    assert.deepEqual(offered(vmView({ vm: vm({ power: 'off' }), snapshotCount: 0 })), [
      'quickCheckpoint',
      'start',
      'goToCurrent',
    ]);
    const undo = { name: 'base', why: 'revert', createdAt: 0 } as const;
    const rich = vmView({ vm: vm({ power: 'paused' }), tree: branched, favourite: 'base', undo });
    assert.deepEqual(offered(rich), [
      'revertToFavourite',
      'quickCheckpoint',
      'revert',
      'undo',
      'resume',
      'goToCurrent',
    ]);
  });
});

const point = { id: 'p', title: 'clean', createdAt: 1, members: [] };

function shop(views: ShownSystem['views'], changes: Partial<KnownSystem> = {}): ShownSystem {
  const members = views.map((view, at) => ({ connection: uri, uuid: view?.ref.uuid ?? String(at), name: `m${at}` }));
  const known: KnownSystem = { system: { id: 'shop', name: 'shop', members }, points: [], ...changes };
  const looked = views.map((view) =>
    view === undefined ? { connection: 'away' as const } : { connection: 'connected' as const, vm: view.vm },
  );
  return { known, views, seen: observeSystem(known, looked) };
}

const off = vmView({ ref: other, vm: vm({ uuid: 'other', name: 'db', power: 'off' }) });

describe('the system that a workspace works with', () => {
  it('stands before the VM, whichever is selected, until none is chosen', () => {
    const { said, tips, select, choose } = rig();
    choose(shop([vmView(), off]));
    assert.equal(said.at(-1), 'shop · 1 running, 1 off');
    select({ kind: 'vm', id: 'v', ref });
    assert.match(said.at(-1)!, /^shop · /);
    choose(undefined);
    assert.match(said.at(-1)!, /^web-test · /);
    assert.doesNotMatch(tips.at(-1)!, /shop/);
  });

  it('gives way to the VM where it is not found, and the tooltip says so', () => {
    const { said, tips, select, choose } = rig();
    select({ kind: 'vm', id: 'v', ref });
    choose(undefined, 'shop');
    assert.match(said.at(-1)!, /^web-test · /);
    assert.match(tips.at(-1)!, /The active system shop was not found/);
  });

  it('says what is known of its VMs, and that it was so where nobody looks', () => {
    assert.equal(activeSystemText(shop([vmView(), vmView()]), undefined), 'shop · all running');
    assert.equal(activeSystemText(shop([vmView(), undefined]), undefined), 'shop · 1 running, 1 unknown');
    assert.equal(activeSystemText(shop([off, off]), { at: 0, now: 0 }), `shop · all off (${clockText(0)})`);
    assert.equal(activeSystemText(shop([undefined, undefined]), { at: 0, now: 0 }), 'shop · state unknown');
    assert.equal(activeSystemText(shop([off, { ...off, operation: running }]), undefined), 'shop · in progress…');
  });

  it('is offered what has something to do now', () => {
    const offered = (one: ShownSystem): readonly string[] =>
      systemActions(one).map(({ value }) => value.split('.')[1]!);
    assert.deepEqual(offered(shop([vmView(), vmView()])), ['quickCheckpoint', 'shutDown', 'showPicture']);
    assert.deepEqual(offered(shop([vmView(), off], { points: [point, { ...point, auto: 'revert' }] })), [
      'quickCheckpoint',
      'revert',
      'undo',
      'start',
      'shutDown',
      'showPicture',
    ]);
  });

  it('is remembered, and called lost while the systems cannot be read', async () => {
    const kept = new Map<string, unknown>();
    const memento = {
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    } as ConstructorParameters<typeof ChosenSystem>[0];
    let [shown, reads]: [ShownSystem | undefined, number] = [shop([vmView(), off]), 0];
    const changed = new Emitter<void>();
    let [isRead, found]: [boolean, KnownSystem | undefined] = [false, undefined];
    const known = {
      read: () => Promise.resolve(void (reads += 1)),
      onDidChange: changed.event,
      find: () => found,
      get isRead() {
        return isRead;
      },
    };
    const gone: string[] = [];
    const onGone = (name: string): void => void gone.push(name);
    const ofLab = (): Promise<undefined> => Promise.resolve(undefined);
    const first = new ChosenSystem(memento, known, () => shown, { onGone, ofLab });
    assert.deepEqual([first.shown, reads], [undefined, 0]);
    await first.choose({ id: 'shop', name: 'shop' });
    assert.equal(first.shown, shown);
    shown = undefined;
    const next = new ChosenSystem(memento, known, () => shown, { onGone, ofLab });
    assert.deepEqual([next.lostName, reads], [undefined, 1]);
    await new Promise<void>((resolve) => next.onDidChange(resolve));
    assert.equal(next.lostName, 'shop');
    // Read, and there: nothing is said. Read, and gone: forgotten, and said once.
    [isRead, found] = [true, { system: { id: 'shop', name: 'shop', members: [] }, points: [] }];
    changed.fire();
    assert.deepEqual([gone, kept.get('workedSystem')], [[], { id: 'shop', name: 'shop' }]);
    found = undefined;
    changed.fire();
    changed.fire();
    assert.deepEqual([gone, next.lostName, kept.get('workedSystem')], [['shop'], undefined, undefined]);
  });

  it('is that of the lab of the workspace, unless another one or a VM was chosen', async () => {
    const kept = new Map<string, unknown>();
    const memento = {
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    } as ConstructorParameters<typeof ChosenSystem>[0];
    const changed = new Emitter<void>();
    const systems = new Map(['shop', 'other'].map((id) => [id, shop([vmView(), off])]));
    const known = {
      read: () => Promise.resolve(),
      onDidChange: changed.event,
      isRead: true,
      find: (id: string) => systems.get(id)?.known,
    };
    const lab: { system: string | undefined } = { system: undefined };
    const chosen = new ChosenSystem(memento, known, (id) => systems.get(id), {
      onGone: () => assert.fail('nobody chose it'),
      ofLab: () => Promise.resolve(lab.system),
    });
    assert.equal(await chosen.find(), undefined);
    lab.system = 'shop';
    const seen = new Promise<void>((resolve) => chosen.onDidChange(() => chosen.shown && resolve()));
    changed.fire();
    await seen;
    assert.equal(chosen.shown, systems.get('shop'));
    await chosen.choose({ id: 'other', name: 'other' });
    assert.equal(chosen.shown, systems.get('other'));
    await chosen.choose('vm');
    assert.deepEqual([chosen.shown, await chosen.find(), chosen.lostName], [undefined, undefined, undefined]);
    await chosen.choose(undefined);
    assert.equal(await chosen.find(), systems.get('shop'));
    systems.delete('shop');
    changed.fire();
    assert.deepEqual([chosen.shown, chosen.lostName], [undefined, undefined]);
  });
});
