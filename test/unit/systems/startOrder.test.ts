// In which order the members of a system start.
import assert from 'node:assert/strict';
import type { SystemMember } from '../../../src/domain/system.js';
import { Failure } from '../../../src/domain/failure.js';
import { circleIn, requireOrder, startInOrder, withStart } from '../../../src/systems/startOrder.js';

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
});
