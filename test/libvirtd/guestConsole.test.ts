// What somebody sees of a guest's serial console, through everything that can happen to the VM and its daemon.
import assert from 'node:assert/strict';
import { type LineNote, LineSession } from '../../src/engine/lineSession.js';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { type LiveRig, startLiveRig } from './engineRig.js';

/** The console of a VM as a person looks at it. */
class Reader {
  shown = '';
  readonly notes: LineNote[] = [];
  readonly session: LineSession;
  readonly running: Promise<void>;
  #look = (): void => undefined;

  constructor(rig: LiveRig, name: string) {
    const sink = {
      write: (bytes: Uint8Array) => {
        this.shown += Buffer.from(bytes).toString();
        this.#look();
      },
      note: (note: LineNote) => {
        this.notes.push(note);
        this.#look();
      },
    };
    this.session = new LineSession(rig.engine, rig.vm(name)!.ref, sink);
    this.running = this.session.run();
  }

  get kinds(): readonly string[] {
    return this.notes.map(({ kind }) => kind);
  }

  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => isTrue() && resolve();
      this.#look();
    });
  }

  /** The guest's next line. */
  async ask(order: string): Promise<string | undefined> {
    this.shown = '';
    assert.equal(this.session.write(`${order}\n`), true);
    let line: string | undefined;
    await this.until(() => (line = /^(.+)\r?\n/mu.exec(this.shown)?.[1]) !== undefined);
    return line;
  }

  async end(): Promise<void> {
    this.session.dispose();
    await this.running;
  }
}

describe('the serial console of a guest', () => {
  let rig: LiveRig;
  let reader: Reader;

  before(async () => {
    rig = await startLiveRig();
    await defineOracleGuest(rig.daemon, { name: 'talks', disks: ['qcow2'], console: true });
    rig.show();
    await rig.ref('talks');
  });
  after(async () => {
    await reader.end();
    await rig.stop();
  });

  it('is waited for until the VM starts, and answers what is typed', async () => {
    reader = new Reader(rig, 'talks');
    await reader.until(() => reader.kinds.includes('off'));
    assert.equal(reader.session.write('lost\n'), false);
    await rig.virsh('start', 'talks');
    await reader.until(() => reader.kinds.includes('connected'));
    assert.deepEqual(reader.kinds, ['off', 'connected']);
    // What is typed while it boots may be no order.
    assert.equal(reader.session.write('\nP 1\n'), true);
    await reader.until(() => reader.shown.includes('P 1\n'));
    assert.equal(await reader.ask('C 5'), 'C 5');
  });

  it('is taken from another reader only by force, who is told', async () => {
    const other = new Reader(rig, 'talks');
    await other.until(() => other.kinds.includes('inUse'));
    assert.deepEqual(reader.kinds, ['off', 'connected']);
    other.session.want('takeOver');
    await other.until(() => other.kinds.includes('connected'));
    await reader.until(() => reader.kinds.includes('inUse'));
    assert.deepEqual(reader.notes.at(-1), { kind: 'inUse', taken: true });
    await other.end();
    reader.session.want('retry');
    await reader.until(() => reader.kinds.at(-1) === 'again');
  });

  it('goes on after a revert, with what the guest was then', async () => {
    await rig.virsh('snapshot-create-as', 'talks', 'five');
    assert.equal(await reader.ask('C 77'), 'C 77');
    const before = reader.notes.length;
    await rig.virsh('snapshot-revert', 'talks', 'five');
    await reader.until(() => reader.notes.length > before);
    assert.deepEqual(reader.notes.slice(before), [{ kind: 'again', reverted: { title: 'five' } }]);
    assert.equal(await reader.ask('?'), '? 5 0 0 whole');
  });

  it('is back when the daemon is', async () => {
    await rig.daemon.killDaemon();
    await reader.until(() => reader.kinds.at(-1) === 'lost');
    await rig.daemon.startDaemon();
    await reader.until(() => reader.kinds.at(-1) === 'again');
    assert.equal(await reader.ask('?'), '? 5 0 0 whole');
  });

  it('ends with a VM that is removed, and says what happened', async () => {
    await rig.virsh('destroy', 'talks');
    await reader.until(() => reader.kinds.at(-1) === 'off');
    await rig.virsh('undefine', 'talks', '--snapshots-metadata');
    await reader.until(() => reader.kinds.at(-1) === 'failed');
    const last = reader.notes.at(-1);
    assert.ok(last?.kind === 'failed');
    assert.equal(last.failure.kind, 'notFound');
  });
});
