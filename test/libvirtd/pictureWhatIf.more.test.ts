// What an operation would do, as the picture shows it before it runs, against what the test itself wrote and against
// what is there when it has run.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { OperationRequest } from '../../src/domain/operation.js';
import { bytesText } from '../../src/text/bytesText.js';
import { pictureBlocks } from '../../src/ui/picture/pictureBlocks.js';
import { pictureWhatIf, whatIfOfQuestion } from '../../src/ui/picture/pictureWhatIf.js';
import { rowFates } from '../../src/ui/picture/page/blockScene.js';
import type { PictureBlocks, PictureWhatIf } from '../../src/ui/picture/messages.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { shownCells } from '../cells/shownCells.js';
import { present, seen, writerInto, Written } from '../cells/written.js';

const clusters = 64;
const clusterBytes = 64 * 1024;
const blockBytes = 4096;

/** Cells from one on, and how many, with this mark. */
const marks = (mark: string, ...at: readonly (readonly [number, number])[]): string => {
  const cells = Array.from({ length: clusters }, () => '.');
  at.forEach(([from, count]) => cells.fill(mark, from, from + count));
  return cells.join('');
};
const none = marks('.');

describe('what if, in the cells of the picture', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  const file = (name: string): string => join(r.daemon.dir, name);

  class Subject {
    readonly written = new Written(clusters);
    readonly write = writerInto(r.daemon.dir, this.written);
    readonly name: string;

    constructor(name: string) {
      this.name = name;
    }

    static async on(name: string, image: string): Promise<Subject> {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file(image), '4M']);
      return new Subject(await defineDiskVm(r, name, [{ file: file(image), format: 'qcow2' }]));
    }

    async snapshot(title: string, layer: string, ...more: string[]): Promise<void> {
      await r.virsh('snapshot-create-as', this.name, title, ...more);
      this.written.freeze(layer);
    }

    async refresh(): Promise<void> {
      const vm = await r.ref(this.name);
      await r.engine.refresh({ vm });
      await r.engine.readLayers(vm);
    }

    async shown(): Promise<PictureBlocks> {
      const ref = await r.ref(this.name);
      await this.refresh();
      const map = await r.engine.readBlockMap(ref, 'vda');
      return pictureBlocks(map, r.vm(this.name)?.tree);
    }

    /** As it is painted: by letter of the layer, the words beside it and the marks in its cells. */
    async whatIf(action: string, snapshot: string) {
      const ref = await r.ref(this.name);
      const blocks = await this.shown();
      const told = await pictureWhatIf(r.engine, {
        ref,
        action: `virtRewind.${action}`,
        title: action,
        snapshot,
        reading: { now: Date.now(), isProtected: () => false },
        revert: { after: 'asSnapshot', checkpointFirst: false },
        trashDays: 0,
        map: await r.engine.readBlockMap(ref, 'vda'),
      });
      assert.ok(told?.answer === 'plan', JSON.stringify(told));
      return this.painted(blocks, told);
    }

    /** What the picture shows while the question about such a delete stands open. */
    async ofQuestion(snapshot: string, scope: 'withDescendants' | 'descendants') {
      const ref = await r.ref(this.name);
      const blocks = await this.shown();
      const plan = await r.engine.plan({ kind: 'delete', vm: ref, snapshot, scope });
      assert.ok(plan.kind === 'plan', JSON.stringify(plan));
      const map = await r.engine.readBlockMap(ref, 'vda');
      const shown = { reading: { now: Date.now(), isProtected: () => false }, map };
      return this.painted(blocks, whatIfOfQuestion(plan, r.vm(this.name)!, shown));
    }

    painted(blocks: PictureBlocks, told: PictureWhatIf) {
      const sent: PictureWhatIf = structuredClone(told);
      const { layers } = shownCells(blocks, { fates: rowFates(sent) });
      const words = new Map(sent.rows.map((row) => [row.row, row.words]));
      return {
        lines: sent.lines.join('\n'),
        nodes: Object.fromEntries(sent.nodes.map((node) => [node.name, node.words])),
        rows: layers.map(({ marked }, row) => [words.get(blocks.rows[row]!.id) ?? '', marked]),
      };
    }

    /** What the picture says that the host gets back, the image takes less when it is done. */
    async frees({ lines }: { readonly lines: string }, image: string, act: () => Promise<void>) {
      const taken = async (): Promise<number> => (await stat(file(image))).blocks * 512;
      const before = await taken();
      await act();
      const freed = before - (await taken());
      // A table that is written anew can take a block more, or two.
      const near = [-2, -1, 0, 1, 2].map((blocks) => `Frees ${bytesText(freed + blocks * blockBytes)}.`);
      assert.ok(
        near.some((line) => lines.includes(line)),
        `${lines}, and ${freed} bytes were freed`,
      );
    }

    async run(request: { readonly kind: OperationRequest['kind'] } & Record<string, unknown>): Promise<void> {
      const vm = await r.ref(this.name);
      await r.engine.runOperation({ ...request, vm } as unknown as OperationRequest);
    }
  }

  it('a delete of an internal snapshot crosses out what nobody reads any more, and that goes', async () => {
    const vm = await Subject.on('if-inside', 'if-inside.qcow2');
    await vm.write('if-inside.qcow2', [0, 16]);
    await vm.snapshot('one', 'one');
    await vm.write('if-inside.qcow2', [8, 16], [40, 2]);
    await vm.snapshot('two', 'two');
    await vm.write('if-inside.qcow2', [10, 4], [41, 6]);
    const shown = await vm.whatIf('deleteSnapshot', 'two');
    assert.deepEqual(shown.nodes, { two: 'would be deleted' });
    // The current state has written 5 of its 18 clusters anew, and reads 13.
    assert.deepEqual(shown.rows, [
      ['', none],
      ['would be deleted with the crossed-out blocks', marks('X', [10, 4], [41, 1])],
      [`would keep ${bytesText(13 * clusterBytes)} of layer B`, marks('R', [8, 2], [14, 10], [40, 1])],
    ]);
    await vm.frees(shown, 'if-inside.qcow2', () => vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' }));
    vm.written.merge(present, 'two');
    vm.written.rename('two', present);
    assert.deepEqual(seen(await vm.shown()), vm.written.expected(['one', present]));
  });

  it('a delete with all descendants takes what only they read together', async () => {
    const vm = await Subject.on('if-all', 'if-all.qcow2');
    await vm.write('if-all.qcow2', [0, 8]);
    await vm.snapshot('one', 'one');
    await vm.write('if-all.qcow2', [2, 4]);
    await vm.snapshot('two', 'two');
    await vm.write('if-all.qcow2', [4, 1]);
    const shown = await vm.ofQuestion('one', 'withDescendants');
    assert.deepEqual(shown.rows, [
      ['would be deleted with the crossed-out blocks', marks('X', [2, 4])],
      ['would be deleted with the crossed-out blocks', marks('X', [4, 1])],
      [`would keep ${bytesText(7 * clusterBytes)} of layer B`, marks('R', [0, 4], [5, 3])],
    ]);
    await vm.frees(shown, 'if-all.qcow2', () => vm.run({ kind: 'delete', snapshot: 'one', scope: 'withDescendants' }));
    vm.written.merge('two', 'one');
    vm.written.merge(present, 'one');
    vm.written.rename('one', present);
    assert.deepEqual(seen(await vm.shown()), vm.written.expected([present]));
  });

  it('a revert to an internal snapshot crosses out what is lost, and says what is read again', async () => {
    const vm = await Subject.on('if-back', 'if-back.qcow2');
    await vm.write('if-back.qcow2', [0, 8]);
    await vm.snapshot('one', 'one');
    await vm.write('if-back.qcow2', [4, 8]);
    await vm.snapshot('two', 'two');
    await vm.write('if-back.qcow2', [6, 1], [20, 3]);
    const shown = await vm.whatIf('revert', 'one');
    assert.deepEqual(shown.nodes, { one: 'would be current', '': 'would be lost' });
    assert.deepEqual(shown.rows, [
      ['would become the current state', none],
      ['', none],
      ['would be dropped', marks('X', [6, 1], [20, 3])],
    ]);
    await vm.run({ kind: 'revert', snapshot: 'one', after: 'asSnapshot', checkpointFirst: false });
    vm.written.leave();
    assert.deepEqual(seen(await vm.shown()), vm.written.expected(['one', 'two', present], ['one', present]));
  });

  it('a delete of an external snapshot shows which blocks move into which layer, and there they are', async () => {
    const vm = await Subject.on('if-outside', 'x.qcow2');
    await vm.write('x.qcow2', [0, 8]);
    await vm.snapshot('one', 'Base, until “one”', '--disk-only');
    await vm.write('x.one', [4, 8]);
    await vm.snapshot('two', 'Until “two”', '--disk-only');
    await vm.write('x.two', [6, 1], [20, 3]);
    const shown = await vm.whatIf('deleteSnapshot', 'two');
    assert.deepEqual(shown.rows, [
      ['', none],
      ['would receive the moved blocks', marks('R', [6, 1], [20, 3])],
      ['would move into layer B', marks('M', [6, 1], [20, 3])],
    ]);
    await vm.run({ kind: 'delete', snapshot: 'two', scope: 'one' });
    vm.written.merge(present, 'Until “two”');
    vm.written.rename('Until “two”', present);
    assert.deepEqual(seen(await vm.shown()), vm.written.expected(['Base, until “one”', present]));
  });

  it('a consolidation of snapshots shows all that goes into the base, and there it is', async () => {
    const vm = await Subject.on('if-chain', 'c.qcow2');
    await vm.write('c.qcow2', [0, 8]);
    await vm.snapshot('one', 'Base, until “one”', '--disk-only');
    await vm.write('c.one', [4, 8]);
    await vm.snapshot('two', 'Until “two”', '--disk-only');
    await vm.write('c.two', [6, 1], [20, 3]);
    const shown = await vm.whatIf('consolidate', '');
    assert.deepEqual(shown.nodes, { one: 'would be deleted', two: 'would be deleted' });
    assert.deepEqual(shown.rows, [
      ['would receive the moved blocks', marks('R', [4, 8], [20, 3])],
      ['would move into layer A', marks('M', [4, 8])],
      ['would move into layer A', marks('M', [6, 1], [20, 3])],
    ]);
    await vm.run({ kind: 'consolidate' });
    vm.written.merge('Until “two”', 'Base, until “one”');
    vm.written.merge(present, 'Base, until “one”');
    vm.written.rename('Base, until “one”', present);
    assert.deepEqual(seen(await vm.shown()), vm.written.expected([present]));
  });

  for (const power of ['running', 'off'] as const) {
    it(`a consolidation of layers that no snapshot owns shows the same, of a VM that is ${power}`, async () => {
      const stem = `bare-${power}`;
      for (const [index, end] of ['base', 'mid', 'top'].entries()) {
        const below = ['', 'base', 'mid'][index]!;
        const on = index === 0 ? [] : ['-F', 'qcow2', '-b', file(`${stem}.${below}`)];
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...on, file(`${stem}.${end}`), '4M']);
      }
      const vm = new Subject(await defineDiskVm(r, stem, [{ file: file(`${stem}.top`), format: 'qcow2' }]));
      await vm.write(`${stem}.base`, [0, 8]);
      vm.written.freeze('Base');
      await vm.write(`${stem}.mid`, [4, 8], [50, 1]);
      vm.written.freeze('Delta');
      await vm.write(`${stem}.top`, [6, 1], [20, 3]);
      if (power === 'running') await r.virsh('start', vm.name);
      const shown = await vm.whatIf('consolidate', '');
      assert.deepEqual(shown.rows, [
        ['would receive the moved blocks', marks('R', [4, 8], [20, 3], [50, 1])],
        ['would move into layer A', marks('M', [4, 8], [50, 1])],
        ['would move into layer A', marks('M', [6, 1], [20, 3])],
      ]);
      await vm.run({ kind: 'consolidate' });
      vm.written.merge('Delta', 'Base');
      vm.written.merge(present, 'Base');
      vm.written.rename('Base', present);
      assert.deepEqual(seen(await vm.shown()), vm.written.expected([present]));
      if (power === 'running') await r.virsh('destroy', vm.name);
    });
  }
});
