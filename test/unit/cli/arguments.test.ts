import assert from 'node:assert/strict';
import { parseCommandLine as parse, secondsOf } from '../../../src/cli/arguments.js';
import { CliError } from '../../../src/cli/commandError.js';
import { optionsOf } from '../../../src/cli/commandShape.js';
import { completionSourceAt as sourceAt } from '../../../src/cli/completeWords.js';
import { completionScript } from '../../../src/cli/completion.js';
import { commandHelp, generalHelp, groupHelp } from '../../../src/cli/help.js';
import { commands } from '../../../src/tables.js';

const parseCommandLine = (words: readonly string[]): ReturnType<typeof parse> => parse(commands, words);
const completionSourceAt = (words: readonly string[]): ReturnType<typeof sourceAt> => sourceAt(commands, words);

function helpOf(words: readonly string[]): string | undefined {
  const parsed = parseCommandLine(words);
  assert.ok(parsed.kind === 'help');
  return parsed.of?.command;
}

function callOf(...words: readonly string[]): ReturnType<typeof parseCommandLine> & { kind: 'call' } {
  const parsed = parseCommandLine(words);
  assert.ok(parsed.kind === 'call');
  return parsed;
}

function refuses(words: readonly string[], pattern: RegExp): void {
  assert.throws(
    () => parseCommandLine(words),
    (error: unknown) => error instanceof CliError && error.exit === 'usage' && pattern.test(error.message),
    words.join(' '),
  );
}

describe('the arguments of the command line', () => {
  it('are a command, operands and options in any order', () => {
    const { call } = callOf('revert', '--yes', 'web', '-c', 'test:///default', 'clean install', '--after=off');
    assert.deepEqual(call.operands, ['web', 'clean install']);
    assert.deepEqual({ ...call.texts }, { connect: 'test:///default', after: 'off' });
    assert.deepEqual([...call.flags], ['yes']);
  });

  it('may begin with options of all commands, as those of virsh do', () => {
    for (const ahead of [['-c', 'test:///default'], ['--connect=test:///default'], ['-ctest:///default']]) {
      const { call } = callOf(...ahead, '-q', 'revert', 'web', 'clean', '--yes');
      assert.deepEqual(
        [call.command, call.operands, { ...call.texts }],
        ['revert', ['web', 'clean'], { connect: 'test:///default' }],
      );
      assert.deepEqual([...call.flags].sort(), ['quiet', 'yes']);
    }
    const { call } = callOf('--json', 'system', 'revert', 'shop', 'clean');
    assert.deepEqual([call.command, call.operands, [...call.flags]], ['revert', ['shop', 'clean'], ['json']]);
    assert.deepEqual(callOf('-v', 'run', 'web', '--', 'ls', '-l').call.operands, ['web', 'ls', '-l']);
    assert.deepEqual(parseCommandLine(['-c', 'test:///default', '--help']), { kind: 'help' });
    assert.equal(helpOf(['-q', 'tree', '--help']), 'tree');
    for (const words of [['-c', 'test:///default'], ['-c']]) {
      assert.deepEqual(parseCommandLine(words), { kind: 'help' });
    }
    refuses(['--yes', 'revert', 'web', 'clean'], /--yes/u);
  });

  it('of systems have a command of two words; one that VMs have, too, is for none but systems then', () => {
    const { call } = callOf('system', 'revert', 'shop', 'before the demo', '--yes');
    assert.deepEqual([call.command, call.group, call.operands], ['revert', 'system', ['shop', 'before the demo']]);
    assert.equal(callOf('revert', 'shop', 'before the demo').call.group, undefined);
    assert.equal(callOf('system', 'order', 'shop', 'db').call.command, 'system order');
    for (const words of [['system'], ['system', '--help'], ['help', 'system']]) {
      assert.deepEqual(parseCommandLine(words), { kind: 'help', group: 'system' });
    }
    assert.equal(helpOf(['help', 'system', 'undo']), 'undo');
    assert.deepEqual(callOf('system', 'order', 'shop', 'db').call.operands, ['shop', 'db']);
    refuses(['system', 'destroy'], /no command "system destroy"/u);
    refuses(['system', 'create', 'shop'], /VM is missing/u);
  });

  it('have the same word for how RAM is kept wherever a snapshot with RAM may be taken', () => {
    for (const words of [
      ['checkpoint', 'web'],
      ['revert', 'web', 'clean'],
      ['fork', 'web'],
      ['sandbox', 'web'],
    ]) {
      assert.equal(callOf(...words, '--seamless', 'never').call.texts['seamless'], 'never');
      refuses([...words, '--seamless', 'sometimes'], /--seamless takes one of/u);
    }
  });

  it('of a program in a guest stay as they are behind --', () => {
    assert.deepEqual(callOf('run', 'web', '--', 'ls', '-l', '--help').call.operands, ['web', 'ls', '-l', '--help']);
  });

  it('are refused where they are not understood, with what to read', () => {
    refuses(['lst'], /no command "lst".*--help/u);
    refuses(['list', '--nope'], /--nope.*virt-rewind list --help/u);
    refuses(['tree'], /VM is missing/u);
    refuses(['system', 'create', ' ', 'db', 'web'], /NAME is missing/u);
    refuses(['tree', 'a', 'b'], /"b" is one word too many/u);
    refuses(['revert', 'a'], /SNAPSHOT is missing/u);
    refuses(['revert', 'a', 'b', '--after', 'later'], /--after takes one of/u);
    refuses(['run', 'a'], /PROGRAM/u);
    refuses(['list', '--connect'], /connect/u);
  });

  it('are refused where one says otherwise than another, or says nothing without one', () => {
    refuses(['wait', 'web', '--for', 'off', '--port', '22'], /--port.*--for/u);
    refuses(['system', 'order', 'shop', 'db', '--for', 'agent', '--run', 'true'], /--run.*--for/u);
    refuses(['system', 'order', 'shop', 'db', '--port', '22', '--run', 'true'], /--run.*--port|--port.*--run/u);
    refuses(['system', 'order', 'shop', 'db', '--seconds', '5'], /--seconds.*--for/u);
    refuses(['schedule', 'web', '--remove', 'web-day'], /--remove.*"web".*schedule --help/u);
    refuses(['schedule', 'web', '--run', 'web-day'], /--run.*"web"/u);
    refuses(['schedule', '--keep-daily', '3', '--remove', 'web-day'], /--remove and --keep-daily/u);
    refuses(['schedule', '--remove', 'web-day', '--run', 'web-day'], /--remove and --run|--run and --remove/u);
    refuses(['ssh', 'web', '--names', 'on'], /--names.*"web"/u);
    refuses(['ssh', '--names', 'on', '--user', 'me'], /--names and --user/u);
    assert.ok(callOf('schedule', '--run', 'web-day', '--if-due', '--json').call.flags.has('if-due'));
    assert.equal(callOf('schedule', '--remove', 'web-day').call.texts['remove'], 'web-day');
    assert.equal(callOf('wait', 'web', '--seconds', '5').call.texts['seconds'], '5');
    assert.equal(callOf('system', 'order', 'shop', 'db', '--port', '22', '--seconds', '5').call.texts['port'], '22');
  });

  it('ask for help, of all or of one command, and for the version', () => {
    for (const words of [[], ['--help'], ['-h'], ['help']]) {
      assert.deepEqual(parseCommandLine(words), { kind: 'help' });
    }
    assert.equal(helpOf(['revert', '--help', 'web', 'clean']), 'revert');
    assert.equal(helpOf(['help', 'undo']), 'undo');
    assert.deepEqual(parseCommandLine(['--version']), { kind: 'version' });
  });

  it('take seconds that are a number and not too many', () => {
    assert.equal(secondsOf(callOf('wait', 'web').call, 120), 120);
    assert.equal(secondsOf(callOf('wait', 'web', '--seconds', '0.5').call, 120), 0.5);
    for (const text of ['', '-1', 'x', 'Infinity', '1e9']) {
      assert.throws(() => secondsOf(callOf('wait', 'web', `--seconds=${text}`).call, 120), CliError, text);
    }
  });
});

describe('the help of the command line', () => {
  it('names every command and every option, in no more than its columns where words allow it', () => {
    for (const width of [40, 100]) {
      const general = generalHelp(commands, width);
      for (const [command, row] of Object.entries(commands)) {
        assert.ok(general.includes(`  ${command}`), command);
        const help = commandHelp({ command, row }, width);
        for (const option of Object.keys(optionsOf(row))) {
          assert.ok(help.includes(`--${option}`), `${command} --${option}`);
        }
        const before = help.slice(0, help.indexOf('Examples:')).split('\n').slice(4);
        assert.deepEqual(
          before.filter((line) => line.length > Math.max(width, 42)),
          [],
        );
      }
    }
  });
});

describe('the help of a group of commands', () => {
  it('names its commands, and no other', () => {
    const help = groupHelp(commands, 'lab', 100);
    for (const name of Object.keys(commands)) {
      assert.equal(help.includes(`  ${name}`), name.startsWith('lab '), name);
    }
  });
});

describe('completion', () => {
  it('offers commands, options, their words, VMs and snapshots of the VM before', () => {
    const firsts = [
      ...Object.keys(commands).filter((name) => !name.includes(' ')),
      'system',
      'lab',
      'level',
      '--help',
      '--version',
    ];
    assert.deepEqual(completionSourceAt(['li']), { kind: 'words', words: firsts });
    assert.ok(JSON.stringify(completionSourceAt(['system', 'r'])).includes('"revert"'));
    assert.deepEqual(completionSourceAt(['system', 'revert', '']), { kind: 'system' });
    assert.deepEqual(completionSourceAt(['system', 'revert', 'shop', '']), { kind: 'point', vm: 'shop' });
    assert.deepEqual(completionSourceAt(['system', 'create', 'shop', 'db', 'a']), { kind: 'vm', vm: 'shop' });
    assert.deepEqual(completionSourceAt(['tree', '']), { kind: 'vm' });
    assert.deepEqual(completionSourceAt(['revert', '-c', 'test:///default', 'web', 'cl']), {
      kind: 'snapshot',
      connect: 'test:///default',
      vm: 'web',
    });
    for (const connect of ['--connect=test:///default', '-ctest:///default']) {
      assert.deepEqual(completionSourceAt(['tree', connect, '']), { kind: 'vm', connect: 'test:///default' });
      assert.deepEqual(completionSourceAt([connect, 'tree', '']), { kind: 'vm', connect: 'test:///default' });
    }
    assert.ok(
      (completionSourceAt(['-c', 'test:///default', 'tr']) as { words: readonly string[] }).words.includes('tree'),
    );
    assert.deepEqual(completionSourceAt(['delete', 'web', 'old', '--scope', '']), {
      kind: 'words',
      words: ['one', 'withDescendants', 'descendants'],
    });
    assert.ok((completionSourceAt(['stop', 'web', '--']) as { words: readonly string[] }).words.includes('--force'));
    assert.deepEqual(completionSourceAt(['completion', '']), { kind: 'words', words: ['bash', 'zsh', 'fish'] });
    assert.deepEqual(completionSourceAt(['clone', 'web', '--from', '']), { kind: 'snapshot', vm: 'web' });
    assert.deepEqual(completionSourceAt(['clone', '--from', '']), { kind: 'words', words: [] });
    assert.deepEqual(completionSourceAt(['bisect', 'web', '--good', '']), { kind: 'snapshot', vm: 'web' });
    assert.deepEqual(completionSourceAt(['lab', 'export', '--system', '']), { kind: 'system' });
    assert.deepEqual(completionSourceAt(['lab', 'reset', '']), { kind: 'labPoint' });
    assert.deepEqual(completionSourceAt(['lab', 'reset', '-f', 'own.yaml', '']), {
      kind: 'labPoint',
      file: 'own.yaml',
    });
    assert.deepEqual(completionSourceAt(['nothing', '']), { kind: 'words', words: [] });
  });

  it('is there for three shells, and no other', () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      assert.match(completionScript(shell), /complete-words/u);
    }
    assert.throws(() => completionScript('toString'), CliError);
  });
});
