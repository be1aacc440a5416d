// Titles and descriptions change, names and what is known of a snapshot stay.
import { ask, capabilities, internal, ref, facts, tree } from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const known = {
  ...internal('s', undefined, { title: 'Old' }),
  trailers: { title: 'Old', git: 'main@1', guestPausedMs: 5, other: [{ key: 'Auto', value: 'x' }] },
};
const inWhat = facts({ tree: tree([known, internal('t', 's', { title: 'Other' })], 's') });
const over = (more: Parameters<typeof capabilities>[2]) => ({ ...inWhat, capabilities: capabilities(9, 0, more) });
const text = 'text\n--\nTitle: mine';

const golden = new Golden('describe');
golden.section(
  'the rest of what is known stays',
  asked([
    ['a new title', ask.describe('s', 'New 🙂', text), inWhat],
    ['its own title', ask.describe('s', 'Old', text), inWhat],
    ['spaces around it', ask.describe('s', ' New ', text), inWhat],
    ['its name', ask.describe('s', 's', text), inWhat],
    ['no title', ask.describe('s', '', text), inWhat],
  ]),
);

golden.section(
  'a checkpoint of ours becomes the person’s, a leaf that we need stays ours',
  asked(
    (['revert', 'layout'] as const).flatMap((auto) => {
      const where = facts({ tree: tree([{ ...internal('o'), trailers: { auto } }], 'o') });
      return [
        [`described: ${auto}`, ask.describe('o', 'KEEP'), where],
        [`renamed: ${auto}`, { kind: 'rename', vm: ref, snapshot: 'o', title: 'KEEP' }, where],
      ] as const;
    }),
  ),
);

golden.section(
  'what it takes',
  asked([
    ['the title of another', ask.describe('s', 'Other'), inWhat],
    ['the name of another', ask.describe('s', 't'), inWhat],
    ['a line end', ask.describe('s', 'a\nb'), inWhat],
    ['10,000 characters', ask.describe('s', 'x'.repeat(10_000)), inWhat],
    ['a text that is too long', ask.describe('s', 'x', 'x'.repeat(65_537)), inWhat],
    ['a snapshot that is not there', ask.describe('gone', 'x'), inWhat],
    ['read-only', ask.describe('s', 'x'), over({ readOnly: true })],
    ['another driver', ask.describe('s', 'x'), over({ driver: 'other' })],
    ['not of the test driver', ask.describe('s', 'x'), over({ driver: 'test' })],
  ]),
);
golden.end();
