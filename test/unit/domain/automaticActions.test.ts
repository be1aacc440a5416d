import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recoveryActOf } from '../../../src/engine/recover/recoveryDecision.js';
import { automaticActions, mayAct, unaskedActs } from '../../../src/domain/automaticActions.js';
import { automaticActions as ofSettings } from '../../../src/manifest/settings.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import { before, ref } from './someFacts.js';

type Act = keyof typeof unaskedActs;
const acts = Object.keys(unaskedActs) as Act[];

describe('what is done without a click', () => {
  it('is all of it, what is safe, or nothing, as the setting says', () => {
    assert.deepEqual(automaticActions, ofSettings);
    assert.deepEqual(
      acts.filter((act) => mayAct(act, 'all')),
      acts,
    );
    assert.deepEqual(
      acts.filter((act) => mayAct(act, 'safe')),
      ['recoverHarmlessly', 'takeCheckpoints', 'endPools', 'dropGuards', 'removeLessons'],
    );
    assert.deepEqual(
      acts.filter((act) => mayAct(act, 'none')),
      [],
    );
  });

  it('stands in the documentation, each with what it demands', () => {
    const text = readFileSync(join(process.cwd(), 'docs/safety.md'), 'utf8');
    assert.deepEqual(
      acts.filter((act) => !text.includes(`| \`${act}\` `)),
      [],
    );
  });

  const overlay = { target: 'vda', file: '/img/new', backing: '/img/a', backingFormat: 'qcow2' };
  const made: Step = { kind: 'createOverlays', overlays: [overlay] };
  const request = { kind: 'revert', vm: ref, snapshot: 'a', after: 'off' } as const;
  const plan: Plan = { kind: 'plan', request, before, steps: [made], losses: [], warnings: [], progress: 'timeOnly' };

  for (const [name, step, act] of [
    ['a file that it made itself goes', { kind: 'removeFiles', files: ['/img/new'] }, 'recoverHarmlessly'],
    ['another file goes', { kind: 'removeFiles', files: ['/img/a'] }, 'recover'],
    ['a guest thaws', { kind: 'thawGuest' }, 'recoverHarmlessly'],
    ['a guest runs', { kind: 'power', action: 'resume' }, 'recover'],
    ['a VM is switched off', { kind: 'power', action: 'forceOff' }, 'recover'],
    ['a snapshot is forgotten', { kind: 'forgetSnapshot', snapshot: 'a' }, 'recover'],
    ['a snapshot is put below another one', { kind: 'reparent', snapshot: 'a' }, 'recoverHarmlessly'],
  ] as const satisfies readonly (readonly [string, Step, Act])[]) {
    it(`is ${act}: ${name}`, () => assert.equal(recoveryActOf([{ kind: 'waitUntil', second: 1 }, step], plan), act));
  }
});
