// Disks that are a part of a file: their bytes are not those at the beginning of the file, so nobody shows these as
// theirs.
import assert from 'node:assert/strict';
import { plannedRows } from '../../../src/domain/chains/blockRows.js';
import { layersFromFiles } from '../../../src/domain/chains/layersFromFiles.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import { disk, image, looked, now, facts, vm } from './someFacts.js';

const all = '/img/all.raw';
const top = '/img/top.qcow2';

describe('a part of a file', () => {
  const formatsOf = (of: Facts): readonly string[] => {
    const layers = layersFromFiles({ facts: of, inside: new Map(), now });
    return layers.disks.flatMap((chain) => plannedRows(chain, layers, of.tree).map(({ format }) => format));
  };
  const raw = image(undefined, { format: 'raw' });
  const on = (more: Partial<VmDisk>, part: boolean): Facts =>
    facts({
      vm: vm({ disks: [disk('vda', top, more)] }),
      files: looked({
        images: {
          [all]: raw,
          [top]: image(undefined, { backing: { file: all, format: 'raw', ...(part ? { part: true } : {}) } }),
        },
      }),
    });

  it('is no raw image, as its overlay or its VM says', () => {
    assert.deepEqual(formatsOf(on({}, true)), ['slice', 'qcow2']);
    assert.deepEqual(formatsOf(on({ sliced: true }, false)), ['slice', 'qcow2']);
    const alone = facts({
      vm: vm({ disks: [disk('vda', all, { format: 'raw', sliced: true })] }),
      files: looked({ images: { [all]: raw } }),
    });
    assert.deepEqual(formatsOf(alone), ['slice']);
  });

  it('is told from a whole one', () => {
    assert.deepEqual(formatsOf(on({}, false)), ['raw', 'qcow2']);
  });
});
