// The lines of the list of kinds: each told from the others by its label, with how long the guest stands still and what
// helps.
import assert from 'node:assert/strict';
import type { Warning } from '../../../src/domain/consequences.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { SnapshotKind } from '../../../src/domain/snapshot.js';
import type { Plan } from '../../../src/operations/plan.js';
import { type KindRequest, kindChoices } from '../../../src/ui/commands/snapshots/kindChoices.js';
import { before } from '../domain/someFacts.js';
import { ref } from './samples.js';

type Variant = Parameters<typeof kindChoices>[0][number];
type Style = 'internal' | 'external';

function variant(
  snapshotKind: SnapshotKind,
  style: Style,
  warnings: readonly Warning[] = [],
  more: Partial<KindRequest> = {},
): Variant {
  const request: KindRequest = { kind: 'create', vm: ref, title: 'a', description: '', snapshotKind, ...more };
  const decision = {
    kind: 'plan',
    request,
    before,
    steps: [{ kind: 'createSnapshot', style }],
    losses: [],
    warnings,
    progress: 'timeOnly',
  } as unknown as Plan;
  return { request, decision };
}

const still = (estimateMs?: number): Warning => ({
  kind: 'guestStandsStill',
  ...(estimateMs === undefined ? {} : { estimateMs }),
});
const only = (warnings: readonly Warning[]) => kindChoices([variant('memory', 'external', warnings)], [])[0]!;

describe('the kinds of a new snapshot', () => {
  it('have labels that tell them apart where each style can be had', () => {
    const own = [
      variant('memory', 'external'),
      variant('memory', 'external', [], { live: true, style: 'external' }),
      variant('disk', 'external', [], { quiesce: true }),
      variant('disk', 'external'),
    ];
    const styled = own
      .filter(({ request }) => request.live !== true)
      .flatMap(({ request }) =>
        (['internal', 'external'] as const).map((style) =>
          variant(request.snapshotKind, style, [], { ...request, style }),
        ),
      );
    const choices = kindChoices(own, styled);
    const labels = choices.map(({ label }) => label);
    assert.equal(labels.length, 7);
    assert.equal(new Set(labels).size, labels.length, labels.join('; '));
    assert.ok(labels.includes('Memory, internal') && labels.includes('Memory, external'));
    assert.match(choices[0]?.description ?? '', /separate files/u);
  });

  it('have the shortest pause of those with memory first, which Enter takes', () => {
    const own = [
      variant('memory', 'internal', [still(9_000)]),
      variant('memory', 'external', [still(300)], { live: true, style: 'external' }),
      variant('disk', 'external', [still(20)]),
    ];
    assert.deepEqual(
      kindChoices(own, []).map(({ label }) => label),
      ['Memory, while the VM runs', 'Memory', 'Disk-only'],
    );
  });

  it('do not say a style where there is no choice', () => {
    assert.equal(only([]).label, 'Memory');
  });

  it('say how long the guest stands still, each its own', () => {
    assert.match(only([still(3_500)]).description ?? '', /pauses for about 3\.5 s/u);
    assert.match(only([still()]).description ?? '', /^the VM pauses$/u);
    assert.equal(only([]).description, '');
    const maybe = only([still(3_500), { kind: 'mayBeKeptWhileRunning', estimateMs: 1_200 }]);
    assert.match(maybe.description ?? '', /3\.5 s, or 1\.2 s/u);
    const own = [variant('memory', 'external', [still(9_000)]), variant('disk', 'external', [still(1_100)])];
    assert.deepEqual(
      kindChoices(own, []).map(({ description }) => /[\d.]+ s/u.exec(description ?? '')?.[0]),
      ['9 s', '1.1 s'],
    );
  });

  it('say first what stands against a stop of milliseconds, and what mends it', () => {
    const told = (why: string): string => {
      const { refusal } = refuse('notSeamless', { vm: 'web-test', why, said: '' });
      return only([still(3_500), { kind: 'notKeptWhileRunning', why: refusal }]).detail ?? '';
    };
    assert.match(
      told('kernel'),
      /^A seamless snapshot is not possible: .*sudo sysctl vm\.unprivileged_userfaultfd=1.* · Disks and RAM/u,
    );
    assert.match(told('tooOld'), /^A seamless snapshot is not possible: .*libvirt 9\.9/u);
    assert.doesNotMatch(only([still(3_500)]).detail ?? '', /milliseconds/u);
  });

  it('say which disks stay out', () => {
    const out = kindChoices([variant('disk', 'external'), variant('disk', 'external', [], { without: ['vdb'] })], []);
    assert.deepEqual(
      out.map(({ label }) => label),
      ['Disk-only', 'Disk-only, without vdb'],
    );
  });

  it('come last where they cannot be taken, with the reason', () => {
    const { request } = variant('offline', 'internal');
    const refused = { request, decision: refuse('blockJobRunning', { vm: 'web-test', disk: 'vda' }) };
    const [first, last] = kindChoices([refused, variant('memory', 'internal')], []);
    assert.equal(first?.label, 'Memory');
    assert.equal(last?.icon, 'circle-slash');
    assert.match(last.detail ?? '', /A job is running on disk vda/u);
  });
});
