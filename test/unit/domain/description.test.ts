// Trailers of descriptions: read without trust, and nothing of a user's own text lost on the way.
import assert from 'node:assert/strict';
import { parseDescription, writeDescription, type Trailers } from '../../../src/domain/description.js';
import { pick, seeded } from './someFacts.js';

const all: Trailers = {
  title: 'Before the upgrade',
  git: 'main@0123abc',
  guestPausedMs: 143,
  ramWritten: 'seamless',
  consistency: 'memory',
  createdBy: 'virt-rewind',
  auto: 'revert',
};

describe('description', () => {
  it('writes what people can read in any client', () => {
    assert.equal(
      writeDescription('All services up.', all),
      [
        'All services up.',
        '--',
        'Title: Before the upgrade',
        'Git: main@0123abc',
        'Guest-Paused: 143 ms',
        'Ram-Written: seamless',
        'Consistency: memory',
        'Created-By: virt-rewind',
        'Auto: revert',
      ].join('\n'),
    );
  });

  it('reads back what it wrote', () => {
    assert.deepEqual(parseDescription(writeDescription('All services up.', all)), {
      text: 'All services up.',
      trailers: all,
    });
    assert.deepEqual(parseDescription(writeDescription('', all)), { text: '', trailers: all });
    assert.equal(writeDescription('', {}), '');
  });

  const rows: readonly (readonly [what: string, raw: string, text: string, trailers: Trailers])[] = [
    ['nothing', '', '', {}],
    ['plain text', 'hello\nworld', 'hello\nworld', {}],
    ['a line that is no trailer', 'a\n--\nTitle: x\nnot one', 'a\n--\nTitle: x\nnot one', {}],
    ['a key with a space', 'a\n--\nMy title: x', 'a\n--\nMy title: x', {}],
    ['a mark without anything behind', 'a\n--', 'a\n--', {}],
    ['a mark within a line', 'a -- b\nTitle: x', 'a -- b\nTitle: x', {}],
    ['the last mark counts', 'a\n--\nTitle: x\n--\nTitle: y', 'a\n--\nTitle: x', { title: 'y' }],
    ['line ends of Windows', 'a\r\n--\r\nTitle: x\r\n', 'a', { title: 'x' }],
    ['a mark as in mail', 'a\n-- \nTitle: x', 'a', { title: 'x' }],
    ['keys in any case', '--\ntitle: x\nCREATED-BY: me', '', { title: 'x', createdBy: 'me' }],
    ['the first of two', '--\nTitle: x\nTitle: y', '', { title: 'x' }],
    ['unknown ones', 'a\n--\nTicket: 7', 'a', { other: [{ key: 'Ticket', value: '7' }] }],
    ['why it was taken unasked', 'a\n--\nauto: layout', 'a', { auto: 'layout' }],
    ['a reason that is none of ours', '--\nAuto: prune', '', { other: [{ key: 'Auto', value: 'prune' }] }],
    ['a pause that is no number', '--\nGuest-Paused: long', '', { other: [{ key: 'Guest-Paused', value: 'long' }] }],
    ['a negative pause', '--\nGuest-Paused: -1 ms', '', { other: [{ key: 'Guest-Paused', value: '-1 ms' }] }],
    ['an unknown consistency', '--\nConsistency: so-so', '', { other: [{ key: 'Consistency', value: 'so-so' }] }],
    ['names of inherited properties', '--\nconstructor: x', '', { other: [{ key: 'constructor', value: 'x' }] }],
    ['an empty title', '--\nTitle:', '', { other: [{ key: 'Title', value: '' }] }],
    ['control characters', 'a\u0007b\n--\nTitle: x\u001b[2Jy', 'ab', { title: 'x[2Jy' }],
    ['text that turns around', '--\nTitle: abc\u202Egpj.exe', '', { title: 'abcgpj.exe' }],
    ['half a pair', 'a\uD800b', 'a\uFFFDb', {}],
  ];
  for (const [what, raw, text, trailers] of rows) {
    it(`reads ${what}`, () => {
      assert.deepEqual(parseDescription(raw), { text, trailers });
    });
  }

  it('cuts a title that is too long, and takes a trailer of thousands of characters for text', () => {
    assert.equal(Array.from(parseDescription(`--\nTitle: ${'é'.repeat(900)}`).trailers.title ?? '').length, 200);
    const long = `--\nTitle: ${'x'.repeat(10_000)}`;
    assert.deepEqual(parseDescription(long), { text: long, trailers: {} });
  });

  it('takes more trailers than anybody needs for text', () => {
    const many = `a\n--\n${'X: y\n'.repeat(51)}`;
    assert.deepEqual(parseDescription(many), { text: many, trailers: {} });
    assert.equal(parseDescription(`a\n--\n${'X: y\n'.repeat(50)}`).trailers.other?.length, 50);
  });

  it('folds a line end in a title, so that it cannot smuggle in a trailer', () => {
    const { trailers } = parseDescription(writeDescription('', { title: 'x\nCreated-By: virt-rewind' }));
    assert.deepEqual(trailers, { title: 'x Created-By: virt-rewind' });
  });

  it('keeps unknown trailers when a known one changes, and drops the broken one that it replaces', () => {
    const { text, trailers } = parseDescription('t\n--\nTicket: 7\nGuest-Paused: long');
    const again = parseDescription(writeDescription(text, { ...trailers, guestPausedMs: 7 }));
    assert.deepEqual(again, { text: 't', trailers: { guestPausedMs: 7, other: [{ key: 'Ticket', value: '7' }] } });
  });

  it('survives descriptions of megabytes', () => {
    const raw = 'Title: x\n'.repeat(400_000);
    assert.equal(parseDescription(raw).text, raw);
    assert.ok(writeDescription(raw, all).length < 70_000);
  });

  it('gives back any text and any trailers', () => {
    const random = seeded(2);
    const lines = ['--', '-- ', '', 'Title: mine', 'Auto: x', 'words', ' --', '---', 'Consistency: odd', ' ', 'é🙂ש'];
    const trailers: readonly Trailers[] = [
      {},
      all,
      { title: 'x' },
      { createdBy: 'me', other: [{ key: 'Auto', value: '' }] },
      {
        other: [
          { key: 'A', value: 'b' },
          { key: 'A', value: 'c: d' },
        ],
      },
    ];
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: Math.floor(random() * 7) }, () => pick(random, lines)).join('\n');
      const given = { text, trailers: pick(random, trailers) };
      assert.deepEqual(parseDescription(writeDescription(given.text, given.trailers)), given);
    }
  });

  it('never throws, and is stable once written, for any characters', () => {
    const random = seeded(3);
    for (let round = 0; round < 5_000; round++) {
      const codes = Array.from({ length: Math.floor(random() * 40) }, () =>
        random() < 0.5 ? pick(random, [10, 13, 45, 45, 58, 32, 65, 0x202e]) : Math.floor(random() * 0xffff),
      );
      const first = parseDescription(String.fromCharCode(...codes));
      assert.deepEqual(parseDescription(writeDescription(first.text, first.trailers)), first);
    }
  });
});
