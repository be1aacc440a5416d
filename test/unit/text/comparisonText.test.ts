// The words of a comparison: bounded, and nothing from outside becomes markup.
import assert from 'node:assert/strict';
import type { HardwareDifference } from '../../../src/domain/hardware.js';
import { type Comparison, comparisonPage, comparisonSummary } from '../../../src/text/operations/comparisonText.js';

const plain: Comparison = { vm: 'web', from: 'a', to: 'b', differences: [], distances: undefined, states: [] };
const memory: HardwareDifference = {
  part: 'memory',
  id: 'memory',
  how: 'changed',
  facts: [{ name: 'bytes', from: '67108864', to: '134217728' }],
};

describe('a comparison in words', () => {
  it('gives sizes as people read them, on both sides', () => {
    const page = comparisonPage({ ...plain, differences: [memory] });
    assert.ok(page.includes('64 MB') && page.includes('128 MB'));
  });

  it('tells bytes of each disk, and what is not known', () => {
    const distances = [
      { target: 'vda', bytes: 1_048_576 },
      { target: 'vdb', bytes: 'unknown', why: 'otherBranch' },
    ] as const;
    assert.ok(comparisonSummary({ ...plain, distances }).includes('vda'));
    assert.ok(!comparisonSummary({ ...plain, distances }).includes('vdb'));
    const page = comparisonPage({ ...plain, distances });
    assert.equal(page.split('\n').filter((line) => /^\| vd[ab] /.test(line)).length, 2);
  });

  it('tells whether UEFI variables and the TPM differ, below the disks', () => {
    const states = [
      { role: 'uefiVariables', how: 'same' },
      { role: 'tpmState', how: 'differs' },
    ] as const;
    const page = comparisonPage({ ...plain, distances: [{ target: 'vda', bytes: 0 }], states });
    const rows = page.split('\n').filter((line) => line.startsWith('| '));
    assert.deepEqual([rows.length, new Set(rows).size], [5, 5]);
  });

  it('says what bytes are only where some are told', () => {
    const says = (bytes: number | 'unknown'): boolean =>
      comparisonPage({ ...plain, distances: [{ target: 'vda', bytes }] }).includes('upper limit');
    assert.deepEqual([says(1_048_576), says(0), says('unknown')], [true, false, false]);
    assert.ok(!comparisonPage(plain).includes('upper limit'));
  });

  it('keeps hostile names as text, one line each', () => {
    const hostile = '<img src=x> | [a](command:x)\n# big';
    const page = comparisonPage({
      ...plain,
      vm: hostile,
      differences: [{ part: 'disk', id: hostile, how: 'added', facts: [] }],
    });
    assert.ok(!/[^\\]<img|[^\\]\]\(command/.test(page));
    assert.equal(page.split('\n').filter((line) => line.startsWith('# ')).length, 1);
  });

  it('ends, however much differs', () => {
    const differences = Array.from({ length: 50_000 }, (_, index) => ({ ...memory, id: `m${String(index)}` }));
    assert.ok(comparisonPage({ ...plain, differences }).split('\n').length < 200);
    assert.ok(comparisonSummary({ ...plain, differences }).length < 200);
  });
});
