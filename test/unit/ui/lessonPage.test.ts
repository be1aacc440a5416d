// The page of the lesson: nothing from outside becomes markup, it loads and runs nothing, and calls our commands alone.
import assert from 'node:assert/strict';
import type { LessonView } from '../../../src/lesson/lessonRun.js';
import { lesson, lessonSteps } from '../../ownLevel.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import { Failure } from '../../../src/domain/failure.js';
import { restoreFocusScript } from '../../../src/ui/restoreFocus.js';
import { lessonLinks, lessonPage as pageOf } from '../../../src/ui/lesson/lessonPage.js';
import { argumentsOf, parseCall } from '../../../src/ui/commands/commandArguments.js';
import { snapshot } from './samples.js';

const view: LessonView = {
  vm: { connection: 'qemu:///session', uuid: 'u', name: 'lesson-1', folder: '/tmp/x' },
  level: lesson,
  inside: [],
  score: { steps: 0, bytes: 0 },
  state: { at: 3, reached: 3, phase: 'waiting' },
  facts: {
    power: 'running',
    snapshots: [],
    busy: false,
    writes: 1,
    measured: 0,
    files: [
      { name: 'base.qcow2', bytes: 8_000_000, kind: 'base', inUse: true },
      { name: 'base.First', bytes: 200_000, kind: 'delta', inUse: true },
    ],
    ticks: 77,
  },
  costs: [{ layers: 1, firstWrite: 71.6, nextWrite: 12.4, read: 9 }],
};

const lessonPage = (
  of: LessonView | undefined,
  nonce: string,
  more: Partial<Parameters<typeof pageOf>[0]> = {},
): string => pageOf({ levels: [], language: 'en', ...more, ...(of !== undefined && { view: of }) }, nonce);

describe('the page of the lesson', () => {
  it('runs our one script and loads nothing', () => {
    const html = lessonPage(view, 'abc');
    assert.match(html, /default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"/);
    assert.equal(html.split('<script').length, 2);
    assert.ok(html.includes(`<script nonce="abc">${restoreFocusScript}</script>`));
    assert.ok(!/<img|<link|<iframe| on\w+=|url\(|@import/i.test(html));
    assert.ok(!html.includes('style="'), 'styles in elements are not allowed by its own policy');
  });

  it('tells the last pause of the guest in seconds where it was one', () => {
    for (const [guestPausedMs, told] of [
      [143, '143 ms'],
      [3_500, '3.5 s'],
    ] as const) {
      const snapshots = [snapshot('one', { trailers: { guestPausedMs } })];
      assert.ok(lessonPage({ ...view, facts: { ...view.facts, snapshots } }, 'a').includes(`<dd>${told}</dd>`), told);
    }
  });

  it('names each link in words, where the editor would show its address', () => {
    const links = lessonPage({ ...view, state: { at: 0, reached: 0, phase: 'failed' } }, 'a').match(/<a .*?>/gu) ?? [];
    assert.ok(links.length > 0);
    assert.deepEqual(
      links.filter((link) => !/title="[^"]+"/u.test(link)),
      [],
    );
  });

  it('calls the commands of the lesson alone', () => {
    for (const [at] of lessonSteps.entries()) {
      const html = lessonPage(
        { ...view, state: { at, reached: at, phase: 'failed' }, failure: new Failure('failed') },
        'a',
      );
      const called = [...html.matchAll(/href="command:([^"?]*)\??([^"]*)"/g)].map(([, id = '', given = '']) => ({
        id,
        given: parseCall(...(JSON.parse(decodeURIComponent(given || '[]')) as [unknown?]), undefined, () => []),
      }));
      assert.ok(called.some(({ id, given }) => id === 'virtRewind.lesson' && argumentsOf(given).lesson === 'next'));
      assert.deepEqual(
        called.filter(({ id, given }) => !(lessonLinks as readonly string[]).includes(id) || given.kind === 'program'),
        [],
      );
    }
  });

  it('keeps names and errors as text', () => {
    const evil = `<b onclick=x>"&'\n</style>`;
    const html = lessonPage(
      {
        ...view,
        vm: { ...view.vm, name: evil },
        state: { ...view.state, phase: 'failed' },
        facts: { ...view.facts, files: [{ name: evil, bytes: 1, kind: 'delta' }] },
        virsh: evil,
        failure: new Failure('failed', { libvirtMessage: evil }),
      },
      'a',
    );
    assert.ok(!html.includes('<b onclick'));
    assert.equal(html.split('</style>').length, 2);
  });

  it('has the letter and the colour of each layer that the picture has, and names of files that stay short', () => {
    const files = [
      { name: 'base.qcow2', bytes: 8, kind: 'base', layer: 0 },
      { name: 'lesson-1.After-revert-to-First-of-all', bytes: 2, kind: 'delta' },
      { name: 'base.First', bytes: 2, kind: 'delta', layer: 9 },
    ] as const;
    const html = lessonPage({ ...view, facts: { ...view.facts, files } }, 'a');
    assert.match(html, /<tr class="of-0"><th scope="row"><span class="letter layer-0">A<\/span>base\.qcow2/);
    assert.match(html, /<tr class="of-1"><th scope="row"><span class="letter layer-1">J<\/span>base\.First/);
    assert.match(html, /<tr class=""><th scope="row">lesson-1\.[^<]*…[^<]*-all</);
  });

  it('shows what was measured in the step itself, once', () => {
    const at = lessonSteps.findIndex(({ lead }) => lead === 'costs');
    const html = lessonPage({ ...view, state: { at, reached: at, phase: 'done' } }, 'a');
    const [main = '', beside = ''] = html.split('</main>');
    assert.match(main, /<table class="costs">/);
    assert.doesNotMatch(beside, /<table class="costs">/);
  });

  it('explains the snapshot that a revert added, in the step of the revert', () => {
    const at = lessonSteps.findIndex(({ id }) => id === 'revert');
    const added: Snapshot = {
      name: 'l',
      title: 'After revert, 05:29',
      description: '',
      trailers: { auto: 'layout' },
      createdAt: 1,
      memory: { location: 'no' },
      kind: 'offline',
      style: 'external',
      state: 'off',
      disks: [],
    };
    const facts = { ...view.facts, snapshots: [added] };
    const html = (step: number): string =>
      lessonPage({ ...view, state: { at: step, reached: step, phase: 'done' }, facts }, 'a');
    assert.match(html(at), /role="note"><p>[^<]*After revert, 05:29/);
    assert.doesNotMatch(html(at + 1), /role="note"/);
    assert.doesNotMatch(lessonPage(view, 'a'), /role="note"/);
  });

  it('asks a person to do only what they can do without the lesson', () => {
    for (const [at, { do: acts = [] }] of lessonSteps.entries()) {
      const html = lessonPage({ ...view, state: { at, reached: at, phase: 'waiting' } }, 'a');
      const isGuests = acts.some(({ write, measure }) => (write ?? measure) !== undefined);
      assert.equal(html.includes('Do this yourself'), !isGuests);
      assert.ok(html.includes('ress “Do It for Me”.'));
    }
  });

  it('ends with what was learnt and one thing to try', () => {
    const at = lessonSteps.length - 1;
    const html = lessonPage({ ...view, state: { at, reached: at, phase: 'reading' } }, 'a');
    assert.equal(html.split('>End and Remove<').length, 2, 'one button');
    assert.ok((html.match(/<li>/g) ?? []).length >= 4);
    assert.match(html, /Quick Checkpoint/);
    assert.match(lessonPage(undefined, 'a', { list: 'ended' }), /Quick Checkpoint/);
  });

  it('says in words what a bar shows, and what is read now', () => {
    const html = lessonPage(view, 'a');
    for (const words of ['7.6 MB', '195 KB', '77', '72 µs', '12 µs', '9 µs']) {
      assert.ok(html.includes(words), words);
    }
  });

  it('explains a snapshot inside the image, and what the key does about it', () => {
    const inside: Snapshot = {
      name: 'mine',
      title: 'Mine <own>',
      description: '',
      trailers: {},
      createdAt: 1,
      state: 'running',
      memory: { location: 'internal' },
      disks: [],
      kind: 'memory',
      style: 'internal',
    };
    const html = (change: Partial<LessonView>): string =>
      lessonPage({ ...view, facts: { ...view.facts, snapshots: [inside] }, inside: [inside], ...change }, 'a');
    assert.ok(html({}).includes('role="note"') && html({}).includes('Mine &#60;own&#62;'));
    assert.ok(html({}).includes('Delete It and Continue') && !html({}).includes('role="alert"'));
    const passed = html({ state: { at: 2, reached: 3, phase: 'waiting' } });
    assert.ok(!passed.includes('role="note"') && !passed.includes('Delete it'));
    const automatic = { ...inside, trailers: { auto: 'layout' as const } };
    assert.ok(!html({ facts: { ...view.facts, snapshots: [automatic] }, inside: [] }).includes('role="note"'));
  });

  it('lists the levels in groups, with what was reached, and keeps their words as text', () => {
    const evil = { ...lesson.level, title: '<b>', group: '<i>', about: '<u>', golf: { steps: 3 } };
    const html = lessonPage(undefined, 'a', {
      levels: [
        { id: 'a', level: evil, best: { steps: 4, bytes: 9 } },
        { id: 'b', level: lesson.level },
      ],
      language: 'de',
    });
    assert.ok(!/<[biu]>/u.test(html));
    assert.match(html, /4 operations \(best: 3\)/);
    assert.match(html, /Start “Die ganze Lektion”/);
    assert.equal(html.split(encodeURIComponent('"lesson":"start"')).length, 4);
  });

  it('shows the goal as a picture, and a hint to those that want it', () => {
    const evil = 'A<script>';
    const [step] = lesson.level.steps;
    const goal = { snapshots: [{ title: evil }, { title: 'B', below: evil }], current: 'B' };
    const level = { ...lesson, level: { ...lesson.level, goal, steps: [{ ...step!, hint: '<hint>' }] } };
    const html = lessonPage({ ...view, level, state: { at: 0, reached: 0, phase: 'reading' } }, 'a');
    assert.match(html, /<svg [^]*<desc>[^<]*B, below A&#?[^<]*You are here, below B\.[^]*<\/svg>/);
    assert.match(html, /<details><summary>Hint<\/summary><p>[^<]*hint/);
    assert.ok(!html.includes('style="') && html.split('<script').length === 2);
  });

  it('ticks what of the goal is reached, and fills its bar when the last step is done', () => {
    const [step] = lesson.level.steps;
    const goal = { snapshots: [{ title: 'A' }, { title: 'B', below: 'A' }], current: 'A' };
    const level = { ...lesson, level: { ...lesson.level, goal, steps: [step!] } };
    const facts = { ...view.facts, snapshots: [snapshot('A')], current: 'A' };
    const page = (phase: LessonView['state']['phase']): string =>
      lessonPage({ ...view, level, facts, state: { at: 0, reached: 0, phase } }, 'a');
    const html = page('waiting');
    assert.deepEqual(
      ['✓ A', '✓ B', '✓ You are here'].map((title) => html.includes(`>${title}<`)),
      [true, false, true],
    );
    assert.match(html, /<progress max="1" value="0"/);
    assert.match(page('done'), /<progress max="1" value="1"/);
  });

  it('is another one when the lesson is over', () => {
    assert.notEqual(lessonPage(undefined, 'a'), lessonPage(view, 'a'));
    assert.ok(!lessonPage(undefined, 'a').includes('next'));
  });
});
