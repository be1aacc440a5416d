// One answer of a command in its two forms: as text on both streams, and as one document. No VM is there.
import assert from 'node:assert/strict';
import type { Call } from '../../../src/cli/context.js';
import { type CommandEnd, type Printer, printerOf, withText } from '../../../src/cli/printed.js';
import { Terminal } from '../../../src/cli/terminal.js';

interface Streams {
  readonly printer: Printer;
  readonly written: { readonly stdout: string[]; readonly stderr: string[]; readonly stdinOpened: number };
}

/** At a terminal where somebody could be asked. */
function streamsOf(...flags: readonly string[]): Streams {
  const written = { stdout: [] as string[], stderr: [] as string[], stdinOpened: 0 };
  const streams = {
    get stdin() {
      written.stdinOpened += 1;
      return { isTTY: true };
    },
    stdout: { write: (text: string) => written.stdout.push(text) },
    stderr: { isTTY: true, columns: 80, write: (text: string) => written.stderr.push(text) },
  };
  const terminal = new Terminal(streams as unknown as NodeJS.Process, {}, 'quiet');
  const call = { command: 'list', flags: new Set(flags) } as unknown as Call;
  return { printer: printerOf(call, terminal), written };
}

describe('an answer at the command line', () => {
  const columns = [{ title: 'VM', rank: 0 }];
  const never = (): never => assert.fail('the other form was asked for');
  const text = ['one', 'two', { beside: 'a note' }, { columns, rows: [['web']] }, 'end'];

  it('is text in the order of its parts, and its lines are written at once', async () => {
    const { printer, written } = streamsOf();
    printer.say('before');
    printer.sayNews('meanwhile');
    assert.equal(await printer.print({ answer: never, text, beside: ['after'], exit: 'wrong' }), 'wrong');
    assert.deepEqual(written.stdout, ['before\n', 'meanwhile\n', 'one\ntwo\n', 'VM\nweb\n', 'end\n']);
    assert.deepEqual(written.stderr, ['a note\n', 'after\n']);
    // Standard input is opened where somebody is asked.
    assert.equal(written.stdinOpened, 0);
    assert.ok(printer.canAsk);
  });

  it('is one document with --json, and what is told beside it; nobody is asked', async () => {
    const { printer, written } = streamsOf('json');
    printer.say('before');
    printer.sayNews('meanwhile');
    const end = { answer: () => Promise.resolve({ vms: [] }), text: never, beside: ['after'] };
    assert.equal(await printer.print(end), 'done');
    assert.deepEqual(
      written.stdout.map((one) => JSON.parse(one) as object),
      [{ version: 1, command: 'list', vms: [] }],
    );
    assert.deepEqual(written.stderr, ['meanwhile\n', 'after\n']);
    assert.ok(!printer.canAsk);
  });

  it('may be none: the exit alone', async () => {
    const ends: readonly CommandEnd[] = ['cancelled', 3];
    for (const flags of [[], ['json']]) {
      const { printer, written } = streamsOf(...flags);
      assert.deepEqual(await Promise.all(ends.map((end) => printer.print(end))), ends);
      assert.deepEqual(written, { stdout: [], stderr: [], stdinOpened: 0 });
    }
  });

  it('takes more text at its end, and keeps its answer', async () => {
    const { printer, written } = streamsOf();
    await printer.print(withText({ answer: never, text: () => 'one' }, ['two']));
    assert.deepEqual(written.stdout, ['one\ntwo\n']);
  });
});
