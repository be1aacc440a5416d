import assert from 'node:assert/strict';
import { type Call, argumentsOf, parseCall as parse } from '../../../src/ui/commands/commandArguments.js';
import { CommandError } from '../../../src/ui/prompts/commandError.js';
import type { Node } from '../../../src/ui/tree/nodes.js';

const ref = { connection: 'qemu:///system', uuid: '5b3c7a52-0000-4000-8000-000000000001' };
const vm: Node = { kind: 'vm', id: 'a', ref };
const snapshot: Node = { kind: 'snapshot', id: 'b', ref, snapshot: 'clean' };
const parseCall = (first: unknown, second: unknown, selection: () => readonly Node[]): Call =>
  parse(first, second, selection);
const nothingSelected = (): readonly Node[] => [];

const invalid = (first: unknown): void => {
  assert.throws(
    () => parseCall(first, undefined, nothingSelected),
    (error) => error instanceof CommandError && error.kind === 'invalid',
    `was taken: ${JSON.stringify(first)}`,
  );
};

describe('parseCall', () => {
  it('takes no argument as the palette, and does not look at the selection then', () => {
    const selection = (): readonly Node[] => assert.fail('looked at the selection');
    assert.deepEqual(parseCall(undefined, undefined, selection), { kind: 'palette', given: {} });
    assert.deepEqual(parseCall(null, undefined, selection), { kind: 'palette', given: {} });
  });

  it('takes one row', () => {
    assert.deepEqual(parseCall(vm, undefined, nothingSelected), { kind: 'rows', rows: [vm], given: {} });
  });

  it('takes the row under the mouse first, then the other selected ones', () => {
    const call = parseCall(snapshot, [vm, snapshot], nothingSelected);
    assert.deepEqual(call, { kind: 'rows', rows: [snapshot, vm], given: {} });
  });

  it('leaves a selection aside that the row under the mouse is no part of', () => {
    assert.deepEqual(parseCall(snapshot, [vm], nothingSelected), { kind: 'rows', rows: [snapshot], given: {} });
  });

  it('takes a row and arguments beside it, but for leaving out the question', () => {
    assert.deepEqual(parseCall(vm, { entry: '0123abcd' }, nothingSelected), {
      kind: 'rows',
      rows: [vm],
      given: { entry: '0123abcd' },
    });
    assert.equal(argumentsOf(parseCall(vm, { entry: '0123abcd' }, nothingSelected)).entry, '0123abcd');
    assert.equal(argumentsOf(parseCall({ vm: 'web', entry: 'x' }, undefined, nothingSelected)).entry, 'x');
    assert.equal(argumentsOf(parseCall(vm, [vm], nothingSelected)).entry, undefined);
    const confirmed = parseCall(vm, { entry: '0123abcd', confirm: false }, nothingSelected);
    assert.deepEqual(argumentsOf(confirmed), { entry: '0123abcd' });
    assert.throws(() => parseCall(vm, { entry: 7 }, nothingSelected), CommandError);
  });

  it('takes the row with the focus, and the selection only if it is part of it', () => {
    const rows = (first: unknown, selected: readonly Node[]): Call => parseCall(first, undefined, () => selected);
    assert.deepEqual(rows([snapshot], [vm]), { kind: 'rows', rows: [snapshot], given: {} });
    assert.deepEqual(rows([snapshot], [vm, snapshot]), { kind: 'rows', rows: [snapshot, vm], given: {} });
    assert.deepEqual(rows([snapshot], []), { kind: 'rows', rows: [snapshot], given: {} });
  });

  it('takes what a key gives beside the row with the focus', () => {
    const place = { $treeViewId: 'x', $focusedTreeItem: true };
    const given = { title: 'a' };
    assert.deepEqual(parseCall([vm, given], undefined, nothingSelected), { kind: 'rows', rows: [vm], given });
    assert.deepEqual(parseCall([place, given], undefined, nothingSelected), { kind: 'palette', given });
    assert.deepEqual(parseCall([given], undefined, nothingSelected), { kind: 'palette', given });
  });

  it('takes the selection where no row has the focus, and asks where there is none', () => {
    for (const first of [[null], [{ $treeViewId: 'x', $focusedTreeItem: true }], []]) {
      assert.deepEqual(
        parseCall(first, undefined, () => [vm]),
        { kind: 'rows', rows: [vm], given: {} },
      );
      assert.deepEqual(parseCall(first, undefined, nothingSelected), { kind: 'palette', given: {} });
    }
  });

  it('takes an object with every argument', () => {
    const given = {
      vm: 'web-test',
      connection: 'qemu:///system',
      snapshot: 'clean',
      kind: 'memory',
      style: 'internal',
      quiesce: false,
      title: 'before the upgrade',
      description: '',
      after: 'asBefore',
      confirm: false,
      operation: 'revert',
      startsAfter: [],
      upWhen: 'port',
      port: 65_535,
      host: '::1',
      seconds: 0.5,
      filter: '',
    } as const;
    assert.deepEqual(parseCall(given, undefined, nothingSelected), { kind: 'program', given });
  });

  it('takes an empty object as a program that leaves all to be asked', () => {
    const call: Call = parseCall({}, undefined, nothingSelected);
    assert.deepEqual(call, { kind: 'program', given: {} });
    assert.deepEqual(argumentsOf(call), {});
  });

  it('takes undefined as not given', () => {
    assert.deepEqual(parseCall({ vm: 'a', title: undefined }, undefined, nothingSelected), {
      kind: 'program',
      given: { vm: 'a' },
    });
  });

  it('refuses what is no object', () => {
    for (const value of ['web-test', 7, true, Symbol('x')]) {
      assert.throws(
        () => parseCall(value, undefined, nothingSelected),
        (error) => error instanceof CommandError && error.kind === 'invalid',
      );
    }
  });

  it('refuses wrong types and values', () => {
    for (const given of [
      { vm: 7 },
      { vm: '' },
      { vm: null },
      { vm: ['a'] },
      { connection: {} },
      { snapshot: '' },
      { kind: 'ram' },
      { kind: 'Memory' },
      { style: 'both' },
      { quiesce: 'yes' },
      { title: '' },
      { description: 4 },
      { after: 'later' },
      { confirm: 'false' },
      { confirm: 0 },
      { operation: 'undefine' },
      { startsAfter: 'db' },
      { startsAfter: [''] },
      { upWhen: 'soon' },
      { port: 0 },
      { port: 65_536 },
      { port: 2.5 },
      { port: '22' },
      { host: '' },
      { seconds: -1 },
      { seconds: 86_401 },
      { seconds: Number.NaN },
    ]) {
      invalid(given);
    }
  });

  it('refuses an argument that is not known, inherited names too', () => {
    invalid({ vm: 'a', snapshop: 'b' });
    invalid({ vm: 'a', toString: 'b' });
    invalid({ $treeViewId: 'virtRewind.vms', $focusedTreeItem: true });
    invalid(JSON.parse('{"__proto__": {"vm": "a"}}'));
  });
});
