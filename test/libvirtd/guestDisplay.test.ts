// What leads to a guest's display, through what can happen to the VM. The page that draws it is tested in a browser.
import assert from 'node:assert/strict';
import { LineSession, type LineNote } from '../../src/engine/lineSession.js';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

/** A client as far as the name of the display, by RFC 6143. */
class Viewer {
  #heard = Buffer.alloc(0);
  readonly notes: LineNote[] = [];
  readonly session: LineSession;
  readonly running: Promise<void>;
  #look = (): void => undefined;

  constructor(rig: LiveRig, name: string) {
    const sink = {
      write: (bytes: Uint8Array) => {
        this.#heard = Buffer.concat([this.#heard, bytes]);
        this.#look();
      },
      note: (note: LineNote) => {
        this.notes.push(note);
        this.#look();
      },
    };
    this.session = new LineSession(rig.engine, rig.vm(name)!.ref, sink, { line: 'displayOf' });
    this.running = this.session.run();
  }

  get kinds(): readonly string[] {
    return this.notes.map(({ kind }) => kind);
  }

  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const last = this.notes.at(-1);
        if (isTrue()) {
          resolve();
        } else if (last?.kind === 'failed') {
          reject(last.failure);
        }
      };
      this.#look();
    });
  }

  async #read(length: number): Promise<Buffer> {
    await this.until(() => this.#heard.length >= length);
    const part = this.#heard.subarray(0, length);
    this.#heard = this.#heard.subarray(length);
    return part;
  }

  /** The ways to log in that the server offers: 1 is none, 2 a password. */
  async greet(): Promise<readonly number[]> {
    assert.equal((await this.#read(12)).toString(), 'RFB 003.008\n');
    assert.ok(this.session.write(Buffer.from('RFB 003.008\n')));
    const [count = 0] = await this.#read(1);
    return [...(await this.#read(count))];
  }

  /** What the display is called, where no password is asked for. */
  async nameOf(): Promise<string> {
    assert.deepEqual(await this.greet(), [1]);
    this.session.write(Uint8Array.of(1));
    assert.equal((await this.#read(4)).readUInt32BE(), 0);
    this.session.write(Uint8Array.of(1));
    const init = await this.#read(24);
    return (await this.#read(init.readUInt32BE(20))).toString();
  }

  async end(): Promise<void> {
    this.session.dispose();
    await this.running;
  }
}

describe('the display of a guest', () => {
  let rig: LiveRig;

  before(async () => {
    rig = await startLiveRig();
    const disks = ['qcow2'] as const;
    await defineOracleGuest(rig.daemon, { name: 'shown', disks, vnc: 'open' });
    await defineOracleGuest(rig.daemon, { name: 'asks', disks, vnc: 'password' });
    await defineOracleGuest(rig.daemon, { name: 'blind', disks, display: true });
    rig.show();
    await Promise.all(['shown', 'asks', 'blind'].map((name) => rig.ref(name)));
  });
  after(() => rig.stop());

  it('is waited for until the VM starts, goes with a revert, and comes back', async () => {
    const viewer = new Viewer(rig, 'shown');
    await viewer.until(() => viewer.kinds.includes('off'));
    await rig.virsh('start', 'shown');
    await viewer.until(() => viewer.kinds.includes('connected'));
    assert.equal(await viewer.nameOf(), 'QEMU (shown)');
    await rig.virsh('snapshot-create-as', 'shown', 'one');
    await rig.virsh('destroy', 'shown');
    await viewer.until(() => viewer.kinds.at(-1) === 'off');
    await rig.virsh('snapshot-revert', 'shown', 'one');
    await viewer.until(() => viewer.kinds.at(-1) === 'again');
    assert.equal(await viewer.nameOf(), 'QEMU (shown)');
    await viewer.end();
  });

  it('asks for the password that its XML has', async () => {
    await rig.virsh('start', 'asks');
    const viewer = new Viewer(rig, 'asks');
    await viewer.until(() => viewer.kinds.includes('connected'));
    assert.deepEqual(await viewer.greet(), [2]);
    const { guests } = rig.engine;
    assert.equal(await guests.displayPasswordOf(rig.vm('asks')!.ref), 'secret');
    assert.equal(await guests.displayPasswordOf(rig.vm('shown')!.ref), undefined);
    await viewer.end();
  });

  it('is clicked on where the VM has a pointer that can be set to a place', async () => {
    const { guests } = rig.engine;
    const [open, asks] = [rig.vm('shown')!.ref, rig.vm('asks')!.ref];
    const where = { x: 10, y: 20, button: 'left', times: 2 } as const;
    const kind = (wanted: string) => (error: unknown) => error instanceof Failure && error.kind === wanted;
    await assert.rejects(guests.click(open, where), kind('unsupported'));
    await assert.rejects(guests.click(asks, where), kind('unsupported'));
    // As a driver in a guest does: the oracle has none.
    const monitor = (line: string) => rig.virsh('qemu-monitor-command', 'asks', '--hmp', line);
    await monitor('device_add virtio-tablet-pci');
    const tablet = /#(\d+): QEMU Virtio Tablet/u.exec(await monitor('info mice'))?.[1];
    await monitor(`mouse_set ${String(tablet)}`);
    await guests.click(asks, where);
    await assert.rejects(guests.click(asks, { ...where, x: 60_000 }), /nothing is at 60000, 20/u);
  });

  it('is said to be none where the VM has no server for it', async () => {
    const { guests } = rig.engine;
    assert.equal(await guests.displayKindOf(rig.vm('blind')!.ref), 'none');
    assert.equal(await guests.displayKindOf(rig.vm('asks')!.ref), 'vnc');
    await rig.virsh('start', 'blind');
    const line = await guests.displayOf(rig.vm('blind')!.ref);
    await assert.rejects(line.open('ifFree'), (error) => error instanceof Failure && error.kind === 'unsupported');
    line.dispose();
  });
});
