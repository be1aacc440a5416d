import assert from 'node:assert/strict';
import { Failure } from '../../../../src/domain/failure.js';
import type { MigratedState, MigrationHost } from '../../../../src/driver/migrationHost.js';
import { leadMove, settle, settledBy, tryMove } from '../../../../src/wings/cluster/live/leadMove.js';

const vm = { name: 'web', uuid: 'u' };
const wish = { sharedDisks: true };
const none = new Uint8Array();
const run = { signal: new AbortController().signal, onProgress: () => undefined, mostStopMs: 0 };

/** Takes down what it is asked, and does what it is told. */
class Host implements MigrationHost {
  readonly asked: string[] = [];
  readonly onDidClose: MigrationHost['onDidClose'] = () => ({ dispose: () => undefined });
  constructor(
    readonly states: MigratedState[],
    readonly fails: Partial<Record<keyof MigrationHost, Failure>> = {},
  ) {}
  async #does<T>(what: keyof MigrationHost, answer: T): Promise<T> {
    this.asked.push(what);
    const failure = this.fails[what];
    if (failure !== undefined) {
      throw failure;
    }
    return Promise.resolve(answer);
  }
  begin = () => this.#does('begin', { cookie: none, definition: '' });
  pretend = () => this.#does('pretend', { cookie: none, definition: '' });
  prepare = () => this.#does('prepare', { cookie: none, address: '' });
  perform = () => this.#does('perform', none);
  finish = () => this.#does('finish', none);
  confirm = (_: unknown, ended: unknown) =>
    this.#does('confirm', undefined).then(() => void this.asked.push(ended === undefined ? 'givenUp' : 'moved'));
  giveUp = () => this.#does('giveUp', undefined);
  goOn = () => this.#does('goOn', undefined);
  end = () => this.#does('end', undefined);
  arrivalOf = () => this.#does('arrivalOf', { stopMs: 12 });
  stateOf = () => Promise.resolve(this.states.length > 1 ? this.states.shift()! : this.states[0]!);
  dispose = () => undefined;
}

describe('the end of a live move', () => {
  const states: readonly MigratedState[] = ['absent', 'off', 'ended', 'on', 'paused', 'torn'];

  it('lets nothing go on at its own host that is on at the other', () => {
    for (const source of states) {
      for (const there of ['on', 'paused'] as const) {
        for (const arrived of [true, false]) {
          assert.notEqual(settledBy(source, there, arrived)?.where, 'source', source);
          assert.notEqual(settledBy(source, there, arrived)?.source, 'goOn', source);
        }
      }
    }
    for (const there of ['absent', 'off', 'torn'] as const) {
      assert.equal(settledBy('torn', there, false)?.source, 'goOn');
    }
    for (const there of ['absent', 'off', 'ended', 'torn'] as const) {
      assert.equal(settledBy('on', there, false)?.source, undefined);
      assert.equal(settledBy('paused', there, false)?.source, undefined);
    }
  });

  it('ends nothing that runs, and what is paused only where it has gone to the other', () => {
    for (const here of states) {
      for (const there of states) {
        for (const arrived of [true, false]) {
          const settled = settledBy(here, there, arrived);
          const mayEnd = here === 'torn' || (here === 'paused' && arrived && (there === 'on' || there === 'paused'));
          assert.ok(settled?.source === undefined || mayEnd, `${here} ${there}`);
          assert.ok(settled?.destination === undefined || there === 'torn', `${here} ${there}`);
        }
      }
    }
    assert.equal(settledBy('on', 'on', true), undefined);
    assert.equal(settledBy('paused', 'paused', false), undefined);
  });

  it('lets nothing go on at its own host that has run at the other', () => {
    assert.deepEqual(settledBy('torn', 'ended', false), { source: 'end', where: 'destination' });
    for (const source of states) {
      for (const there of states) {
        const settled = settledBy(source, there, false, 'yes');
        assert.notEqual(settled?.where, 'source', `${source} ${there}`);
        assert.notEqual(settled?.source, 'goOn', `${source} ${there}`);
        assert.ok(settled?.destination === undefined, `${source} ${there}`);
      }
    }
    assert.deepEqual(settledBy('torn', 'off', false, 'yes'), { source: 'end', where: 'destination' });
  });

  it('ends nothing and lets nothing go on where the guest may have run at the other', () => {
    for (const source of ['on', 'paused', 'torn'] as const) {
      for (const there of ['absent', 'off', 'torn'] as const) {
        assert.equal(settledBy(source, there, false, 'unsure'), undefined, `${source} ${there}`);
      }
    }
    assert.deepEqual(settledBy('torn', 'on', false, 'unsure'), { source: 'end', where: 'destination' });
  });

  it('looks again where a host has done by itself what it is told', async () => {
    const source = new Host(['torn', 'off'], { end: new Failure('failed') });
    assert.equal(await settle({ source, destination: new Host(['on']) }, vm), 'destination');
    const stuck = new Host(['torn'], { end: new Failure('failed') });
    await assert.rejects(settle({ source: stuck, destination: new Host(['on']) }, vm), Failure);
  });
});

describe('a live move', () => {
  it('asks between its parts whether the guest may be let run there, and says that it was', async () => {
    const [source, destination] = [new Host(['on']), new Host(['off'])];
    const said: string[] = [];
    const say = (what: string) => (): Promise<void> => {
      said.push(`${what} after ${destination.asked.at(-1)}`);
      return Promise.resolve();
    };
    const between = { sent: say('sent'), arrived: say('arrived') };
    assert.equal(await leadMove({ source, destination }, vm, wish, run, between), 12);
    assert.deepEqual(said, ['sent after prepare', 'arrived after finish']);
    assert.deepEqual(source.asked, ['begin', 'perform', 'confirm', 'moved']);
  });

  it('tries the other host without the disks that it does not have yet', async () => {
    const [source, destination] = [new Host(['on']), new Host(['off'])];
    await tryMove({ source, destination }, vm, 'none', { ...wish, copied: ['vda'] });
    assert.deepEqual(source.asked, ['begin', 'pretend']);
    assert.deepEqual(destination.asked, ['prepare', 'giveUp']);
  });
});

describe('a live move that fails', () => {
  const failed = new Failure('failed');

  it('goes on at its own host where something is found in the way while it stands still', async () => {
    const [source, destination] = [new Host(['on']), new Host(['off'])];
    const sent = (): Promise<void> => Promise.reject(failed);
    await assert.rejects(leadMove({ source, destination }, vm, wish, run, { sent }), failed);
    assert.deepEqual(destination.asked, ['prepare', 'giveUp']);
    assert.deepEqual(source.asked, ['begin', 'perform', 'confirm', 'givenUp']);
  });

  it('goes on at its own host once the other has answered that it gives it up', async () => {
    const source = new Host(['on']);
    const destination = new Host(['off'], { finish: failed });
    const refused = (): Promise<void> => Promise.resolve(void source.asked.push('refused'));
    await assert.rejects(leadMove({ source, destination }, vm, wish, run, { refused }), failed);
    assert.deepEqual(source.asked, ['begin', 'perform', 'refused', 'confirm', 'givenUp']);
  });

  it('stands still where the other host did not answer, until somebody has asked it', async () => {
    const source = new Host(['torn']);
    const lost = new Failure('lost');
    await assert.rejects(leadMove({ source, destination: new Host(['on'], { finish: lost }) }, vm, wish, run), lost);
    assert.deepEqual(source.asked, ['begin', 'perform']);
  });

  it('is given up there', async () => {
    const destination = new Host(['off']);
    await assert.rejects(
      leadMove({ source: new Host(['on'], { perform: failed }), destination }, vm, wish, run),
      failed,
    );
    assert.deepEqual(destination.asked, ['prepare', 'giveUp']);
  });
});
