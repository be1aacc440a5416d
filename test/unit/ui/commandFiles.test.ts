import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandIds } from '../../../src/manifest/commandIds.js';

const folder = join(process.cwd(), 'src/ui/commands');

describe('the files of the commands', () => {
  for (const id of commandIds) {
    const verb = id.replace('virtRewind.', '');
    it(`${verb} has its own, with a function of that name`, () => {
      assert.ok(readdirSync(folder).includes(`${verb}.ts`));
      const text = readFileSync(join(folder, `${verb}.ts`), 'utf8');
      assert.match(text, new RegExp(`^export (async )?function ${verb}\\(run: CommandRun\\)`, 'm'));
      assert.ok(text.startsWith(`// ${id}: `));
    });
  }
});
