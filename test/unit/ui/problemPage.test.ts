// The pages of Check Health: each problem has the commands that its advice names as buttons, and nothing
// from outside becomes markup.
import assert from 'node:assert/strict';
import type { Problem } from '../../../src/diagnosis/problem.js';
import { keyOf } from '../../../src/diagnosis/problemTable.js';
import { isNode } from '../../../src/ui/tree/nodes.js';
import { parseCall } from '../../../src/ui/commands/commandArguments.js';
import { problemLinks, problemPage } from '../../../src/ui/problems/problemPage.js';
import { restoreFocusScript } from '../../../src/ui/restoreFocus.js';
import { type CheckedVm, problemReport } from '../../../src/text/problems/problemReport.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { now, vm, vmView } from './samples.js';

const view = vmView({ vm: vm({ name: 'web', power: 'running' }) });
const { ref } = view;
const page = { name: 'Health: web', vms: [ref], command: 'virtRewind.checkHealth', given: [] } as const;

interface Link {
  readonly id: string;
  readonly given: readonly unknown[];
  readonly label: string;
  readonly text: string;
}

const links = (html: string): readonly Link[] =>
  [...html.matchAll(/<a [^>]*href="command:([^?"]+)\?([^"]*)" aria-label="([^"]*)">([^<]*)<\/a>/g)].map(
    ([, id = '', given = '', label = '', text = '']) => ({
      id: id.replace('virtRewind.', ''),
      given: JSON.parse(decodeURIComponent(given)) as readonly unknown[],
      label,
      text,
    }),
  );
const pageOf = (...checked: readonly Partial<CheckedVm>[]): string => {
  const all = checked.map((one) => ({ view, diagnoses: [], unjudged: [], snoozed: 0, ...one }));
  return problemPage(page, problemReport(all, [], now), 'n');
};
const healthPage = (...found: readonly Problem[]): string =>
  pageOf({ diagnoses: found.map((problem) => ({ problem })) });
const idsFor = (problem: Problem): readonly string[] =>
  links(healthPage(problem))
    .slice(1)
    .map(({ id }) => id);

describe('the page of what is wrong with VMs', () => {
  it('says first that nothing is wrong, and can be read again', () => {
    const html = healthPage();
    const words = html.replace(/[^]*<main>|<\/main>[^]*/gu, '').replaceAll(/<[^>]*>/g, ' ');
    assert.match(words, /^\s*web\s+No problems found\.\s+Refresh\s*$/u);
    assert.deepEqual(
      links(html).map(({ id, text }) => [id, text]),
      [['checkHealth', 'Refresh']],
    );
  });

  it('leads from a summary to the table of all VMs', () => {
    const ids = (vms: readonly VmRef[]): readonly string[] =>
      links(problemPage({ ...page, vms }, [], '')).map(({ id }) => id);
    assert.deepEqual([ids([ref]), ids([ref, ref])], [['checkHealth'], ['checkHealth', 'showAllVms']]);
  });

  it('has a button for each command that the advice names', () => {
    const rows: readonly (readonly [Problem, readonly string[]])[] = [
      [{ kind: 'chainTooDeep', disk: 'vda', deltas: 9, limit: 5 }, ['consolidate', 'deleteSnapshot', 'snoozeHealth']],
      [
        { kind: 'deltaTooOld', snapshot: 's', since: 0, limitHours: 72 },
        ['consolidate', 'deleteSnapshot', 'mark', 'snoozeHealth'],
      ],
      [
        {
          kind: 'freeSpaceLow',
          ...{ folder: '/img', freeBytes: 1, totalBytes: 9, limitPercent: 10, trash: { snapshots: 1, bytes: 5 } },
        },
        ['emptyTrash', 'prune', 'snoozeHealth'],
      ],
      [{ kind: 'inTrash', snapshots: 1, bytes: 5, until: now }, ['emptyTrash']],
      [{ kind: 'orphanFile', file: '/img/x', bytes: 1 }, []],
      [{ kind: 'nvramNotHeld', snapshot: 's' }, []],
    ];
    for (const [problem, wanted] of rows) {
      assert.deepEqual(idsFor(problem), wanted, problem.kind);
    }
  });

  it('calls them as the menu of the row does, about that problem and that snapshot', () => {
    const problem: Problem = { kind: 'deltaTooOld', snapshot: 's', since: 0, limitHours: 72 };
    const [, ...all] = links(healthPage(problem));
    for (const { given, label, text } of all) {
      const [first, second] = given;
      assert.ok(isNode(first) && 'ref' in first);
      assert.deepEqual(first.ref, ref);
      assert.equal(parseCall(first, second, () => []).kind, 'rows');
      assert.ok(label.startsWith(`${text} `) && label.includes('web'), label);
    }
    const givenTo = (id: string): readonly unknown[] => all.find((one) => one.id === id)?.given ?? [];
    assert.deepEqual(givenTo('snoozeHealth')[1], { problem: keyOf(ref, problem) });
    assert.deepEqual(givenTo('mark')[1], { keep: true });
    assert.ok(['mark', 'deleteSnapshot'].every((id) => (givenTo(id)[0] as { snapshot?: string }).snapshot === 's'));
  });

  it('offers a repair where the doctor can do it, else what leads to it; and what makes more work here', () => {
    const problem: Problem = { kind: 'orphanTag', file: '/img/x', tag: 'x' };
    const repair = { kind: 'removeTag', file: '/img/x', tag: 'x' } as const;
    const doctor = (decision: 'plan' | 'refusal'): readonly string[] => {
      const plan = {
        kind: 'plan',
        request: { kind: 'repair', vm: ref, repair },
        steps: [],
        losses: [],
        warnings: [],
        progress: 'timeOnly',
      } as const;
      const refused = refuse('notOff', { vm: 'web', state: 'running', wanted: '' });
      const why = refuse('notRunning', { vm: 'web', state: 'off', wanted: '' }).refusal;
      const html = pageOf({
        abilities: [{ kind: 'createDisk', can: 'no', why }],
        diagnoses: [{ problem, repair: { repair, decision: decision === 'plan' ? plan : refused } }],
      });
      return links(html).map(({ id }) => id);
    };
    assert.deepEqual(doctor('plan'), ['checkHealth', 'repair', 'snoozeHealth', 'start']);
    assert.deepEqual(doctor('refusal'), ['checkHealth', 'snoozeHealth', 'shutDown', 'start']);
  });

  it('makes markup of nothing, runs our one script and calls our commands alone', () => {
    const evil = `<b onclick=x>"&'\n</style><script>`;
    const html = problemPage(
      { ...page, name: evil },
      [
        { kind: 'heading', level: 1, text: evil },
        { kind: 'text', text: evil, lead: evil },
        { kind: 'table', rows: [[evil], [evil, evil]] },
        { kind: 'contents', titles: [evil] },
        { kind: 'folded', text: evil, lead: evil, parts: [{ kind: 'text', text: evil }] },
        ...problemReport(
          ['a', 'b'].map((uuid) => ({
            view: vmView({ ref: { ...ref, uuid }, vm: vm({ name: evil }) }),
            ...{ diagnoses: [{ problem: { kind: 'orphanFile', file: evil, bytes: 1 } }], unjudged: [], snoozed: 0 },
          })),
          [evil],
          now,
        ),
      ],
      'abc',
    );
    assert.match(html, /default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"/);
    assert.ok(html.includes(`<script nonce="abc">${restoreFocusScript}</script>`));
    assert.equal(html.split('<script').length, 2);
    const bare = html
      .replaceAll(/"[^"]*"/g, '""')
      .replace('<body>', '')
      .replaceAll(/<\/?b>/g, '');
    assert.ok(!/<b|<img|<link|<iframe|<[^>]* on\w+=|url\(|@import|style="/i.test(bare));
    assert.ok(links(html).every(({ id }) => (problemLinks as readonly string[]).includes(`virtRewind.${id}`)));
  });

  it('calls a command on all VMs of a group as the menu of the selected rows does', () => {
    const problem: Problem = { kind: 'guestFrozen' };
    const others = ['a', 'b'].map((uuid) => vmView({ ref: { ...ref, uuid }, vm: vm({ name: uuid }) }));
    const html = pageOf(...others.map((one) => ({ view: one, diagnoses: [{ problem }] })));
    const [, snooze] = links(html);
    const [first, second] = snooze?.given ?? [];
    const call = parseCall(first, second, () => []);
    assert.ok(call.kind === 'rows');
    assert.deepEqual(call.rows.map((row) => 'ref' in row && row.ref.uuid).toSorted(), ['a', 'b']);
    assert.deepEqual(call.given, { problem: 'guestFrozen' });
    assert.match(html, /<details><summary><b>a:<\/b>/u);
  });
});
