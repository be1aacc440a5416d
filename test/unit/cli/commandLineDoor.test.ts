// The door of the command line: it has every command that the documents have, with those of the wings.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDoor } from '../../../scripts/build.mjs';
import { runOk } from '../../../scripts/rig/run.mjs';
import { commandGroups } from '../../../src/cli/commandShape.js';
import { commands } from '../../../src/tables.js';

describe('the door of the command line', () => {
  let folder: string;

  before(() => (folder = mkdtempSync(join(tmpdir(), 'virt-rewind-door-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('has the commands of all tables', async () => {
    const program = await buildDoor('commandLine', folder);
    const offered = (await runOk(process.execPath, [program, 'complete-words', '--', ''])).trim().split('\n');
    const firsts = Object.keys(commands).filter((name) => !name.includes(' '));
    assert.deepEqual(offered.sort(), [...firsts, ...commandGroups, '--help', '--version'].sort());
  });
});
