// The manual page: all of the tables is on it, and nothing of them is a command of its macros.
import assert from 'node:assert/strict';
import { manPage, writeManPage } from '../../../scripts/manPage.mjs';
import { commands, exitCodes } from '../../../src/tables.js';

describe('the manual page', () => {
  it('has every command with its options, and every exit code', async () => {
    const page = await manPage('1.2.3');
    const lines = page.split('\n');
    for (const [name, { options }] of Object.entries(commands)) {
      const title = `.SS ${name.replaceAll('-', '\\-')}`;
      const begin = lines.findIndex((line) => line === title || line.startsWith(`${title} `));
      assert.ok(begin >= 0, name);
      const length = lines.slice(begin + 1).findIndex((line) => /^\.S[SH] /u.test(line));
      const part = lines.slice(begin, begin + 1 + length).join('\n');
      for (const option of Object.keys(options)) {
        assert.ok(part.includes(`\\fB\\-\\-${option.replaceAll('-', '\\-')}\\fR`), `${name} ${option}`);
      }
    }
    for (const [code] of Object.values(exitCodes)) {
      assert.ok(lines.includes(`.B ${code}`), String(code));
    }
    assert.match(page, /^[\x20-\x7e\n]*$/u);
  });

  it('writes words as words', () => {
    const command = {
      heading: 'VMs',
      summary: '.so \\n’',
      operands: [],
      options: {},
      examples: ["'br", '.nf --x'],
    } as const;
    const page = writeManPage({ commands: [{ name: 'odd', command }], commonOptions: {}, exitCodes: {} }, '1');
    const begin = page.indexOf('.SS odd\n');
    assert.equal(
      page.slice(begin, page.indexOf('.SH OPTIONS')),
      ".SS odd\n\\&.so \\en\\[u2019].\n.PP\n.EX\n\\&'br\n\\&.nf \\-\\-x\n.EE\n",
    );
  });
});
