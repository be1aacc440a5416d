// What is told while all VMs of a system are at work: who still is, then who is up and who is waited for.
import assert from 'node:assert/strict';
import { vmKey } from '../../../src/live/views.js';
import type { SystemPlan } from '../../../src/systems/systemPlan.js';
import type { SystemPowerPlan } from '../../../src/systems/systemPower.js';
import { SystemProgress } from '../../../src/text/systems/systemProgress.js';
import { vmView } from '../ui/samples.js';

const connection = 'qemu:///system';
const members = ['db', 'api', 'idle'].map((name) => ({ connection, uuid: name, name }));
const planned = members.map((member) => ({ member, view: vmView({ vm: { ...vmView().vm, name: member.name } }) }));
const ends = new Map(
  members.map(({ uuid }) => [
    vmKey({ connection, uuid }),
    { state: uuid === 'idle' ? 'off' : 'running', kind: 'memory' } as const,
  ]),
);
const [db, api, idle] = [members[0]!, members[1]!, members[2]!];

function progressOf(kind: SystemPlan['kind'] | SystemPowerPlan['kind']): SystemProgress {
  const plan = { kind, system: { id: 'a', name: 'shop', members }, members: planned, ends };
  return new SystemProgress(plan as unknown as SystemPlan);
}

describe('the progress of a system', () => {
  it('is who is at work, and never nobody', () => {
    const progress = progressOf('checkpoint');
    const told = [progress.text];
    for (const one of members) {
      progress.isDone(one);
      told.push(progress.text);
    }
    assert.deepEqual(told, ['working on db, api, idle', 'working on api, idle', 'working on idle', 'almost done']);
  });

  it('of a revert is, when all are back, who is waited for and who is up, without those that stay off', () => {
    const progress = progressOf('revert');
    members.forEach((one) => progress.isDone(one));
    const told = [progress.text];
    progress.isUp(db);
    told.push(progress.text);
    progress.isUp(api);
    told.push(progress.text);
    assert.deepEqual(told, ['waiting for db, api to be ready', 'ready: db; waiting for api', 'ready: db, api']);
  });

  it('of a start is who is up and who is waited for, and of a shutdown who is not off', () => {
    const [starting, stopping] = [progressOf('start'), progressOf('shutDown')];
    starting.isUp(db);
    stopping.isUp(idle);
    assert.deepEqual([starting.text, stopping.text], ['ready: db; waiting for api, idle', 'working on db, api']);
  });
});
