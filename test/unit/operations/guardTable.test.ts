import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { guards } from '../../libvirtd/guardTable.js';
import { withoutGuards } from '../../libvirtd/switchOff.js';

describe('the guards that the deep tests switch off', () => {
  for (const { file, name, behind } of guards) {
    it(`${name} is a function of ${file}`, async () => {
      const source = await readFile(join(root, 'src', file), 'utf8');
      const names = behind === undefined ? [name] : [name, behind];
      assert.equal(withoutGuards(source, names).split(/\{ return (?:undefined|\[\]);/u).length - 1, names.length);
    });
  }
});
