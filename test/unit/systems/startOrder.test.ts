// In which order the members of a system start.
import assert from 'node:assert/strict';
import type { SystemMember } from '../../../src/domain/system.js';
import type { PowerState } from '../../../src/domain/vm.js';
import { Failure } from '../../../src/domain/failure.js';
import { FakeClock } from '../engine/fakeClock.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import { circleIn, requireOrder, startInOrder, untilAllUp, withStart } from '../../../src/systems/startOrder.js';

const member = (name: string, ...after: readonly string[]): SystemMember => ({
  connection: 'qemu:///system',
  uuid: name,
  name,
  after,
  wait: { kind: 'agent', seconds: 1 },
});

describe('the order in which a system starts', () => {
  const started = async (
    members: readonly SystemMember[],
    failing: Readonly<Record<string, 'start' | 'wait'>> = {},
  ): Promise<{
    readonly told: readonly string[];
    readonly up: readonly string[];
    readonly failed: readonly string[];
  }> => {
    const [told, up]: [string[], string[]] = [[], []];
    const failures = await startInOrder(members, {
      start: ({ name }) => {
        told.push(name);
        return failing[name] === 'start' ? Promise.reject(new Failure('failed')) : Promise.resolve();
      },
      untilUp: ({ name }) => {
        told.push(`${name} is up`);
        return failing[name] === 'wait' ? Promise.reject(new Failure('failed')) : Promise.resolve();
      },
      onUp: ({ name }) => up.push(name),
    });
    return { told, up: up.sort(), failed: [...failures.keys()].sort() };
  };

  it('is that of who comes after whom', async () => {
    const { told, failed } = await started([member('web', 'api'), member('api', 'db'), member('db')]);
    assert.deepEqual(told, ['db', 'db is up', 'api', 'api is up', 'web', 'web is up']);
    assert.deepEqual(failed, []);
  });

  it('tells of each that is up, and of none that is not', async () => {
    const members = [member('web', 'api'), member('api', 'db'), member('db'), member('log')];
    assert.deepEqual((await started(members)).up, ['api', 'db', 'log', 'web']);
    assert.deepEqual((await started(members, { api: 'wait' })).up, ['db', 'log']);
  });

  it('leaves those that come after one that does not come up', async () => {
    for (const how of ['start', 'wait'] as const) {
      const { told, failed } = await started([member('web', 'api'), member('api', 'db'), member('db'), member('log')], {
        db: how,
      });
      assert.deepEqual(failed, ['api', 'db', 'web']);
      assert.ok(told.includes('log is up') && !told.includes('api'));
    }
  });

  it('is none in a circle, which is told, and does not hang where somebody wrote one', async () => {
    const circle = [member('a', 'b'), member('b', 'a'), member('c')];
    assert.deepEqual(circleIn(circle), ['a', 'b']);
    assert.deepEqual(circleIn([member('a', 'gone'), member('b', 'a')]), []);
    assert.deepEqual((await started(circle)).failed, []);
  });

  it('is set for one, whose old order goes, and refused with the names where it would be none', () => {
    const members = [member('db'), member('api', 'db'), member('web', 'api')];
    const set = withStart(members, 'api', { after: ['web'] });
    assert.deepEqual(set[1], { connection: 'qemu:///system', uuid: 'api', name: 'api', after: ['web'] });
    assert.deepEqual([set[0], set[2]], [members[0], members[2]]);
    assert.throws(
      () => requireOrder(set),
      (error) => error instanceof Failure && error.kind === 'invalid' && error.details.candidates?.join() === 'api,web',
    );
    const free = withStart(set, 'api', { after: [], wait: { kind: 'time', seconds: 1 } });
    requireOrder(free);
    assert.deepEqual(Object.keys(free[1] ?? {}), ['connection', 'uuid', 'name', 'wait']);
  });

  it('is waited for where somebody else starts it: each until it runs and is up, whatever another one does', async () => {
    const clock = new FakeClock();
    const looks = new Map<string, number>();
    const powers: Readonly<Record<string, readonly PowerState[]>> = {
      db: ['off', 'off', 'running'],
      api: ['running'],
      web: ['off'],
    };
    const stub = {
      refresh: ({ vm }: { readonly vm: { readonly uuid: string } }) => {
        looks.set(vm.uuid, (looks.get(vm.uuid) ?? -1) + 1);
        return Promise.resolve();
      },
      findVm: ({ uuid }: { readonly uuid: string }) => ({
        vm: {
          name: uuid,
          agentChannel: true,
          agentConnected: true,
          power: powers[uuid]?.[looks.get(uuid) ?? 0] ?? powers[uuid]?.at(-1),
        },
      }),
    };
    const engine = stub as unknown as EnginePort;
    const { signal } = new AbortController();
    const waited = async (...members: readonly SystemMember[]): Promise<unknown> => {
      const over = untilAllUp(members, 2_000, { engine, clock, signal }).then(
        () => 'up',
        (error: unknown) => error,
      );
      let end: unknown;
      void over.then((one) => (end = one));
      for (let look = 0; look < 20 && end === undefined; look++) {
        await clock.advance(500);
      }
      return over;
    };
    assert.equal(await waited(member('db'), member('api', 'db')), 'up');
    assert.ok((looks.get('db') ?? 0) >= 2);
    const late = await waited(member('web'), member('api'));
    assert.ok(late instanceof Failure && late.kind === 'failed' && late.details.vm === 'web');
  });
});
