import assert from 'node:assert/strict';
import { VmQueue } from '../../../src/engine/leases/leases.js';
import type { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest, PowerAction, VmTurn } from '../../../src/domain/operation.js';
import { settled } from './fakeClock.js';

const vm = { connection: 'test:///default', uuid: 'u' };
const power = (action: PowerAction): OperationRequest => ({ kind: 'power', vm, action });

describe('VmQueue', () => {
  it('lets operations on one VM through one at a time, in the order in which they came', async () => {
    const lock = new VmQueue();
    const order: string[] = [];
    const run = async (name: string, action: PowerAction): Promise<void> => {
      const end = await lock.take('a', power(action));
      order.push(`${name} begins`);
      await settled();
      order.push(`${name} ends`);
      end();
    };
    await Promise.all([run('1', 'start'), run('2', 'pause'), run('3', 'resume')]);
    assert.deepEqual(order, ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    assert.equal(lock.running('a'), undefined);
  });

  it('does not make one VM wait for another', async () => {
    const lock = new VmQueue();
    await lock.take('a', power('start'));
    const end = await lock.take('b', power('start'));
    end();
    assert.notEqual(lock.running('a'), undefined);
  });

  it('says at once what is waited for, and says it again when the next one begins', async () => {
    const lock = new VmQueue();
    const first = await lock.take('a', power('start'));
    const told: VmTurn[] = [];
    const second = lock.take('a', power('pause'), { onWait: () => told.push(power('forceOff')) });
    const third = lock.take('a', power('resume'), { onWait: (forWhat) => told.push(forWhat) });
    assert.deepEqual(told, [power('forceOff'), power('start')]);
    first();
    (await second)();
    assert.deepEqual(told.slice(2), [power('pause')]);
    (await third)();
  });

  it('gives up the place of one that is cancelled while it waits', async () => {
    const lock = new VmQueue();
    const first = await lock.take('a', power('start'));
    const abort = new AbortController();
    const second = lock.take('a', power('pause'), { signal: abort.signal });
    const third = lock.take('a', power('resume'));
    abort.abort();
    await assert.rejects(second, (failure: Failure) => failure.kind === 'cancelled');
    first();
    first();
    (await third)();
    assert.equal(lock.running('a'), undefined);
    await assert.rejects(
      lock.take('a', power('start'), { signal: abort.signal }),
      (failure: Failure) => failure.kind === 'cancelled',
    );
    assert.equal(lock.running('a'), undefined);
  });
});
