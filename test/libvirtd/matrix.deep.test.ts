// What works on the libvirt that this runs on: each kind of snapshot, from each state of the VM, to each state after
// it. Every case is judged by the oracle; the table of what works where is made of what it reports.
import assert from 'node:assert/strict';
import { versionOf } from '../../src/domain/capabilities.js';
import type { DeleteScope, Label, Request, SnapshotStyle } from '../histories/action.js';
import { AppliedSteps } from './appliedSteps.js';
import { startLiveRig } from './engineRig.js';
import { type DiskFormats, type From, MatrixVm, type Result, type WatchedRig } from './matrixVm.js';

type Kind = 'memory' | 'live memory' | 'disk' | 'offline';
/** How a case must end: the reason of a refusal, or how it works. */
type Expected = 'natively' | 'byOurSteps' | 'titleOnly' | (string & {});

const froms: readonly From[] = ['running', 'paused', 'off', 'managedSave'];
const afters = ['asSnapshot', 'running', 'paused', 'off'] as const;
const styles = ['internal', 'external'] as const;

/** In the order in which they are taken: each is the parent of the next. */
const kindsOf: Readonly<Record<SnapshotStyle, readonly Kind[]>> = {
  internal: ['offline', 'memory'],
  external: ['offline', 'disk', 'memory', 'live memory'],
};
const disksOf: Readonly<Record<SnapshotStyle, DiskFormats>> = {
  internal: ['qcow2', 'qcow2'],
  external: ['qcow2', 'raw'],
};

/** By kind, then by state in the order of `froms`. */
const creates: Readonly<Record<Kind, readonly Expected[]>> = {
  memory: ['natively', 'natively', 'notRunning', 'managedSaveExists'],
  'live memory': ['natively', 'natively', 'notRunning', 'managedSaveExists'],
  disk: ['natively', 'natively', 'notRunning', 'managedSaveExists'],
  offline: ['notOff', 'notOff', 'natively', 'managedSaveExists'],
};

const create = (as: Label, kind: Kind): Request => ({
  do: 'create',
  as,
  title: `A snapshot: ${as}`,
  ...(kind === 'live memory' ? { kind: 'memory', live: true } : { kind }),
});

function isExpected(result: Result, expected: Expected): void {
  assert.equal('works' in result ? result.works : result.refused, expected);
}

describe('the matrix', () => {
  let r: WatchedRig;
  /** This libvirt reverts to external snapshots, and deletes leaves of branches that the VM is not on. */
  let native: boolean;
  /** RAM that came back from a managed save can be saved inside the images before the guest has run again. */
  let savesAgain: boolean;

  before(async () => {
    const rig = await startLiveRig();
    r = { ...rig, applied: new AppliedSteps(rig) };
    await r.engine.connect(r.uri);
    const { externalRevert, hypervisor } = r.hypervisor().capabilities;
    native = externalRevert;
    savesAgain = hypervisor < versionOf(10, 0) || hypervisor >= versionOf(10, 1);
  });
  after(() => r.stop());

  for (const style of styles) {
    describe(`of reverts to ${style} snapshots`, () => {
      let vm: MatrixVm;
      let count = 0;
      let whole = false;
      const kept = new Set<string>(kindsOf[style]);

      /** A case that failed leaves a VM that nobody can say anything of. */
      beforeEach(async () => {
        if (!whole) {
          vm = await MatrixVm.define(r, `${style.slice(0, 2)}-${String(++count)}`, style, disksOf[style]);
          for (const kind of kindsOf[style]) {
            await vm.bring(kind === 'offline' ? 'off' : 'running');
            await vm.do(create(kind, kind));
          }
        }
        whole = false;
      });

      for (const kind of kindsOf[style]) {
        for (const [row, from] of froms.entries()) {
          // Live or not, RAM and disks are files of the same sort afterwards.
          for (const [column, after] of (kind === 'live memory' ? afters.slice(0, 1) : afters).entries()) {
            // Alternating, so that each kind meets both from each state.
            const first = (row + column) % 2 === 0;
            it(`${from}, to ${kind}, ${after}${first ? ', with a checkpoint' : ''}`, async () => {
              await vm.bring(from);
              const what = column === afters.length - 1 ? 'everything' : 'fresh';
              const alone: Request = { do: 'revert', to: kind, after };
              const works = style === 'internal' || native ? 'natively' : 'byOurSteps';
              let result = await vm.prove(
                first ? { ...alone, checkpoint: `kept-${kind}-${from}-${after}` } : alone,
                what,
              );
              if (first) {
                const cannot = style === 'internal' && from === 'managedSave' && !savesAgain;
                isExpected(result, cannot ? 'checkpointImpossible' : works);
                vm.report({ operation: 'revert', kind: `${style}, the present kept first`, from, result });
                result = cannot ? await vm.prove(alone, what) : result;
              }
              isExpected(result, works);
              vm.report({ operation: 'revert', kind: `${style} ${kind}`, from, after, result });
              if (first) {
                await vm.sweep(kept);
              }
              whole = true;
            });
          }
        }
      }
    });

    describe(`of creating ${style} snapshots`, () => {
      let vm: MatrixVm;

      before(async () => {
        vm = await MatrixVm.define(r, `${style.slice(0, 2)}-create`, style, disksOf[style]);
        await vm.bring('off');
        await vm.do(create('first', 'offline'));
      });

      for (const kind of kindsOf[style]) {
        for (const [column, from] of froms.entries()) {
          it(`${kind}, ${from}`, async () => {
            await vm.bring(from);
            const result = await vm.prove(create(`${kind}-${from}`, kind), 'fresh');
            isExpected(result, creates[kind][column]!);
            vm.report({ operation: 'create', kind: `${style} ${kind}`, from, result });
          });
        }
      }
    });

    for (const from of ['running', 'off'] as const) {
      describe(`of deleting and renaming ${style} snapshots of a VM that is ${from}`, () => {
        let vm: MatrixVm;

        /**
         * | base | root | other |           |
         * |      |      | a     | b – c – d – e, on which the VM stands |
         */
        before(async () => {
          vm = await MatrixVm.define(r, `${style.slice(0, 2)}-${from}`, style, disksOf[style]);
          const grow = async (...labels: readonly Label[]): Promise<void> => {
            for (const [index, label] of labels.entries()) {
              await vm.bring('running');
              await vm.do(create(label, style === 'internal' || index % 2 === 1 ? 'memory' : 'disk'));
            }
          };
          await grow('base', 'root', 'other');
          await vm.do({ do: 'revert', to: 'root', after: 'running' });
          await grow('a', 'b', 'c', 'd', 'e');
        });

        async function isDone(
          operation: 'delete' | 'rename',
          kind: string,
          request: Request,
          expected: readonly [internal: Expected, external: Expected, before99: Expected],
        ): Promise<void> {
          await vm.bring(from);
          const result = await vm.prove(request, 'everything');
          isExpected(result, expected[style === 'internal' ? 0 : native ? 1 : 2]);
          vm.report({ operation, kind: `${style}${kind}`, from, result });
        }
        const remove = (snapshot: Label, scope: DeleteScope = 'one'): Request => ({ do: 'delete', snapshot, scope });
        const rename = (snapshot: Label): Request => ({ do: 'rename', snapshot, title: `Another title: ${snapshot}` });

        it('renames one', () => isDone('rename', '', rename('c'), ['titleOnly', 'byOurSteps', 'byOurSteps']));
        it('renames the current one', () =>
          isDone('rename', ', current', rename('e'), ['titleOnly', 'titleOnly', 'byOurSteps']));
        it('deletes one of the middle', () =>
          isDone('delete', ', with one child', remove('c'), ['natively', 'natively', 'natively']));
        it('deletes the current one, a leaf', () =>
          isDone('delete', ', current', remove('e'), ['natively', 'natively', 'natively']));
        it('deletes one with two branches', () =>
          isDone('delete', ', with two branches', remove('root'), ['natively', 'severalChildren', 'severalChildren']));
        it('deletes the leaf of another branch', () =>
          isDone('delete', ', leaf of another branch', remove('other'), ['natively', 'natively', 'byOurSteps']));
        it('deletes the first', () =>
          isDone('delete', ', the first', remove('base'), ['natively', 'natively', 'natively']));
        it('deletes descendants', () =>
          isDone('delete', ', its descendants', remove('a', 'descendants'), [
            'byOurSteps',
            'byOurSteps',
            'byOurSteps',
          ]));
        it('deletes the current one that has a child', async () => {
          await vm.bring('running');
          await vm.do(create('f', 'memory'));
          await vm.do({ do: 'revert', to: 'a', after: 'running' });
          const expected = ['natively', 'currentHasChildren', 'severalChildren'] as const;
          await isDone('delete', ', current, with a child', remove('a'), expected);
        });
        it('deletes one with its descendants', async () => {
          await vm.bring('running');
          await vm.do(create('g', 'memory'));
          await vm.do(create('h', 'memory'));
          const expected = ['byOurSteps', 'byOurSteps', 'byOurSteps'] as const;
          await isDone('delete', ', with its descendants', remove('g', 'withDescendants'), expected);
        });
      });
    }
  }

  it('of raw disks inside', async () => {
    const vm = await MatrixVm.define(r, 'raw', 'internal', ['qcow2', 'raw']);
    for (const [kind, from] of [
      ['memory', 'running'],
      ['memory', 'paused'],
      ['offline', 'off'],
    ] as const) {
      await vm.bring(from);
      const result = await vm.prove(create(kind, kind), 'everything');
      isExpected(result, 'rawDisk');
      vm.report({ operation: 'create', kind: `internal ${kind}, with a raw disk`, from, result });
    }
  });
});
