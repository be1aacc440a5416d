// What a person sees on a terminal: colours where they are wanted, a line of progress that is erased, columns that
// stand below each other in every script.
import assert from 'node:assert/strict';
import { wrapText } from '../../../src/cli/help.js';
import { tableLines, columnsOf, cutTo, padTo } from '../../../src/cli/table.js';
import { Terminal } from '../../../src/cli/terminal.js';

const eraseLine = '\r\u001B[K';

interface Seen {
  readonly terminal: Terminal;
  readonly out: string[];
  readonly err: string[];
}

function terminalOf(
  given: { readonly isTTY?: boolean; readonly columns?: number; readonly env?: NodeJS.ProcessEnv } = {},
  quiet: 'quiet' | 'usual' = 'usual',
): Seen {
  const { isTTY = true, columns = 40, env = {} } = given;
  const [out, err]: [string[], string[]] = [[], []];
  const stream = (to: string[]): unknown => ({
    ...(isTTY && { isTTY, columns }),
    write: (text: string) => to.push(text) > 0,
  });
  const streams = { stdin: undefined, stdout: stream(out), stderr: stream(err) } as unknown as ConstructorParameters<
    typeof Terminal
  >[0];
  return { terminal: new Terminal(streams, env, quiet), out, err };
}

describe('colours on a terminal', () => {
  it('are there, and nowhere else', () => {
    assert.equal(terminalOf().terminal.style('red', 'a'), '\u001B[31ma\u001B[39m');
    assert.equal(terminalOf({ isTTY: false }).terminal.style('red', 'a'), 'a');
  });

  it('are not there where somebody wants none', () => {
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      assert.equal(terminalOf({ env }).terminal.style('red', 'a'), 'a');
    }
    assert.notEqual(terminalOf({ env: { NO_COLOR: '' } }).terminal.style('red', 'a'), 'a');
  });

  it('come from nobody else: where there are none, no answer has control characters of a name', () => {
    const { terminal, out } = terminalOf({ env: { NO_COLOR: '1' } });
    terminal.say('a\u001B[31mb');
    assert.ok(!out.join('').includes('\u001B'));
  });
});

describe('the line of progress', () => {
  it('replaces itself, is erased before an answer, and goes at the end', () => {
    const { terminal, out, err } = terminalOf();
    terminal.progress('one');
    terminal.progress('two');
    assert.deepEqual(err, [`${eraseLine}one`, `${eraseLine}two`]);
    terminal.say('done');
    assert.deepEqual([err.at(-1), out], [eraseLine, ['done\n']]);
    terminal.dispose();
    assert.equal(err.length, 3);
  });

  it('takes one line of the terminal, in every script', () => {
    const { terminal, err } = terminalOf();
    for (const text of ['at work: '.repeat(9), '正在工作'.repeat(9), 'a\nb']) {
      terminal.progress(text);
      const line = err.at(-1)!.slice(eraseLine.length);
      assert.ok(columnsOf(line) < 40 && !line.includes('\n'), line);
    }
  });

  it('is a line of its own where there is no terminal and something is waited for', () => {
    const waits = (seen: Seen): string[] => (seen.terminal.wait('for it'), seen.err);
    assert.deepEqual(waits(terminalOf()), [`${eraseLine}for it`]);
    assert.deepEqual(waits(terminalOf({ isTTY: false })), ['for it\n']);
    assert.deepEqual(waits(terminalOf({ isTTY: false }, 'quiet')), []);
  });

  it('is shown to nobody where there is no terminal, or who wants none', () => {
    for (const seen of [terminalOf({ isTTY: false }), terminalOf({}, 'quiet')]) {
      seen.terminal.progress('one');
      seen.terminal.dispose();
      assert.deepEqual(seen.err, []);
    }
  });
});

describe('columns of a terminal', () => {
  it('are two for a Chinese character, and none for a mark on another', () => {
    assert.deepEqual(['web', '虚拟机', '，', 'e\u0301', '📸'].map(columnsOf), [3, 6, 2, 1, 2]);
    assert.deepEqual([cutTo('虚拟机', 6), cutTo('虚拟机', 5), cutTo('web', 3)], ['虚拟机', '虚拟…', 'web']);
    assert.equal(columnsOf(padTo('虚拟', 8)), 8);
  });

  it('of a table stand below each other', () => {
    const lines = tableLines(
      [
        { title: '虚拟机', rank: 0 },
        { title: 'State', rank: 0 },
      ],
      [
        ['数据库', '正在运行'],
        ['web', 'off'],
        ['一个名字很长很长很长很长的虚拟机', 'off'],
      ],
      24,
    );
    const states = lines.map((line, at) =>
      columnsOf(line.slice(0, line.indexOf(['State', '正在', 'off', 'off'][at]!))),
    );
    assert.deepEqual(new Set(states).size, 1, lines.join('\n'));
    assert.ok(lines.every((line) => columnsOf(line) <= 24));
  });

  it('of running text are as many as there are, and no line begins with a mark that ends', () => {
    const text = '在此之前会先保留所有虚拟机的当前状态，然后一起还原。';
    const lines = wrapText(text, 24, 2);
    assert.equal(lines.map((line) => line.slice(2)).join(''), text);
    assert.ok(
      lines.every((line) => columnsOf(line) <= 24 && !/^ {2}[，。]/u.test(line)),
      lines.join('\n'),
    );
    assert.deepEqual(wrapText('one two three', 20, 0), ['one two three']);
    assert.deepEqual(wrapText('a long line of words', 20, 2), ['  a long line of words']);
    assert.deepEqual(wrapText('a long line of some words', 22, 2), ['  a long line of some', '  words']);
  });
});
