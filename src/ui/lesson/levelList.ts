// The list of levels, as the page of the lesson shows it while none is under way: values in, HTML out.
import { t } from '@vscode/l10n';
import type { LevelScore } from '../../lesson/lessonRun.js';
import type { Level, NamedLevel } from '../../lesson/levelShape.js';
import { textIn } from '../../lesson/levelText.js';
import { htmlText as escaped, linkHtml } from '../../text/html.js';
import { operationCountText } from '../../text/words.js';

/** A level in the list, with the best that this person reached. */
export interface ListedLevel extends NamedLevel {
  readonly best?: LevelScore;
}

/** @param current the one that is under way */
export function levelList(
  levels: readonly ListedLevel[],
  language: string,
  current?: NamedLevel | 'ended' | 'instead',
): string {
  const groups = new Map<string, ListedLevel[]>();
  for (const one of levels) {
    const group = one.level.group === undefined ? t('Levels') : textIn(one.level.group, language);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  const next = levels.find(({ best }) => best === undefined) ?? levels[0];
  const head =
    current === 'ended'
      ? `<h1>${escaped(t('Lesson Finished'))}</h1>${paragraph(t('The VM of the lesson, its snapshots and files were removed.'))}${paragraph(toTry())}`
      : `<h1>${escaped(t('Levels'))}</h1>`;
  const lists = [...groups].map(
    ([group, all]) =>
      `<h2>${escaped(group)}</h2><ul class="levels">${all.map((one) => listItem(one, language)).join('')}</ul>`,
  );
  const first =
    typeof current === 'object'
      ? startLink(current.id, t('Show Lesson'), 'button primary')
      : next === undefined
        ? ''
        : startLink(next.id, t('Start “{0}”', textIn(next.level.title, language)), 'button primary');
  return `<main><header>${head}</header><nav>${first}</nav>${lists.join('')}</main>`;
}

function listItem({ id, level, best }: ListedLevel, language: string): string {
  const about = level.about === undefined ? '' : `<small>${escaped(textIn(level.about, language))}</small>`;
  const done = best === undefined ? '' : ` <span class="state">✓ ${escaped(operationsText(best.steps, level))}</span>`;
  return `<li>${startLink(id, textIn(level.title, language), '')}${done}${about}</li>`;
}

function operationsText(steps: number, { golf }: Level): string {
  const count = operationCountText(steps);
  return golf?.steps === undefined ? count : t('{0} (best: {1})', count, golf.steps);
}

/** One thing to try, outside of the lesson. */
export function toTry(): string {
  return t(
    'Now use one of your own VMs: create a Quick Checkpoint (Ctrl+Alt+K), change something in the guest, and revert to the checkpoint.',
  );
}

function startLink(level: string, text: string, kind: string): string {
  const query = encodeURIComponent(JSON.stringify([[{ lesson: 'start', level }]]));
  return linkHtml(`command:virtRewind.lesson?${query}`, text, kind);
}

export function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}
