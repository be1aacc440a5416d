// On which row people stand after what they did to rows, in a view that only remembers what it was told.
import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/emitter.js';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import type { StoreChange } from '../../../src/live/views.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import { TreeContent } from '../../../src/ui/tree/treeContent.js';
import { TreeFocus } from '../../../src/ui/tree/treeFocus.js';
import { FakeClock } from '../engine/fakeClock.js';
import { branched, connectionView, ref, snapshot, uri, vmView } from './samples.js';

describe('the focus of the tree', () => {
  function rig() {
    let tree: SnapshotTree = branched;
    const changes = new Emitter<StoreChange>();
    const findVm = () => vmView({ tree });
    const engine = { onDidChange: changes.event, findVm, readTree: () => Promise.resolve(tree) };
    const source = { connections: [connectionView({ vms: [vmView({ tree })] })], findVm };
    const content = new TreeContent(source, { sort: 'time', layout: 'tree', filter: '' });
    const stood: string[] = [];
    /** Where it came to, one after the other. */
    const keyboard: Node[] = [];
    const debugged: string[] = [];
    const drawn: string[] = [];
    const wordsOf = (node: Node): string => (node.kind === 'snapshot' ? node.snapshot : node.kind);
    let failures = 0;
    let passesOver = 0;
    let silences = 0;
    let isMakingRows = false;
    const selected = new Emitter<{ readonly selection: readonly Node[] }>();
    let selection: readonly Node[] = [];
    const view = {
      visible: true,
      /** Without the rows that are being made anew. */
      get selection(): readonly Node[] {
        return isMakingRows ? [] : selection;
      },
      set selection(rows: readonly Node[]) {
        selection = rows;
        selected.fire({ selection });
      },
      onDidChangeVisibility: () => ({ dispose: () => undefined }),
      onDidChangeSelection: selected.event,
      reveal: (node: Node, { focus }: { focus?: boolean | number } = {}) => {
        stood.push(`${wordsOf(node)}${focus === true ? ', focused' : ''}`);
        if (silences-- > 0) {
          return new Promise<void>(() => undefined);
        }
        if (failures-- > 0) {
          return Promise.reject(new Error('the row is not there'));
        }
        if (passesOver-- <= 0) {
          view.selection = [node];
          keyboard.push(...(focus === true ? [node] : []));
        }
        return Promise.resolve();
      },
    };
    let isElsewhere = false;
    const whereabouts = { remember: () => () => !isElsewhere };
    const log = { debug: (text: string) => debugged.push(text), trace: () => undefined } as never;
    const draw = (node: Node | undefined) => void drawn.push(node === undefined ? 'all' : wordsOf(node));
    const clock = new FakeClock();
    const focus = new TreeFocus(view, { content, engine, draw, log, clock }, whereabouts);
    return {
      content,
      stood,
      keyboard,
      debugged,
      drawn,
      view,
      passOver: (times: number) => {
        passesOver = times;
      },
      fail: (times: number) => {
        failures = times;
      },
      makeRows: (isAtIt: boolean) => {
        isMakingRows = isAtIt;
      },
      saySilent: (times: number) => {
        silences = times;
      },
      clock,
      deleting: (...names: string[]) =>
        focus.followNeighbour({ ref, row: content.find(ref, names[0])! }, new Set(names)),
      /** By what is no row, as the button of a message. */
      deletingByButton: (name: string) => focus.followNeighbour({ ref }, new Set([name])),
      renaming: (name: string) => focus.follow({ ref, row: content.find(ref, name)! }),
      making: () => focus.followNewVm(),
      showing: () => focus.showVm(ref),
      goElsewhere: () => {
        isElsewhere = true;
      },
      changeUntold: (to: SnapshotTree) => {
        tree = to;
      },
      change: (to: SnapshotTree) => {
        tree = to;
        changes.fire({ connection: uri, vm: ref });
      },
    };
  }

  const without = (...names: string[]): SnapshotTree => ({
    ...branched,
    snapshots: branched.snapshots.filter(({ name }) => !names.includes(name)),
  });

  it('moves on as soon as the row is gone, and not once more when all of the delete is over', async () => {
    const { deleting, change, stood, debugged } = rig();
    const over = deleting('other');
    change(branched);
    assert.deepEqual(stood, []);
    change(without('other'));
    assert.deepEqual(stood, ['base, focused']);
    over();
    await new Promise(setImmediate);
    change(without('other', 'second'));
    assert.deepEqual(stood, ['base, focused']);
    assert.deepEqual(debugged, []);
  });

  it('stays on the row that was renamed, with the keyboard only where it still is', async () => {
    const renamed = {
      ...branched,
      snapshots: branched.snapshots.map((one) => (one.name === 'other' ? { ...one, name: 'another' } : one)),
    };
    for (const leaves of [false, true]) {
      const { renaming, change, goElsewhere, stood } = rig();
      const done = renaming('other');
      change(renamed);
      assert.deepEqual(stood, [], 'before it is over');
      if (leaves) {
        goElsewhere();
      }
      done('another');
      await new Promise(setImmediate);
      assert.deepEqual(stood, [leaves ? 'another' : 'another, focused']);
    }
  });

  it('goes to a VM that was made, and takes no keyboard from who went elsewhere while it was', async () => {
    for (const leaves of [false, true]) {
      const { making, goElsewhere, stood } = rig();
      const made = making();
      if (leaves) {
        goElsewhere();
      }
      made(ref);
      await new Promise(setImmediate);
      assert.deepEqual(stood, [leaves ? 'vm' : 'vm, focused']);
    }
  });

  it('shows a VM on which another page has the keyboard, which stays there', async () => {
    const { showing, stood, view } = rig();
    showing();
    await new Promise(setImmediate);
    assert.deepEqual(stood, ['vm']);
    view.visible = false;
    showing();
    await new Promise(setImmediate);
    assert.deepEqual(stood, ['vm'], 'not while the view is hidden');
  });

  it('draws a row that the editor could not show, because it asked for the rows itself meanwhile, and shows it then', async () => {
    const { deleting, change, fail, stood, drawn } = rig();
    deleting('other');
    fail(2);
    change(without('other'));
    await new Promise(setImmediate);
    assert.deepEqual(stood, Array(3).fill('base, focused'));
    assert.deepEqual(drawn, ['vm', 'vm']);
  });

  it('draws a row of which the editor never says that it is shown, and goes on to the next one', async () => {
    const { deleting, change, saySilent, clock, stood, drawn, keyboard, content } = rig();
    deleting('other');
    saySilent(1);
    change(without('other'));
    await clock.advance(1_000);
    assert.deepEqual([stood, drawn], [['base, focused'], []]);
    await clock.advance(60_000);
    assert.deepEqual([stood, drawn], [['base, focused', 'base, focused'], ['vm']]);
    assert.equal(clock.pending, 0);
    assert.deepEqual(keyboard, [content.find(ref, 'base')]);
    // The next one waits for nothing.
    deleting('second');
    change(without('other', 'second'));
    await new Promise(setImmediate);
    assert.equal(stood.length, 3);
  });

  it('tries once more at the end, if the row could not be shown when the other went', async () => {
    const { deleting, change, fail, stood, debugged } = rig();
    const over = deleting('other');
    fail(5);
    change(without('other'));
    over();
    await new Promise(setImmediate);
    assert.deepEqual(stood, Array(6).fill('base, focused'));
    assert.match(debugged.at(-1) ?? '', /not there/u);
  });

  it('draws a row that the editor did not know when it was to show it, and shows it then', async () => {
    const { deleting, change, passOver, goElsewhere, stood, drawn } = rig();
    passOver(2);
    const over = deleting('other');
    change(without('other'));
    await new Promise(setImmediate);
    assert.deepEqual(stood, ['base, focused', 'base, focused', 'base, focused']);
    assert.deepEqual(drawn, ['vm', 'vm']);
    over();
    // Not for ever, and not the keyboard of who has gone on.
    passOver(9);
    deleting('second');
    change(without('other', 'second'));
    goElsewhere();
    await new Promise(setImmediate);
    assert.match(stood.slice(3).join(' | '), /^\S+, focused( \| [^, ]+){4}$/u);
  });

  it('is not misled by the row that has gone from the selection by itself', async () => {
    const { deleting, change, passOver, view, stood, drawn } = rig();
    view.selection = [{ kind: 'connection', id: 'gone', connection: uri }];
    passOver(1);
    deleting('other');
    change(without('other'));
    view.selection = [];
    await new Promise(setImmediate);
    assert.deepEqual([stood, drawn], [['base, focused', 'base, focused'], ['vm']]);
  });

  it('leaves the selection to who has chosen another row meanwhile', async () => {
    const { deleting, change, passOver, view, stood, drawn } = rig();
    passOver(9);
    deleting('other');
    change(without('other'));
    view.selection = [{ kind: 'connection', id: 'another', connection: uri }];
    await new Promise(setImmediate);
    assert.deepEqual([stood, drawn], [['base, focused'], []]);
  });

  it('brings the keyboard along also where somebody else selects the same row in the same moment', async () => {
    const { deleting, deletingByButton, change, passOver, stood } = rig();
    passOver(2);
    deletingByButton('other');
    deleting('other');
    change(without('other'));
    await new Promise(setImmediate);
    assert.deepEqual([stood[0], stood.at(-1)], ['base', 'base, focused']);
  });

  it('brings the keyboard along to a row that is selected already, and that the editor cannot show at once', async () => {
    for (const kind of ['passOver', 'fail'] as const) {
      for (const times of [1, 2, 3]) {
        const { [kind]: spoil, deleting, change, view, content, keyboard } = rig();
        const base = content.find(ref, 'base')!;
        view.selection = [base];
        spoil(times);
        deleting('other');
        change(without('other'));
        await new Promise(setImmediate);
        assert.deepEqual([keyboard.at(-1), ...view.selection], [base, base], `${kind} ${times}`);
      }
    }
  });

  it('brings the keyboard along to a row that the editor selects by itself for the one that goes, and cannot show at once', async () => {
    const { deleting, change, fail, view, content, keyboard } = rig();
    const [other, base] = [content.find(ref, 'other')!, content.find(ref, 'base')!];
    view.selection = [other];
    fail(1);
    deleting('other');
    change(without('other'));
    view.selection = [base];
    await new Promise(setImmediate);
    assert.deepEqual(keyboard, [base]);
  });

  it("takes a selected row that the editor makes anew meanwhile for nobody's choice", async () => {
    const { deleting, change, fail, makeRows, view, content, keyboard } = rig();
    view.selection = [content.find(ref, 'second')!];
    makeRows(true);
    fail(1);
    deleting('other');
    change(without('other'));
    makeRows(false);
    await new Promise(setImmediate);
    assert.deepEqual(keyboard, [content.find(ref, 'base')]);
  });

  it('moves on with the first of several that goes, to a row that stays', () => {
    const { deleting, change, stood } = rig();
    deleting('second', 'other', 'first');
    change(without('other'));
    change(without('other', 'second'));
    assert.equal(stood.length, 1);
    assert.doesNotMatch(stood[0]!, /second|other|first/);
  });

  it('moves at the end where nobody told of the change before, and stays where nothing went', async () => {
    const { deleting, changeUntold, stood } = rig();
    deleting('other')();
    await new Promise(setImmediate);
    assert.deepEqual(stood, []);
    const over = deleting('other');
    changeUntold(without('other'));
    over();
    await new Promise(setImmediate);
    assert.deepEqual(stood, ['base, focused']);
  });

  it('takes nobody away from where they went meanwhile', () => {
    const { deleting, change, goElsewhere, stood } = rig();
    deleting('other');
    goElsewhere();
    change({ ...without('other'), snapshots: [...without('other').snapshots, snapshot('new', { parent: 'base' })] });
    assert.equal(stood.length, 1);
    assert.doesNotMatch(stood[0]!, /focused/);
  });

  it('leaves a hidden view as it is', () => {
    const { deleting, change, view, stood } = rig();
    deleting('other');
    view.visible = false;
    change(without('other'));
    assert.deepEqual(stood, []);
  });
});
