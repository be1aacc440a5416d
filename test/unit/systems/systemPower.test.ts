// All VMs of a system are started or shut down: what is planned for each, in which order, and what is said of those
// that fail.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { SystemMember } from '../../../src/domain/system.js';
import type { PowerState } from '../../../src/domain/vm.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import type { VmView } from '../../../src/live/views.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { planPower, runPower, type SystemPowerPlan, type SystemPowerResult } from '../../../src/systems/systemPower.js';
import { outcomeLines, systemDoneLines } from '../../../src/text/systems/systemText.js';
import { facts, vm } from '../domain/someFacts.js';
import { FakeClock } from '../engine/fakeClock.js';

const connection = 'qemu:///system';
const db: SystemMember = { connection, uuid: 'db', name: 'db' };
const api: SystemMember = { connection, uuid: 'api', name: 'api', after: ['db'] };
const web: SystemMember = { connection, uuid: 'web', name: 'web', after: ['api'] };
const never = new AbortController().signal;

/** VMs that are as they are said to be, and change as they are told to. */
class Vms {
  readonly told: string[] = [];
  readonly #power: Map<string, PowerState>;

  constructor(power: Readonly<Record<string, PowerState>>) {
    this.#power = new Map(Object.entries(power));
  }

  get engine(): EnginePort {
    const engine: Partial<EnginePort> = {
      connections: [{ uri: connection, state: 'connected', loaded: true, vms: [] }],
      refresh: ({ vm: ref } = {}) =>
        this.#power.has(ref?.uuid ?? '') ? Promise.resolve() : Promise.reject(new Failure('notFound')),
      findVm: ({ uuid }) => this.#viewOf(uuid),
      decide: ((requests: readonly OperationRequest[]) =>
        Promise.resolve(
          requests.map((request) => {
            const { uuid } = request.vm;
            return { request, decision: planOperation(request, facts({ vm: this.#vmOf(uuid) })) };
          }),
        )) as EnginePort['decide'],
    };
    return engine as EnginePort;
  }

  /** @param deaf who does not do it */
  readonly act =
    (...deaf: readonly string[]) =>
    ({ member, plan: { request } }: SystemPowerPlan['members'][number]): Promise<void> => {
      assert.ok(request.kind === 'power');
      this.told.push(`${request.action} ${member.name}`);
      if (deaf.includes(member.name)) {
        return Promise.reject(new Failure('failed', { vm: member.name, silentMs: 1_000 }));
      }
      this.#power.set(member.uuid, request.action === 'shutDown' ? 'off' : 'running');
      return Promise.resolve();
    };

  async run(
    action: 'start' | 'shutDown',
    members: readonly SystemMember[],
    deaf: readonly string[] = [],
    signal = never,
  ): Promise<SystemPowerResult & { readonly said: readonly string[] }> {
    const { engine } = this;
    const plan = await planPower(engine, { id: 'a', name: 'shop', members }, action);
    const result = await runPower(plan, { signal, act: this.act(...deaf) }, { engine, clock: new FakeClock() });
    return { ...result, said: systemDoneLines(plan, result) };
  }

  #vmOf(uuid: string): VmView['vm'] {
    return vm({ uuid, name: uuid, power: this.#power.get(uuid) ?? 'unknown', disks: [] });
  }

  #viewOf(uuid: string): VmView | undefined {
    return this.#power.has(uuid)
      ? { ref: { connection, uuid }, vm: this.#vmOf(uuid), tree: { snapshots: [] } }
      : undefined;
  }
}

const outcomes = ({ members }: SystemPowerResult): readonly string[] =>
  members.map(({ name, outcome, failure }) =>
    [name, outcome, failure?.kind].filter((one) => one !== undefined).join(' '),
  );

describe('the power of a system', () => {
  it('is given to its VMs in their order, and taken in the other one', async () => {
    const vms = new Vms({ db: 'off', api: 'paused', web: 'off' });
    assert.deepEqual(outcomes(await vms.run('start', [web, api, db])), ['web done', 'api done', 'db done']);
    assert.deepEqual(vms.told.splice(0), ['start db', 'resume api', 'start web']);
    assert.deepEqual(outcomes(await vms.run('shutDown', [db, api, web])), ['db done', 'api done', 'web done']);
    assert.deepEqual(vms.told, ['shutDown web', 'shutDown api', 'shutDown db']);
  });

  it('is there already where nothing is to be done', async () => {
    for (const [action, power] of [
      ['start', 'running'],
      ['shutDown', 'off'],
    ] as const) {
      const vms = new Vms({ db: power, api: power });
      const result = await vms.run(action, [db, api]);
      assert.deepEqual([outcomes(result), vms.told], [['db done', 'api done'], []]);
      assert.equal(result.said.length, 1);
    }
  });

  it('is refused before anything is touched where one VM cannot be seen or cannot do it', async () => {
    const refused = { kind: 'refused', details: { vm: 'api' } };
    for (const [action, power] of [
      ['start', 'crashed'],
      ['start', 'asleep'],
      ['shutDown', 'paused'],
      ['shutDown', 'crashed'],
    ] as const) {
      const vms = new Vms({ db: action === 'start' ? 'off' : 'running', api: power });
      await assert.rejects(vms.run(action, [db, api]), ({ kind, details }: Failure) => {
        assert.deepEqual({ kind, details: { vm: details.vm } }, refused);
        return true;
      });
      assert.deepEqual(vms.told, []);
    }
    const vms = new Vms({ db: 'off' });
    await assert.rejects(vms.run('start', [db, api]), { kind: 'notFound' });
    assert.deepEqual(vms.told, []);
  });

  it('leaves those that come after one that fails, and says by name who it was', async () => {
    const started = await new Vms({ db: 'off', api: 'off', web: 'off' }).run('start', [db, api, web], ['api']);
    assert.deepEqual(outcomes(started), ['db done', 'api asBefore failed', 'web asBefore stopped']);
    assert.equal(started.said[0], 'shop: 1 of 3 VMs started.');
    assert.match(started.said[2]!, /^api: .*api/u);
    assert.match(started.said[3]!, /^web: .*api/u);
    const vms = new Vms({ db: 'running', api: 'running', web: 'running' });
    const stopped = await vms.run('shutDown', [db, api, web], ['web']);
    assert.deepEqual(outcomes(stopped), ['db asBefore stopped', 'api asBefore stopped', 'web asBefore failed']);
    assert.deepEqual(vms.told, ['shutDown web']);
  });

  it('is there, and not up, where what a VM counts as up by does not come', async () => {
    const slow: SystemMember = { ...db, wait: { kind: 'time', seconds: 60 } };
    const stop = AbortSignal.abort();
    const vms = new Vms({ db: 'off', api: 'off' });
    const result = await vms.run('start', [slow, api], [], stop);
    assert.deepEqual(outcomes(result), ['db done cancelled', 'api asBefore stopped']);
    assert.deepEqual(vms.told, ['start db']);
    const [failed] = result.members;
    const late = { ...failed!, failure: new Failure('failed', { vm: 'db' }) };
    assert.match(outcomeLines([late]).join(), /^db: running, .*in time/u);
  });
});
