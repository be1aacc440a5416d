import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { guards } from '../../libvirtd/guardTable.js';
import { withoutGuards } from '../../libvirtd/switchOff.js';

describe('the guards that the deep tests switch off', () => {
  for (const { file, name } of guards.flatMap((guard) => [guard, ...(guard.behind ?? [])])) {
    it(`${name} is a function of ${file}`, async () => {
      const source = await readFile(join(root, 'src', file), 'utf8');
      assert.match(withoutGuards(source, [name]), /\{ return (?:undefined|\[\]);/u);
    });
  }
});
