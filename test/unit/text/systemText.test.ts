// The question before all VMs of a system are reverted, and what is said when that is done.
import assert from 'node:assert/strict';
import type { Plan } from '../../../src/operations/plan.js';
import type { SystemPlan } from '../../../src/systems/systemPlan.js';
import { outcomeLines, systemDoneText, systemQuestion } from '../../../src/text/systems/systemText.js';
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
    point: { id: 'p', title: auto === undefined ? 'clean' : 'Before revert, 05:29', ...(auto && { auto }) },
    members: [{ member, view, plan, state: 'running' }],
    ends: new Map(),
  };
}

describe('the question of a system', () => {
  it('does not say that a guest writes on which stands still from before it is kept until it is reverted', () => {
    const { lines, details } = systemQuestion(reverting(), now);
    const said = [...lines, details].join(' ');
    assert.doesNotMatch(said, /writes/u);
    assert.match(said, /pause together/u);
    // Others of its warnings stay.
    assert.match(said, /power cut|file systems/u);
  });

  it('says before a checkpoint how long the longest of the guests stands still, and which are not seamless', () => {
    const [member] = reverting().members;
    const made = (name: string, estimateMs: number, seamless?: true): SystemPlan['members'][number] => ({
      ...member!,
      view: { ...member!.view, vm: { ...member!.view.vm, name } },
      plan: {
        ...member!.plan,
        warnings: [{ kind: 'guestStandsStill', estimateMs }],
        steps: [{ kind: 'createSnapshot', name, snapshotKind: 'memory', seamless, description: '' } as never],
      },
    });
    const asked = (...members: SystemPlan['members']): string =>
      systemQuestion({ ...reverting(), kind: 'checkpoint', members }, now).details;
    assert.match(
      asked(made('db', 30, true), made('api', 900), made('web', 40, true)),
      /0\.9 s[^]*Not seamless: api\./u,
    );
    assert.match(asked(made('db', 30, true), made('web', 20, true)), /about 0\.03 s/u);
    assert.doesNotMatch(asked(made('db', 600), made('api', 900)), /seamless/u);
  });

  it('says which guests that run are kept without their RAM, and nothing where all are as their state wants it', () => {
    const [member] = reverting().members;
    const made = { kind: 'createSnapshot', name: 'a', snapshotKind: 'disk', description: '' } as never;
    const bare = { ...member!, plan: { ...member!.plan, checkpoint: 'a', steps: [made] } };
    const { lines, details } = systemQuestion({ ...reverting(), members: [bare] }, now);
    assert.ok(lines.length <= 3 && /without RAM: .*web/u.test(lines.join()), lines.join());
    assert.match(details, /without its RAM: disk-only/u);
    assert.doesNotMatch(systemQuestion({ ...reverting(), members: [{ ...bare, state: 'off' }] }, now).details, /RAM/u);
    assert.doesNotMatch(systemQuestion(reverting(), now).details, /RAM/u);
  });

  it('says of one that does not go on after a checkpoint that it is kept, and of no other that it is', () => {
    const members = [{ ...ref, name: 'db', outcome: 'notStarted' as const }];
    assert.match(outcomeLines(members, 'checkpoint').join(), /^db: saved/u);
    assert.match(outcomeLines(members, 'revert').join(), /^db: reverted/u);
  });

  it('says whose clocks are behind after a revert, and how far, in one sentence', () => {
    const members = [
      { ...ref, name: 'db', outcome: 'done', clockBehindMs: 5_000 },
      { ...ref, name: 'api', outcome: 'done' },
      { ...ref, name: 'web', outcome: 'done', clockBehindMs: 7_200_000 },
    ];
    const said = systemDoneText(reverting(), { members } as never);
    assert.match(said, /to “clean”\. [^.]*db \(5 s\), web \(2 [^)]*\)\.$/u);
    assert.doesNotMatch(said, /api/u);
  });

  it('says of a revert that was undone what it is, and not the title of what was kept', () => {
    const outcome = { members: [] };
    assert.equal(systemDoneText(reverting(), outcome as never), 'Reverted the system shop to “clean”.');
    assert.equal(systemDoneText(reverting('revert'), outcome as never), 'Undid the last revert of the system shop.');
  });
});
