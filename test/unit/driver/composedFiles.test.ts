import assert from 'node:assert/strict';
import { composedFiles, type FileAccess } from '../../../src/driver/files/composedFiles.js';
import { filesElsewhere, isThisHost } from '../../../src/driver/files/thisHost.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import type { CannotAct, HostFiles } from '../../../src/domain/hostFiles.js';

/** Answers what it is told to, and notes that it was asked. */
function way(asked: string[], name: string, answers: Partial<FileAccess>): FileAccess {
  const noted = Object.entries({ ...filesElsewhere, ...answers }).map(([method, answer]) => [
    method,
    (...args: never[]): unknown => {
      asked.push(name);
      return (answer as (...rest: never[]) => unknown)(...args);
    },
  ]);
  return Object.fromEntries(noted) as FileAccess;
}

const refusing = (kind: FailureKind, said: string): Partial<HostFiles> => ({
  remove: () => Promise.reject(new Failure(kind, { path: '/x', libvirtMessage: said })),
});
const cannot = (why: CannotAct['why'], said?: string): Partial<HostFiles> => ({
  canAct: () => Promise.resolve({ why, ...(said === undefined ? {} : { said }) }),
});

describe('several ways to the same files', () => {
  let asked: string[];
  beforeEach(() => (asked = []));
  const compose = (first: Partial<FileAccess>, second: Partial<FileAccess>): HostFiles => {
    const [one, two] = [way(asked, 'one', first), way(asked, 'two', second)];
    return composedFiles({ acting: [one, two], reading: [two, one] });
  };

  it('the first that knows answers', async () => {
    const facts = { bytes: 1, allocatedBytes: 2 };
    assert.equal(await compose({ file: () => Promise.resolve(facts) }, {}).file('/x'), facts);
    assert.deepEqual(asked, ['two', 'one']);
    assert.equal(await compose({}, { file: () => Promise.resolve('missing') }).file('/x'), 'missing');
    assert.deepEqual(asked, ['two', 'one', 'two']);
    assert.equal(await compose({}, {}).file('/x'), 'unknown');
    assert.equal(await compose({}, {}).space('/x'), undefined);
    const locks = { written: new Set(['1:2']), held: new Set(['1:2']) };
    assert.equal(await compose({ imageLocks: () => Promise.resolve(locks) }, {}).imageLocks(), locks);
    assert.deepEqual(await compose({ list: () => Promise.resolve(['a']) }, {}).list('/x'), ['a']);
  });

  it('of what is certainly no file no other is asked', async () => {
    const isNoFile = (path: string): Promise<boolean> => Promise.resolve(path === '/folder');
    const files = compose({}, { isNoFile });
    assert.deepEqual(await Promise.all(['/folder', '/x'].map((path) => files.image(path))), ['unknown', 'unknown']);
    assert.equal(await files.file('/folder'), 'unknown');
    assert.equal(asked.filter((name) => name === 'one').length, 1);
    assert.equal(await compose({ file: () => Promise.resolve('missing') }, { isNoFile }).file('/x'), 'missing');
  });

  it('what is certainly no file is removed by who sees it', async () => {
    const isNoFile = (path: string): Promise<boolean> => Promise.resolve(path === '/pipe');
    const remove = (): Promise<void> => Promise.resolve();
    await compose({ remove }, { isNoFile, remove }).remove('/pipe');
    assert.equal(asked.at(-1), 'two');
    await compose({ remove }, { isNoFile, remove }).remove('/x');
    assert.equal(asked.at(-1), 'one');
  });

  it('a name that is taken is not missing to another that leaves out what it could not open', async () => {
    const missing = {
      image: () => Promise.resolve('missing' as const),
      file: () => Promise.resolve('missing' as const),
    };
    const files = compose(missing, { isTaken: (path) => Promise.resolve(path === '/loop') });
    assert.deepEqual(await Promise.all([files.image('/loop'), files.file('/loop')]), ['unknown', 'unknown']);
    assert.deepEqual(await Promise.all([files.image('/x'), files.file('/x')]), ['missing', 'missing']);
  });

  it('one that fails does not keep the other from answering, and is told of if it does not', async () => {
    const failing = { image: () => Promise.reject(new Failure('failed', { path: '/x' })) };
    assert.equal(await compose({ image: () => Promise.resolve('missing') }, failing).image('/x'), 'missing');
    await assert.rejects(compose({}, failing).image('/x'), { kind: 'failed' });
  });

  it('the first that can acts, and nobody after it', async () => {
    await compose({ remove: () => Promise.resolve() }, {}).remove('/x');
    assert.deepEqual(asked, ['one']);
    await compose(refusing('denied', 'no'), { remove: () => Promise.resolve() }).remove('/x');
    assert.deepEqual(asked, ['one', 'one', 'two']);
  });

  it('what none could do is told with the reasons of all', async () => {
    const files = compose(refusing('unsupported', 'no driver'), refusing('denied', 'not yours'));
    await assert.rejects(files.remove('/x'), (error) => {
      assert.ok(error instanceof Failure && error.kind === 'denied' && error.details.path === '/x');
      assert.match(error.message, /no driver/);
      assert.match(error.message, /not yours/);
      return true;
    });
  });

  for (const kind of ['exists', 'noSpace', 'notFound', 'invalid', 'busy', 'lost', 'cancelled'] as const) {
    it(`after "${kind}" no other way is tried`, async () => {
      await assert.rejects(compose(refusing(kind, 'x'), { remove: () => Promise.resolve() }).remove('/x'), { kind });
      assert.deepEqual(asked, ['one']);
    });
  }

  it('a file of one that fails is not what the next one makes, and each that gets its name is told of', async () => {
    const tell: HostFiles['copy'] = async (_, to, __, onMade) => {
      await onMade?.({ path: '/.part', identity: '1' });
      await onMade?.({ path: to, identity: '1' });
    };
    const failing = { copy: (...args: Parameters<HostFiles['copy']>) => tell(...args).then(() => Promise.reject(no)) };
    const no = new Failure('unsupported');
    const silent = { copy: () => Promise.resolve(), identity: () => Promise.resolve('2') };
    const partAlone = (...[, , , onMade]: Parameters<HostFiles['copy']>): Promise<void> =>
      onMade?.({ path: '/.part', identity: '2' }) ?? Promise.resolve();
    for (const second of [silent, { ...silent, copy: partAlone }]) {
      const made = new Map<string, string | undefined>();
      await compose(failing, second).copy('/y', '/x', 'keep', ({ path, identity }) => {
        made.set(path, identity);
        return Promise.resolve();
      });
      assert.equal(made.get('/x'), '2');
    }
  });

  it('one that can act is enough; else the first reason is told, with what all said', async () => {
    const able = { canAct: () => Promise.resolve('yes' as const) };
    assert.equal(await compose(cannot('noStorageDriver'), able).canAct('/x'), 'yes');
    assert.deepEqual(asked, ['two']);
    assert.equal(await compose(able, cannot('denied')).canAct('/x'), 'yes');
    assert.deepEqual(await compose(cannot('noStorageDriver', 'a'), cannot('denied', 'b')).canAct('/x'), {
      why: 'denied',
      said: 'b\na',
    });
    assert.deepEqual(await compose({}, {}).canAct('/x'), { why: 'otherHost' });
  });
});

describe('whether it is this host', () => {
  for (const [transport, theirs, ours, expected] of [
    ['unix', 'box', 'box', true],
    ['unix', 'box.example.org', 'box', true],
    ['unix', 'Box', 'box.lan', true],
    ['unix', 'box2', 'box', false],
    ['unix', '', '', false],
    ['ssh', 'box', 'box', false],
    ['tls', 'box', 'box', false],
  ] as const) {
    it(`${transport}, ${theirs}, here ${ours}: ${expected}`, () => {
      assert.equal(isThisHost({ transport, hostname: theirs }, ours), expected);
    });
  }

  it('elsewhere nothing is seen or done', async () => {
    assert.equal(await filesElsewhere.image('/x'), 'unknown');
    assert.deepEqual(await filesElsewhere.canAct('/x'), { why: 'otherHost' });
    for (const act of [
      filesElsewhere.createOverlay({ file: '/x', backing: '/y', backingFormat: 'raw' }),
      filesElsewhere.copy('/y', '/x', 'keep'),
      filesElsewhere.removeTag('/x', 't'),
      filesElsewhere.remove('/x'),
    ]) {
      await assert.rejects(act, {
        kind: 'unsupported',
        details: { path: '/x', libvirtMessage: 'the file is on another host' },
      });
    }
  });
});
