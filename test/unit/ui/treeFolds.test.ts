// Which nodes of a tree stand together where all of them cannot be read, and that nothing is lost by it.
import assert from 'node:assert/strict';
import type { PictureNode } from '../../../src/ui/picture/messages.js';
import { foldedNodes } from '../../../src/ui/picture/page/treeFolds.js';

const node = (name: string, parent?: number, more: Partial<PictureNode> = {}): PictureNode => ({
  kind: 'snapshot',
  name,
  title: name,
  lines: [],
  spoken: name,
  tokens: 'revertable;',
  onPath: true,
  ...(parent === undefined ? {} : { parent }),
  ...more,
});
const here = (parent: number): PictureNode => node('', parent, { kind: 'here', title: 'You are here' });
const line = (count: number, more: (index: number) => Partial<PictureNode> = () => ({})): readonly PictureNode[] => [
  ...Array.from({ length: count }, (_, index) => node(`s${index}`, index === 0 ? undefined : index - 1, more(index))),
  here(count - 1),
];
const none = (): boolean => false;
const told = (nodes: ReturnType<typeof foldedNodes>): readonly string[] =>
  nodes.map(({ name, folds, parent }) => `${folds === undefined ? name : `${folds.length}×`}<${parent ?? ''}`);

describe('snapshots that stand together', () => {
  it('are those of a line between its first and the one that the present is built on', () => {
    assert.deepEqual(told(foldedNodes(line(60), none)), ['s0<', '58×<0', 's59<1', '<2']);
    assert.deepEqual(told(foldedNodes(line(4), none)), ['s0<', 's1<0', 's2<1', 's3<2', '<3']);
  });

  it('are none with which something is wrong, and none that is kept in sight', () => {
    const marked = line(12, (index) => (index === 5 ? { mark: '⚠ 1 error' } : {}));
    assert.deepEqual(told(foldedNodes(marked, none)), ['s0<', '4×<0', 's5<1', '5×<2', 's11<3', '<4']);
    assert.deepEqual(told(foldedNodes(line(12), (name) => name === 's5'))[2], 's5<1');
  });

  it('are ends beside each other', () => {
    const ends = Array.from({ length: 20 }, (_, index) => node(`end${index}`, 0));
    assert.deepEqual(told(foldedNodes([node('root'), ...ends, here(0)], none)), ['root<', '20×<0', '<0']);
  });

  it('are each in one place only, in whatever order they come', () => {
    const backwards = [here(1), node('s5', 2), node('s4', 3), node('s3', 4), node('s2', 5), node('s1', 6), node('s0')];
    const folded = foldedNodes(backwards, none);
    assert.deepEqual(told(folded), ['<1', 's5<2', '4×<3', 's0<']);
    const names = folded.flatMap(({ name, folds }) => folds ?? [name]);
    assert.deepEqual([...names].sort(), backwards.map(({ name }) => name).sort());
  });
});
