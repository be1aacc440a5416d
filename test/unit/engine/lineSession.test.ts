import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Emitter } from '../../../src/base/emitter.js';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { type LineNote, LineSession } from '../../../src/engine/lineSession.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import type { StoreChange } from '../../../src/live/views.js';
import { FakeClock } from './fakeClock.js';
import { FakeGuests } from './fakeGuests.js';

const ref = { connection: 'qemu:///system', uuid: '00000000-1111-2222-3333-444444444444' };

/** Until what is under way has gone as far as it can. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await turn();
  }
}

describe('a console that somebody looks at', () => {
  let guests: FakeGuests;
  let clock: FakeClock;
  let changes: Emitter<StoreChange>;
  let request: OperationRequest | undefined;
  let current: string | undefined;
  let shown: string;
  let notes: LineNote[];
  let session: LineSession;
  let running: Promise<void>;
  let writing: Promise<void> | undefined;

  const kinds = (): readonly string[] => notes.map(({ kind }) => kind);

  beforeEach(() => {
    guests = new FakeGuests();
    clock = new FakeClock();
    changes = new Emitter();
    [request, current, shown, notes, writing] = [undefined, 'first', '', [], undefined];
    const tree = {
      snapshots: [
        { name: 'first', title: 'The first' },
        { name: 'second', title: 'The second' },
      ],
    };
    const engine = {
      guests: { consoleOf: () => guests.consoleOf() },
      onDidChange: changes.event,
      findVm: () => ({ tree, ...(request !== undefined && { operation: { request } }) }),
      readTree: () => Promise.resolve({ ...tree, current }),
    } as unknown as EnginePort;
    session = new LineSession(
      engine,
      ref,
      {
        write: (bytes) => {
          shown += Buffer.from(bytes).toString();
          return writing;
        },
        note: (note) => notes.push(note),
      },
      { clock },
    );
    running = session.run();
  });
  afterEach(async () => {
    session.dispose();
    await running;
    assert.equal(guests.lines, 0, 'a line is left open');
  });

  it('shows what the guest says and sends what is typed', async () => {
    await settled();
    guests.last.say('login: ');
    assert.equal(session.write('root\r'), true);
    await settled();
    assert.equal(shown, 'login: ');
    assert.equal(guests.last.heard(), 'root\r');
    assert.deepEqual(kinds(), ['connected']);
  });

  it('waits for a VM that is off, and says so once', async () => {
    guests.next = 'off';
    await settled();
    guests.changes.fire('power');
    await settled();
    assert.deepEqual(kinds(), ['off']);
    assert.equal(session.write('x'), false);
    guests.next = 'open';
    guests.changes.fire('power');
    await settled();
    assert.deepEqual(kinds(), ['off', 'connected']);
  });

  it('comes back after another client reverted the VM, and says to what', async () => {
    await settled();
    guests.next = 'off';
    guests.changes.fire('reverted');
    guests.last.hangUp();
    await settled();
    guests.next = 'open';
    guests.changes.fire('reverted');
    await settled();
    assert.deepEqual(notes, [{ kind: 'connected' }, { kind: 'again', reverted: { title: 'The first' } }]);
    guests.last.say('counter 100');
    await settled();
    assert.equal(shown, 'counter 100');
  });

  it('says to what a revert of ours goes, which libvirt sees as a stop and a start', async () => {
    await settled();
    request = { kind: 'revert', vm: ref, snapshot: 'second', after: 'asSnapshot' };
    changes.fire({ connection: ref.connection, vm: ref });
    guests.next = 'off';
    guests.last.hangUp();
    guests.changes.fire('power');
    await settled();
    request = undefined;
    changes.fire({ connection: ref.connection, vm: ref });
    guests.next = 'open';
    guests.changes.fire('power');
    await settled();
    assert.deepEqual(notes.at(-1), { kind: 'again', reverted: { title: 'The second' } });
    assert.equal(notes.length, 2);
  });

  it('says that a revert left the VM off', async () => {
    await settled();
    guests.next = 'off';
    guests.changes.fire('reverted');
    guests.last.hangUp();
    await settled();
    assert.deepEqual(kinds(), ['connected']);
    await clock.advance(3_000);
    await settled();
    assert.deepEqual(notes.at(-1), { kind: 'off', reverted: { title: 'The first' } });
  });

  it('takes a console from nobody unless somebody says so', async () => {
    guests.next = new Failure('busy');
    await settled();
    assert.deepEqual(notes, [{ kind: 'inUse', taken: false }]);
    session.want('retry');
    await settled();
    assert.deepEqual(guests.opened, []);
    // Each question is answered, also with the same.
    assert.deepEqual(kinds(), ['inUse', 'inUse']);
    session.want('takeOver');
    await settled();
    assert.equal(guests.last.taking, 'byForce');
    assert.deepEqual(kinds(), ['inUse', 'inUse', 'connected']);
  });

  it('says that another client took it', async () => {
    await settled();
    guests.next = new Failure('busy');
    guests.last.hangUp();
    await settled();
    await clock.advance(1_000);
    await settled();
    assert.deepEqual(kinds(), ['connected']);
    await clock.advance(1_300);
    await settled();
    assert.deepEqual(notes.at(-1), { kind: 'inUse', taken: true });
  });

  it('gives libvirt a moment to see that the other one has let it go', async () => {
    await settled();
    guests.next = new Failure('busy');
    guests.last.hangUp();
    await settled();
    await clock.advance(1_000);
    await settled();
    await clock.advance(1_300);
    await settled();
    assert.deepEqual(kinds(), ['connected', 'inUse']);
    session.want('retry');
    await settled();
    guests.next = 'open';
    await clock.advance(100);
    await settled();
    assert.deepEqual(kinds(), ['connected', 'inUse', 'again']);
  });

  it('gives libvirt a moment to see that its own console ended', async () => {
    await settled();
    guests.next = new Failure('busy');
    guests.changes.fire('reverted');
    guests.last.hangUp();
    await settled();
    guests.next = 'open';
    await clock.advance(400);
    await settled();
    assert.deepEqual(kinds(), ['connected', 'again']);
  });

  it('does not take a revert that is slow for another client', async () => {
    await settled();
    guests.next = new Failure('busy');
    guests.changes.fire('reverted');
    guests.last.hangUp();
    await settled();
    for (let second = 0; second < 8; second++) {
      await clock.advance(1_000);
      await settled();
    }
    assert.deepEqual(kinds(), ['connected']);
    guests.next = 'open';
    await clock.advance(1_000);
    await settled();
    assert.deepEqual(notes.at(-1), { kind: 'again', reverted: { title: 'The first' } });
  });

  it('waits in a revert for the place of the next console, which libvirt does not know yet', async () => {
    await settled();
    guests.next = new Failure('denied');
    guests.changes.fire('reverted');
    guests.last.hangUp();
    await settled();
    await clock.advance(400);
    await settled();
    assert.deepEqual(kinds(), ['connected']);
    guests.next = 'open';
    guests.changes.fire('reverted');
    await settled();
    assert.deepEqual(notes.at(-1), { kind: 'again', reverted: { title: 'The first' } });
  });

  it('says that a console may not be opened, and why', async () => {
    await settled();
    const failure = new Failure('denied');
    guests.next = failure;
    guests.last.hangUp();
    await settled();
    for (let tries = 0; tries < 4; tries++) {
      await clock.advance(1_000);
      await settled();
    }
    assert.deepEqual(notes.at(-1), { kind: 'failed', failure });
  });

  it('comes back with the daemon, asking more and more rarely', async () => {
    await settled();
    const lost = new Failure('lost');
    guests.broken = new Failure('unreachable');
    guests.closings.fire(lost);
    guests.last.hangUp(new Error('gone'));
    await settled();
    assert.deepEqual(kinds(), ['connected', 'lost']);
    await clock.advance(500);
    await settled();
    await clock.advance(500);
    await settled();
    guests.broken = undefined;
    await clock.advance(499);
    await settled();
    assert.equal(guests.opened.length, 1);
    await clock.advance(1);
    await settled();
    assert.deepEqual(kinds(), ['connected', 'lost', 'again']);
  });

  it('tries no more by itself where there is no console', async () => {
    guests.next = new Failure('unsupported');
    await settled();
    await clock.advance(60_000);
    await settled();
    assert.deepEqual(kinds(), ['failed']);
    guests.next = 'open';
    session.want('retry');
    await settled();
    assert.deepEqual(kinds(), ['failed', 'connected']);
  });

  it('reads no more than its reader can take', async () => {
    let release = (): void => undefined;
    await settled();
    writing = new Promise((resolve) => (release = resolve));
    guests.last.say('one');
    await settled();
    guests.last.say('two');
    await settled();
    assert.equal(shown, 'one');
    writing = undefined;
    release();
    await settled();
    assert.equal(shown, 'onetwo');
  });

  it('leaves nothing open when it ends', async () => {
    await settled();
    session.dispose();
    await running;
    assert.equal(guests.last.isOpen(), false);
  });
});
