// What can be done with a VM in each of its states.
import assert from 'node:assert/strict';
import type { PowerAction } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import type { PowerState } from '../../../src/domain/vm.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  planned,
  refused,
  facts,
  tree,
  verdict,
  vm,
} from '../domain/someFacts.js';

const states: readonly PowerState[] = ['off', 'running', 'paused', 'shuttingDown', 'crashed', 'asleep', 'unknown'];
const w = 'wrongState';
const r = 'notRunning';
const c = 'crashedVm';
const a = 'asleepVm';

describe('planPower', () => {
  const rows: Readonly<Record<PowerAction, readonly string[]>> = {
    //         off  running paused shutting crashed asleep unknown
    start: ['ok', 'notOff', 'notOff', w, c, 'notOff', w],
    shutDown: [r, 'ok', w, w, c, a, w],
    forceOff: [r, 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
    pause: [r, 'ok', w, w, c, a, w],
    resume: [r, w, 'ok', w, c, a, w],
    restart: [r, 'ok', w, w, c, a, w],
  };
  for (const [action, verdicts] of Object.entries(rows) as [PowerAction, readonly string[]][]) {
    it(`${action} in each state`, () => {
      const found = states.map((power) => verdict(planOperation(ask.power(action), facts({ vm: vm({ power }) }))));
      assert.deepEqual(found, verdicts);
    });
  }

  it('is one step, also with a managed save, which a start uses up', () => {
    const plan = planned(ask.power('start'), facts({ vm: vm({ power: 'off', managedSave: true }) }));
    assert.deepEqual(plan.steps, [{ kind: 'power', action: 'start' }]);
    assert.deepEqual([plan.losses, plan.warnings], [[], []]);
  });

  it('may be asked of any driver, and not over a read-only connection', () => {
    const look = (more: Parameters<typeof capabilities>[2]): string =>
      verdict(planOperation(ask.power('pause'), facts({ capabilities: capabilities(9, 0, more) })));
    assert.deepEqual([look({ driver: 'other' }), look({ readOnly: true })], ['ok', 'readOnlyConnection']);
  });

  const losses: readonly (readonly [PowerAction, Parameters<typeof vm>[0], string])[] = [
    ['forceOff', {}, 'ram unsavedWork'],
    ['forceOff', { power: 'crashed' }, 'ram'],
    ['shutDown', {}, ''],
    ['restart', {}, ''],
    ['forceOff', { persistent: false }, 'ram unsavedWork configuration restorePoints'],
    ['shutDown', { persistent: false }, 'configuration restorePoints'],
  ];
  for (const [action, more, expected] of losses) {
    it(`${action} of ${JSON.stringify(more)} loses: ${expected === '' ? 'nothing' : expected}`, () => {
      const inWhat = facts({ vm: vm(more), tree: tree([external('s')], 's') });
      assert.equal(
        planned(ask.power(action), inWhat)
          .losses.map(({ kind: what }) => what)
          .join(' '),
        expected,
      );
    });
  }

  it('does not resume a VM that a broken revert has left on a frozen file', () => {
    const on = (file: string, powerReason: 'fromSnapshot' | 'other'): Facts =>
      facts({
        vm: vm({ power: 'paused', powerReason, disks: [disk('vda', file)] }),
        tree: tree([external('s')], 's'),
        frozenDisks: frozen({ s: '/img/web.qcow2' }),
      });
    assert.equal(refused(ask.power('resume'), on('/img/web.qcow2', 'fromSnapshot')).reason, 'frozenFileInUse');
    assert.equal(verdict(planOperation(ask.power('resume'), on('/img/web.1700000000', 'fromSnapshot'))), 'ok');
    assert.equal(verdict(planOperation(ask.power('resume'), on('/img/web.qcow2', 'other'))), 'ok');
    assert.equal(verdict(planOperation(ask.power('forceOff'), on('/img/web.qcow2', 'fromSnapshot'))), 'ok');
  });
});
