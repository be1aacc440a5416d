// The question before all VMs of a system are reverted, and what is said when that is done.
import assert from 'node:assert/strict';
import type { Plan } from '../../../src/operations/plan.js';
import type { SystemPlan } from '../../../src/systems/systemPlan.js';
import { systemDoneText, systemQuestion } from '../../../src/text/systemText.js';
import { before } from '../domain/someFacts.js';
import { now, ref, vmView } from '../ui/samples.js';

function reverting(auto?: 'revert'): SystemPlan {
  const plan: Plan = {
    kind: 'plan',
    progress: 'timeOnly',
    request: { kind: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot', checkpointFirst: true },
    before,
    steps: [],
    losses: [],
    warnings: [{ kind: 'runsOnAfterCheckpoint' }, { kind: 'crashConsistent' }],
  };
  const view = vmView();
  const member = { connection: ref.connection, uuid: ref.uuid, name: view.vm.name };
  return {
    kind: 'revert',
    system: { id: 'a', name: 'shop', members: [member] },
    point: { id: 'p', title: auto === undefined ? 'clean' : 'Before revert to clean', ...(auto && { auto }) },
    members: [{ member, view, plan, state: 'running' }],
    ends: new Map(),
  };
}

describe('the question of a system', () => {
  it('does not say that a guest writes on which stands still from before it is kept until it is reverted', () => {
    const { lines, details } = systemQuestion(reverting(), now);
    const said = [...lines, details].join(' ');
    assert.doesNotMatch(said, /writes/u);
    assert.match(said, /stand still together/u);
    // Others of its warnings stay.
    assert.match(said, /power cut|file systems/u);
  });

  it('says of a revert that was undone what it is, and not the title of what was kept', () => {
    const outcome = { members: [] };
    assert.equal(systemDoneText(reverting(), outcome as never), 'The system shop is back at “clean”.');
    assert.equal(
      systemDoneText(reverting('revert'), outcome as never),
      'The last revert of the system shop is undone.',
    );
  });
});
