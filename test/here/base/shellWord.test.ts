// Words through a real shell: each arrives as it was.
import assert from 'node:assert/strict';
import { runOk } from '../../../scripts/rig/run.mjs';
import { shellWord } from '../../../src/base/shellWord.js';
import { pick, seeded } from '../../unit/domain/someFacts.js';

const characters = [...Array.from({ length: 127 }, (_, at) => String.fromCharCode(at + 1)), 'ä', '☃', '🙂', '\u202E'];
const pieces = [
  ...characters,
  "'\\''",
  "''",
  '$(id)',
  '${HOME}',
  '`id`',
  '\\n',
  '--',
  '-n',
  '%s',
  '~/',
  '&&',
  '*',
  '\r\n',
];

describe('a word for a shell', () => {
  it('arrives as it is, whatever is in it', async () => {
    const random = seeded(7);
    const mixed = Array.from({ length: 500 }, () =>
      Array.from({ length: Math.floor(random() * 8) }, () => pick(random, pieces)).join(''),
    );
    const words = ['', ...pieces, characters.join(''), ...mixed];
    const said = await runOk('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`]);
    assert.deepEqual(said.split('\0').slice(0, -1), words);
  });
});
