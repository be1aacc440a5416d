// The buttons of each question stand beside each other in a narrow window, in each language.
import assert from 'node:assert/strict';
import { config, t } from '@vscode/l10n';
import { languages, sentencesOf, sources } from '../../../scripts/translations.mjs';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import { confirmLabel, revertLabel } from '../../../src/text/operations/operationText.js';
import { buttonsWidth, roomForButtons } from '../../buttonWidth.js';
import { before } from '../domain/someFacts.js';
import { ref } from '../ui/samples.js';

const [{ english, of }] = sources;
const known = sentencesOf(english);

/** A label as the code has it: what the code does not say any more is no question's. */
function label(text: string): string {
  assert.ok(text in known, `nothing says “${text}”`);
  return t(text);
}

/** Sixty snapshots are many. */
const many = Array.from({ length: 60 }, (_, index) => `s${index}`);
const merge = { snapshot: 's0', target: 'vda', overlay: '/i/1', base: '/i/0' };

function confirm(request: OperationRequest, changes: Partial<Plan> = {}): string {
  return confirmLabel({
    kind: 'plan',
    request,
    before,
    steps: [],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
    ...changes,
  });
}

/** What a person may press in each question, but for Cancel. */
function questions(): Readonly<Record<string, readonly string[]>> {
  const withDetails = Object.entries(detailed()).map(([name, own]) => [name, [...own, label('Details…')]] as const);
  return {
    ...Object.fromEntries(withDetails),
    'judge a restore point': [label('Good'), label('Bad'), label('Skip'), label('Examine…')],
  };
}

function detailed(): Readonly<Record<string, readonly string[]>> {
  const other = label('Other…');
  const trash = label('Move to Trash');
  const power = (action: 'start' | 'shutDown' | 'forceOff' | 'pause' | 'resume' | 'restart'): string =>
    confirm({ kind: 'power', vm: ref, action });
  const one = { kind: 'delete', vm: ref, snapshot: 's0', scope: 'one' } as const;
  const prune = { kind: 'prune', vm: ref, snapshots: many } as const;
  const consolidate = { kind: 'consolidate', vm: ref } as const;
  return {
    'revert and run': [revertLabel('running'), other],
    'revert and pause': [revertLabel('paused'), other],
    'revert and leave off': [revertLabel('off'), other],
    'undo and run': [revertLabel('running', true), other],
    'undo and pause': [revertLabel('paused', true), other],
    'undo and leave off': [revertLabel('off', true), other],
    delete: [confirm(one), trash],
    'delete a branch': [confirm({ ...one, scope: 'withDescendants' }, { deletes: many }), trash],
    'delete several': [t('Delete {0} Snapshots', many.length), trash],
    prune: [confirm(prune, { deletes: many })],
    'prune and merge': [confirm(prune, { deletes: many, merges: [merge] })],
    'consolidate snapshots': [confirm(consolidate, { deletes: many }), other],
    'consolidate one': [confirm(consolidate, { deletes: ['s0'] }), other],
    'consolidate files': [confirm(consolidate, { merges: many.map((snapshot) => ({ ...merge, snapshot })) }), other],
    'take a snapshot': [confirm({ kind: 'create', vm: ref, snapshotKind: 'memory', title: 'a' })],
    start: [power('start')],
    'shut down': [power('shutDown')],
    'force off': [power('forceOff')],
    restart: [power('restart')],
    'throw a clone away': [confirm({ kind: 'discard', vm: ref })],
    repair: [confirm({ kind: 'repair', vm: ref, repair: { kind: 'removeTag', file: '/i/a', tag: 'a' } })],
    'restore a state': [label('Restore')],
    finish: [label('Finish'), label('Mark as Resolved')],
    'dismiss what broke off': [label('Mark as Resolved')],
    unprotect: [label('Unprotect')],
    'dissolve a system': [label('Ungroup')],
    'create a lab': [label('Create')],
    'destroy a lab': [label('Destroy')],
    bisect: [label('Start'), label('Start, Test Each Three Times')],
    'end a bisect': [label('End Bisect')],
  };
}

/** VS Code's own word. */
const cancels: Readonly<Record<string, string>> = { en: 'Cancel', de: 'Abbrechen', 'zh-cn': '取消' };

describe('the buttons of a question', () => {
  after(() => config({ contents: {} }));

  for (const language of ['en', ...languages] as const) {
    it(`fit a window of 560 px (${language})`, () => {
      config({ contents: language === 'en' ? {} : sentencesOf(of(language)) });
      const cut = Object.entries(questions()).flatMap(([name, own]) => {
        const labels = [...own, cancels[language] ?? ''];
        const width = Math.ceil(buttonsWidth(labels));
        return width <= roomForButtons ? [] : [`${name}: ${width} px: ${labels.join(' | ')}`];
      });
      assert.deepEqual(cut, []);
    });
  }
});
