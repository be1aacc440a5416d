// The door of the command line: it has every command that the documents have, with those of the wings.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDoor } from '../../../scripts/build.mjs';
import { runOk } from '../../../scripts/rig/run.mjs';
import { commandGroups } from '../../../src/cli/commandShape.js';
import { commands } from '../../../src/tables.js';

describe('the door of the command line', () => {
  let folder: string;

  let program: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'virt-rewind-door-'));
    program = await buildDoor('commandLine', folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('has the commands of all tables', async () => {
    const offered = (await runOk(process.execPath, [program, 'complete-words', '--', ''])).trim().split('\n');
    const firsts = Object.keys(commands).filter((name) => !name.includes(' '));
    assert.deepEqual(offered.sort(), [...firsts, ...commandGroups, '--help', '--version'].sort());
  });

  it('keeps what Node.js has compiled where nobody else can put something, and runs without it', async () => {
    const state = join(folder, 'state');
    const told = join(folder, 'told');
    const before = join(folder, 'before.cjs');
    // As Node.js has it from 22.1 on.
    writeFileSync(
      before,
      `require('node:module').enableCompileCache = (at) => require('fs').writeFileSync(${JSON.stringify(told)}, at ?? '');`,
    );
    const history = (place: string): Promise<string> =>
      runOk(process.execPath, ['--require', before, program, 'history', '--json'], {
        env: { ...process.env, VIRT_REWIND_STATE: place },
      });
    await history(state);
    const kept = readFileSync(told, 'utf8');
    assert.equal(kept, join(state, 'compiled'));
    assert.equal(statSync(kept).mode & 0o077, 0);
    rmSync(told);
    // A file is in the way.
    assert.match(await history(before), /entries/u);
    assert.equal(existsSync(told), false);
  });
});
