import assert from 'node:assert/strict';
import { exitCodes, exitOfFailure } from '../../../src/cli/exitCodes.js';
import { languageOf } from '../../../src/cli/language.js';
import { plainReport } from '../../../src/cli/plainReport.js';
import { Interruption } from '../../../src/cli/interruption.js';
import { answerDocument } from '../../../src/cli/printed.js';
import { tableLines } from '../../../src/cli/table.js';
import { markdownText } from '../../../src/text/markdown.js';
import { faultsOf } from '../../answerFaults.js';

describe('the exit codes of the command line', () => {
  it('are different', () => {
    const codes = Object.values(exitCodes).map(([code]) => code);
    assert.equal(new Set(codes).size, codes.length);
  });

  it('tell a refusal from a failure, and both from a busy VM', () => {
    assert.deepEqual((['refused', 'failed', 'busy', 'lost', 'cancelled'] as const).map(exitOfFailure), [
      'refused',
      'failed',
      'busy',
      'unreachable',
      'cancelled',
    ]);
  });
});

describe('a table of the command line', () => {
  const columns = [
    { title: 'VM', rank: 0 },
    { title: 'State', rank: 0 },
    { title: 'Connection', rank: 2 },
  ];
  const rows = [
    ['a-very-long-name-of-a-virtual-machine', 'running', 'This computer (system)'],
    ['b', 'off', 'This computer (session)'],
  ];

  it('has all columns where there is room', () => {
    assert.match(
      tableLines(columns, rows, Number.POSITIVE_INFINITY)[1] ?? '',
      /machine {2}running {2}This computer \(system\)$/u,
    );
  });

  it('leaves out what matters least, then cuts the longest, to fit 40 columns', () => {
    const lines = tableLines(columns, rows, 40);
    assert.ok(lines.every((line) => line.length <= 40));
    assert.match(lines[1] ?? '', /^a-very-long-name-.*… {2}running$/u);
    assert.equal(
      lines.some((line) => line.includes('Connection')),
      false,
    );
  });

  it('ends, however narrow the terminal is', () => {
    assert.ok(tableLines(columns, rows, 5).length === 3);
  });
});

describe('a report on a terminal', () => {
  const terminal = { style: (_: string, text: string) => text, width: 40, textWidth: 40 };

  it('shows what was escaped as itself, and no marks', () => {
    const name = 'a*b_[c](d) | <e>';
    const shown = plainReport(
      `# ${markdownText(name)}\n\n**${markdownText('Note')}:** ${markdownText(name)}`,
      terminal,
    );
    assert.equal(shown, `${name}\nNote: ${name}`);
  });

  it('says of each value whose it is, also where there is no room beside each other', () => {
    const told = (first: string, width: number) =>
      plainReport(
        `| What | one | Present |\n| --- | --- | --- |\n| disk | ${first} | b |`,
        { ...terminal, width },
        'values',
      );
    assert.equal(told('a', 40), 'What  one  Present\ndisk  a    b');
    const long = '/a/very/long/path/of/an/image.qcow2';
    assert.equal(told(long, 40), `disk\n  one: ${long}\n  Present: b`.replace('one: ', 'one:\n  '));
  });

  it('breaks lines between words', () => {
    const shown = plainReport(markdownText('word '.repeat(30)), terminal);
    assert.ok(shown.split('\n').every((line) => line.length <= 40));
  });
});

describe('an answer in JSON', () => {
  it('is held to the schema', () => {
    const list = JSON.parse(answerDocument('list', { vms: [], unreachable: [] })) as object;
    assert.deepEqual(faultsOf(list), []);
    assert.notDeepEqual(faultsOf({ ...list, more: 1 }), []);
    assert.notDeepEqual(faultsOf({ ...list, version: 2 }), []);
    assert.notDeepEqual(faultsOf({ version: 1, command: 'list' }), []);
  });
});

describe('the language of the command line', () => {
  it('is that of the locale', () => {
    assert.equal(languageOf({ LANG: 'de_AT.UTF-8' }), 'de-at');
    assert.equal(languageOf({ LC_ALL: 'zh_CN.UTF-8', LANG: 'de_DE' }), 'zh-cn');
    assert.equal(languageOf({ LC_ALL: '', LANG: 'fr' }), 'fr');
    for (const environment of [{}, { LANG: 'C' }, { LANG: 'POSIX' }, { LC_ALL: 'C.UTF-8' }, { LANG: '../de' }]) {
      assert.equal(languageOf(environment), 'en');
    }
  });
});

describe('Ctrl+C', () => {
  it('aborts what nobody else ends, and ends the process when it is pressed again', () => {
    let ended = 0;
    const interruption = new Interruption(() => (ended += 1));
    interruption.interrupt();
    assert.deepEqual([interruption.signal.aborted, ended], [true, 0]);
    interruption.interrupt();
    assert.equal(ended, 1);
  });

  it('is left to an operation while it lasts', async () => {
    let wished = 0;
    const interruption = new Interruption(() => undefined);
    await interruption.handledBy(
      () => (wished += 1),
      () => {
        interruption.interrupt();
        return Promise.resolve();
      },
    );
    assert.deepEqual([wished, interruption.signal.aborted, interruption.wasWished], [1, false, true]);
  });
});
