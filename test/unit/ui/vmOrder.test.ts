// VMs in the order that somebody wants, and when each was used, whatever the editor kept of that.
import assert from 'node:assert/strict';
import * as l10n from '@vscode/l10n';
import type { PowerState } from '../../../src/domain/vm.js';
import { type VmView, vmKey } from '../../../src/live/views.js';
import { silentLog } from '../../silentLog.js';
import { UsedVms } from '../../../src/ui/tree/usedVms.js';
import { VmPlaces } from '../../../src/ui/tree/vmOrder.js';
import { offeredVms } from '../../../src/ui/prompts/offeredVms.js';
import { uri, vm, vmView } from './samples.js';

const view = (name: string, power: VmView['vm']['power'], changes: Partial<VmView> = {}): VmView =>
  vmView({ ref: { connection: uri, uuid: name }, vm: vm({ uuid: name, name, power }), ...changes });

const vms = [view('a', 'off'), view('b', 'running'), view('c', 'paused'), view('d', 'off'), view('e', 'running')];
const order = (by: 'name' | 'state' | 'recent', usedAt: (key: string) => number = () => 0): string =>
  new VmPlaces(usedAt)
    .inOrder(vms, { vms: by })
    .map((one) => one.vm.name)
    .join('');

/** What an editor keeps. */
function memory(start?: unknown): {
  kept: unknown;
  get: () => unknown;
  update: (key: string, value: unknown) => Promise<void>;
} {
  const self = {
    kept: start,
    get: (): unknown => self.kept,
    update: (_key: string, value: unknown): Promise<void> => {
      self.kept = value;
      return Promise.resolve();
    },
  };
  return self;
}

const busy = view('x', 'running', {
  operation: {
    request: { kind: 'prune', vm: { connection: uri, uuid: 'x' }, snapshots: [] },
    startedAt: 0,
    progress: { step: '', cancellable: false },
  },
});

describe('the order of VMs', () => {
  it('is by name, by state, or by use, and by name where those are equal', () => {
    assert.equal(order('name'), 'abcde');
    assert.equal(order('state'), 'becad');
    const used = new Map([
      [vmKey(vms[3]!.ref), 2],
      [vmKey(vms[1]!.ref), 1],
    ]);
    assert.equal(
      order('recent', (key) => used.get(key) ?? 0),
      'dbace',
    );
    assert.equal(order('recent'), 'abcde');
  });

  it('counts an operation as a use, once, and remembers it', () => {
    const kept = memory();
    const used = new UsedVms(kept, silentLog);
    const key = vmKey(busy.ref);
    assert.equal(used.at(key), 0);
    used.note(busy, 5);
    used.note(busy, 6);
    assert.equal(used.at(key), 5);
    used.note(view('x', 'running'), 7);
    used.note(busy, 8);
    assert.equal(new UsedVms(kept, silentLog).at(key), 8);
  });

  it('takes nothing from what is not ours', () => {
    for (const hostile of [7, 'x', { a: 1 }, [['x']], [[1, 2]], [['x', NaN]], [null]]) {
      assert.equal(new UsedVms(memory(hostile), silentLog).at('x'), 0);
    }
    assert.equal(new UsedVms(memory([['x', 3]]), silentLog).at('x'), 3);
  });

  it('forgets those that were used longest ago', () => {
    const kept = memory(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
    new UsedVms(kept, silentLog).note(busy, 1_000);
    assert.ok(Array.isArray(kept.kept) && kept.kept.length === 200);
    assert.equal(new UsedVms(kept, silentLog).at('k499'), 499);
    assert.equal(new UsedVms(kept, silentLog).at('k0'), 0);
  });
});

describe('the places of VMs', () => {
  const byState = { vms: 'state' } as const;
  const named = (views: readonly VmView[]): string => views.map(({ vm: { name } }) => name).join('');
  const become = (name: string, power: PowerState): readonly VmView[] =>
    vms.map((one) => (one.vm.name === name ? { ...one, vm: { ...one.vm, power } } : one));

  it('stay while VMs start and end, until somebody looks anew; a new VM is put among the others', () => {
    const places = new VmPlaces(() => 0);
    const before = named(places.inOrder(vms.slice(1), byState));
    assert.equal(named(places.inOrder(become('d', 'running').slice(1), byState)), before);
    assert.deepEqual([before, named(places.inOrder(become('d', 'running'), byState))], ['becd', 'becad']);
    places.renew();
    assert.equal(named(places.inOrder(become('d', 'running'), byState)), 'bdeca');
    assert.equal(named(places.inOrder(vms, { vms: 'name' })), named(vms));
    assert.equal(named(places.inOrder(become('b', 'unknown'), byState)), 'ecadb');
    assert.equal(named(places.inOrder(vms, byState)), 'becad');
  });

  it('keep the state by which a filter finds a VM', () => {
    const places = new VmPlaces(() => 0);
    const [off] = vms.filter(({ vm: { power } }) => power === 'off');
    places.inOrder(vms, byState);
    const started = { ...off!, vm: { ...off!.vm, power: 'running' as const } };
    assert.deepEqual(
      ['off', 'of', 'run'].map((filter) => places.isInState(started, filter)),
      [true, false, false],
    );
    places.renew();
    assert.equal(places.isInState(started, 'runn'), true);
  });

  it('are found by the words of a state, in each language', () => {
    const states = (contents: Readonly<Record<string, string>>, filters: readonly string[]) => {
      l10n.config({ contents: { ...contents } });
      try {
        const places = new VmPlaces(() => 0);
        const saved = vmView({ vm: vm({ power: 'off', managedSave: true }) });
        return filters.filter((filter) => places.isInState(saved, filter));
      } finally {
        l10n.config({ contents: {} });
      }
    };
    const words = ['off', 'saved', 'state', 'aved', 'sa'];
    assert.deepEqual(states({}, words), ['off', 'saved', 'state']);
    const chinese = { 'off, state saved': '已关机，状态已保存' };
    assert.deepEqual(states(chinese, ['关机', '保存', '存', 'off', 'saved']), ['关机', '保存', 'off']);
  });
});

describe('the VMs that a list offers', () => {
  const offered = (fits: (one: VmView) => boolean, active?: string): string =>
    offeredVms(vms, fits, {
      active: active === undefined ? undefined : vmKey({ connection: uri, uuid: active }),
      usedAt: (key) => (key.includes('d') ? 2 : key.includes('b') ? 1 : 0),
    })
      .map((one) => one.vm.name)
      .join('');

  it('begin with the one in the status bar, then those used last', () => {
    assert.equal(
      offered(() => true, 'c'),
      'cdbae',
    );
    assert.equal(
      offered(() => true),
      'dbace',
    );
  });

  it('are those that have something to do; an only VM says why it has not', () => {
    assert.equal(
      offered(({ vm: { power } }) => power === 'off', 'e'),
      'da',
    );
    assert.equal(
      offered(() => false, 'e'),
      '',
    );
    const use = { usedAt: () => 0 };
    assert.equal(offeredVms(vms.slice(0, 1), () => false, use).length, 1);
  });
});
