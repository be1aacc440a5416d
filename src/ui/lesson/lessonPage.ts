// The lesson as a page: a value in, HTML out, in which nothing from outside is markup. What can be pressed are links
// to commands.
import { t } from '@vscode/l10n';
import type { LessonView } from '../../lesson/lessonRun.js';
import { layoutSnapshot, type LessonFile } from '../../lesson/lessonFacts.js';
import type { LevelStep, LevelText } from '../../lesson/levelShape.js';
import { textIn } from '../../lesson/levelText.js';
import type { CommandArguments } from '../../verbs/arguments.js';
import type { CommandId } from '../../verbs/verbs.js';
import type { LayerCost } from '../../domain/layerCost.js';
import { bytesText } from '../../text/bytesText.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { htmlText as escaped, linkHtml } from '../../text/html.js';
import { layerLetter } from '../../text/rows/layerLetter.js';
import { shortInMiddle } from '../../text/shortInMiddle.js';
import { measuredText } from '../../text/relativeAge.js';
import { layerCostSentences } from '../../text/problems/layerCostText.js';
import { powerWord } from '../../text/words.js';
import { pageHtml } from '../restoreFocus.js';
import { layerColors, type LayerColors } from '../layerColors.js';
import { goalPicture } from './goalPicture.js';
import { levelList, type ListedLevel, paragraph, toTry } from './levelList.js';

function perLayer(rule: (layer: number) => string): string {
  return layerColors.light.layers.map((_, layer) => rule(layer)).join('\n');
}

function variables({ layers, inks }: LayerColors): string {
  return perLayer((layer) => `--layer-${layer}: ${layers[layer] ?? ''}; --ink-${layer}: ${inks[layer] ?? ''};`);
}

/**
 * Large enough for the last row of a room; one column where the editor is narrow. A theme of high contrast brings its
 * own colours: the system's would empty the bars and take the layers theirs.
 */
export const lessonStyle = `
:root { ${variables(layerColors.light)} }
.vscode-dark, .vscode-high-contrast:not(.vscode-high-contrast-light) { ${variables(layerColors.dark)} }
body { forced-color-adjust: none; font-size: 1.25rem; line-height: 1.5; color: var(--vscode-foreground); padding: 1rem 1.5rem; display: grid;
  gap: 0 3rem; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); max-width: 90rem; }
header, section, footer { grid-column: 1 / -1; }
aside > h2:first-child { margin-top: 0.75rem; }
.place, .hint { color: var(--vscode-descriptionForeground); margin: 0; font-size: 1rem; }
progress { appearance: none; width: 100%; height: 0.6rem; border: none; background: none; }
progress::-webkit-progress-bar { background: transparent; border: 1px solid var(--vscode-foreground); border-radius: 0.3rem; }
progress::-webkit-progress-value { background: var(--vscode-textLink-foreground, Highlight); border-radius: 0.3rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0.4rem 0; font-weight: 600; }
p { margin: 0.5rem 0; }
li { margin: 0.25rem 0; }
.levels { list-style: none; padding: 0; } .levels li { margin: 0.6rem 0; } .levels small { display: block; color: var(--vscode-descriptionForeground); }
summary { cursor: pointer; } svg { max-width: 100%; height: auto; }
h2 { font-size: 1.25rem; margin: 1.5rem 0 0.5rem; font-weight: 600; }
.task { border-left: 0.3rem solid var(--vscode-focusBorder, currentColor); padding-left: 1rem; }
.state { font-weight: 600; }
.note { border: 2px solid var(--vscode-focusBorder, currentColor); padding: 0 1rem; margin-bottom: 1rem; }
.failure { border: 2px solid var(--vscode-errorForeground, currentColor); padding: 0 1rem 1rem; margin-bottom: 1rem; }
html { scroll-padding-bottom: 5rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; font-size: 1rem; margin: 0.5rem 0; padding: 0.5rem 0;
  position: sticky; bottom: 0; background: var(--vscode-editor-background); }
.button { padding: 0.35rem 0.6rem; text-decoration: none; border-radius: 2px;
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.primary { background: var(--vscode-button-background); color: var(--vscode-button-foreground); font-weight: 600; }
.primary:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
.secondary { background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground); }
.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); color: var(--vscode-button-secondaryForeground); }
.button:focus-visible { outline: 3px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.75rem 1rem; background: var(--vscode-textCodeBlock-background);
  border: 1px solid var(--vscode-contrastBorder, transparent); }
code { font-family: var(--vscode-editor-font-family, monospace); font-size: 1rem; color: var(--vscode-foreground); background: none; }
dl { margin: 0; } dl div { display: flex; justify-content: space-between; gap: 1rem; }
dt { color: var(--vscode-descriptionForeground); } dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; font-size: 1rem; }
th { text-align: left; font-weight: 400; overflow-wrap: anywhere; padding: 0.1rem 0.5rem 0.1rem 0; }
thead th:last-child { text-align: right; padding-right: 0; }
thead th { color: var(--vscode-descriptionForeground); }
th small { margin-left: 0.5rem; font-weight: 400; color: var(--vscode-descriptionForeground); }
td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.costs thead th:not(:first-child) { text-align: right; }
.costs th, .costs td { padding: 0.2rem 0 0.2rem 1rem; } .costs th:first-child { padding-left: 0; }
tr.used th { font-weight: 600; }
meter { width: 6rem; height: 1rem; }
meter::-webkit-meter-bar { background: transparent; border: 1px solid var(--vscode-foreground); border-radius: 0; }
meter::-webkit-meter-optimum-value { background: var(--vscode-charts-foreground, var(--vscode-foreground)); }
${perLayer(
  (layer) => `.layer-${layer} { background: var(--layer-${layer}); color: var(--ink-${layer}); }
tr.of-${layer} meter::-webkit-meter-optimum-value { background: var(--layer-${layer}); }`,
)}
.letter { display: inline-block; min-width: 1.5em; margin-right: 0.5em; padding: 0 0.25em; border-radius: 2px; text-align: center;
  font-weight: 600; font-size: 0.9em; }
@media (max-width: 60rem) { body { gap: 0 1.5rem; font-size: 1.15rem; } table { font-size: 0.9rem; } meter { width: 3rem; }
  dl { font-size: 1rem; } nav { font-size: 0.875rem; } }
@media (max-width: 45rem) { body { display: block; font-size: 1.05rem; padding: 0.5rem 1rem; } h1 { font-size: 1.6rem; } }
@media (max-width: 25rem) { meter { width: 3rem; } }
`;

/** The commands that the page may call. */
export const lessonLinks = ['virtRewind.lesson', 'virtRewind.showLog'] as const satisfies readonly CommandId[];

/** The longest name of a file; the middle of a longer one is cut out. */
const longestName = 26;

interface LessonPage {
  readonly view?: LessonView;
  /** One was under way; or the list stands instead of the step. */
  readonly list?: 'ended' | 'instead';
  readonly levels: readonly ListedLevel[];
  /** As VS Code names it. */
  readonly language: string;
}

export function lessonPage(shown: LessonPage, nonce: string): string {
  const { view, language, levels, list } = shown;
  const content = view && list !== 'instead' ? page(view, language) : levelList(levels, language, view?.level ?? list);
  return pageHtml({ title: t('Virt Rewind: Lesson'), style: lessonStyle, nonce }, content);
}

function page(view: LessonView, language: string): string {
  const { state, failure, virsh, level } = view;
  const { steps, title, learnt, goal } = level.level;
  const step = steps[state.at];
  if (step === undefined) {
    return '';
  }
  const passed = state.at < state.reached;
  const isLast = state.at + 1 === steps.length;
  const isDone = passed || state.phase === 'done' || state.phase === 'reading';
  const tell = (text: LevelText): string => paragraph(textIn(text, language));
  const place = t('Step {0} of {1}', state.at + 1, steps.length);
  return `<header>
<p class="place">${escaped(t('{0}: {1}', textIn(title, language), place))}</p>
<progress max="${String(steps.length)}" value="${String(state.at + (isDone ? 1 : 0))}" aria-label="${escaped(place)}"></progress>
</header>
<main>
<h1>${escaped(textIn(step.title, language))}</h1>
${step.lead === 'costs' ? costTable(view.costs) : ''}
${step.say.map(tell).join('\n')}
${isLast && learnt !== undefined ? recapBlock(learnt.map((text) => textIn(text, language))) : ''}
${step.task === undefined ? '' : `<p class="task"><strong>${escaped(t('To do:'))}</strong> ${escaped(textIn(step.task, language))}</p>`}
${step.hint === undefined || passed ? '' : `<details><summary>${escaped(t('Hint'))}</summary>${tell(step.hint)}</details>`}
<p class="state" role="status">${escaped(stateText(step, view, passed))}</p>
${failure === undefined || passed ? '' : failureBlock(view)}
${passed ? '' : insideBlock(view)}
${step.do?.some(({ revert }) => revert !== undefined) === true ? addedBlock(view) : ''}
<nav aria-label="${escaped(t('Lesson'))}">
${partLink('next', nextText(view, passed, isLast), 'primary')}
${state.at === 0 ? '' : partLink('back', t('Back'))}
${partLink('restart', t('Start Over'))}
${partLink('levels', t('All Levels'))}
${isLast && isDone ? '' : partLink('end', t('End and Remove'))}
</nav>
</main>
<aside>${goal === undefined ? '' : `<h2>${escaped(t('Goal'))}</h2>${goalPicture(goal, view.facts)}`}${asideOf(step, view)}</aside>
<footer><p class="hint">${escaped(t('Next step: Ctrl+Alt+N anywhere, or Page Down outside editors and lists.'))}</p></footer>
${virsh === undefined ? '' : `<section aria-label="${escaped(t('Manually'))}"><h2>${escaped(t('Manually'))}</h2><pre><code>${escaped(virsh)}</code></pre></section>`}`;
}

/** What the step is about comes first. */
function asideOf({ lead }: LevelStep, view: LessonView): string {
  const { files: list } = view.facts;
  const [facts, all, costs] = [factList(view), files(list), costTable(view.costs)];
  switch (lead ?? 'files') {
    case 'facts':
      return facts + all + costs;
    case 'costs':
      // What was measured stands in the step itself, which is in sight where this is not.
      return all + facts;
    case 'files':
      return all + costs + facts;
  }
}

function factList(view: LessonView): string {
  const { facts, level, score } = view;
  const { golf } = level.level;
  const size = bytesText(sum(facts.files));
  const blocks = Object.entries(facts.blocks ?? {}).map(([at, seed]) =>
    fact(t('Block {0} of the disk', at), seed === 0 ? '–' : String(seed)),
  );
  return `<h2>${escaped(t('Current VM'))}</h2>
<dl>
${fact(t('Name'), view.vm.name)}
${fact(t('State'), powerWord({ power: facts.power, powerReason: 'other', managedSave: false }))}
${fact(t('Clock ticks in RAM'), facts.ticks === undefined ? '–' : String(facts.ticks))}
${facts.counter === undefined || facts.counter === 0 ? '' : fact(t('Counter in RAM'), String(facts.counter))}
${blocks.join('')}
${fact(t('Snapshots'), String(facts.snapshots.length))}
${fact(t('Last pause of the VM'), pauseText(view))}
${golf?.steps === undefined ? '' : fact(t('Operations'), t('{0} (best: {1})', score.steps, golf.steps))}
${fact(t('All files'), golf?.bytes === undefined ? size : t('{0} (best: {1})', size, bytesText(golf.bytes)))}
</dl>`;
}

function stateText({ do: acts = [] }: LevelStep, { state, facts }: LessonView, passed: boolean): string {
  if (passed || state.phase === 'done') {
    return t('Done.');
  }
  switch (state.phase) {
    case 'reading':
      return t('This step needs no action.');
    case 'waiting':
      if (facts.busy) {
        return t('In progress…');
      }
      // Only the lesson can make its guest write and count, measure, and take files away.
      return acts.some(
        ({ write, count, measure, lose, find }) => (write ?? count ?? measure ?? lose ?? find) !== undefined,
      )
        ? t('Press “Do It for Me”.')
        : t('Do this yourself, or press “Do It for Me”.');
    case 'doing':
      return t('The lesson is doing it…');
    case 'failed':
      return t('This step failed.');
  }
}

function nextText({ state, inside }: LessonView, passed: boolean, isLast: boolean): string {
  if (!passed && (state.phase === 'waiting' || state.phase === 'failed' || state.phase === 'doing')) {
    if (inside.length > 0) {
      return t('Delete It and Continue');
    }
    return state.phase === 'failed' ? t('Try Again') : t('Do It for Me');
  }
  return isLast ? t('End and Remove') : t('Next Step');
}

function failureBlock({ failure }: LessonView): string {
  if (failure === undefined) {
    return '';
  }
  return `<div class="failure" role="alert">${paragraph(failureMessage(failure))}${link(
    'virtRewind.showLog',
    t('Show Log'),
  )}</div>`;
}

/** It is no mistake: the VM's menu offers that kind first. */
function insideBlock({ inside, state }: LessonView): string {
  const [one] = inside;
  if (one === undefined || (state.phase !== 'waiting' && state.phase !== 'failed')) {
    return '';
  }
  return `<div class="note" role="note">${paragraph(
    t(
      'You created “{0}”, a snapshot inside the image. That works and uses a single file. But it adds no layer, which is the topic of this lesson, and a VM must not mix both styles. The next step deletes it. The lesson then continues from here.',
      one.title,
    ),
  )}</div>`;
}

/** What came of the lesson's revert without being asked for. */
function addedBlock({ facts }: LessonView): string {
  const added = layoutSnapshot(facts);
  if (added === undefined) {
    return '';
  }
  return `<div class="note" role="note">${[
    t('The revert created “{0}”. It is dimmed in the view.', added.title),
    t('It contains files that the VM uses now. Without it, a newer libvirt would delete one of them.'),
  ]
    .map(paragraph)
    .join('')}</div>`;
}

function recapBlock(learnt: readonly string[]): string {
  const items = learnt.map((sentence) => `<li>${escaped(sentence)}</li>`);
  return `<h2>${escaped(t('What You Have Seen'))}</h2><ul>${items.join('')}</ul>
<h2>${escaped(t('Try This'))}</h2>${paragraph(toTry())}`;
}

function pauseText({ facts }: LessonView): string {
  const newest = [...facts.snapshots]
    .filter(({ trailers }) => trailers.guestPausedMs !== undefined)
    .sort((a, b) => b.createdAt - a.createdAt)[0]?.trailers.guestPausedMs;
  return newest === undefined ? '–' : measuredText(newest);
}

function sum(list: readonly LessonFile[]): number {
  return list.reduce((total, { bytes }) => total + bytes, 0);
}

/** Newest on top, as the layers lie on each other. The length of a bar stands beside it as a number. */
function files(list: readonly LessonFile[]): string {
  const most = Math.max(1, ...list.map(({ bytes }) => bytes));
  const rows = [...list].reverse().map(({ name, bytes, kind, inUse, layer }) => {
    const words = [kindWord(kind), ...(inUse === true ? [t('read now')] : [])].join(', ');
    const color = layer === undefined ? undefined : layer % layerColors.light.layers.length;
    const sign =
      layer === undefined || color === undefined
        ? ''
        : `<span class="letter layer-${color}">${layerLetter(layer)}</span>`;
    const classes = [...(color === undefined ? [] : [`of-${color}`]), ...(inUse === true ? ['used'] : [])].join(' ');
    return `<tr class="${classes}"><th scope="row">${sign}${escaped(shortInMiddle(name, longestName))}<small>${escaped(words)}</small></th><td><meter min="0" max="${String(most)}" value="${String(bytes)}" aria-hidden="true"></meter></td><td>${escaped(bytesText(bytes))}</td></tr>`;
  });
  return `<h2>${escaped(t('Files'))}</h2><table><thead><tr><th scope="col">${escaped(t('File'))}</th><th scope="col" colspan="2">${escaped(t('Size'))}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function kindWord(kind: LessonFile['kind']): string {
  switch (kind) {
    case 'base':
      return t('base');
    case 'delta':
      return t('delta');
    case 'memory':
      return t('RAM of a snapshot');
  }
}

function costTable(costs: readonly LayerCost[]): string {
  if (costs.length === 0) {
    return '';
  }
  const heads = [t('Above the base'), t('First write'), t('Next write'), t('Read')];
  const cell = (microseconds: number): string => `<td>${escaped(t('{0} µs', Math.round(microseconds)))}</td>`;
  const rows = costs.map(
    ({ layers, firstWrite, nextWrite, read }) =>
      `<tr><th scope="row">${escaped(layers === 0 ? t('no layer') : layers === 1 ? t('1 layer') : t('{0} layers', layers))}</th>${[firstWrite, nextWrite, read].map(cell).join('')}</tr>`,
  );
  return `<h2>${escaped(t('One 4 KB request'))}</h2><table class="costs"><thead><tr>${heads
    .map((head) => `<th scope="col">${escaped(head)}</th>`)
    .join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>${layerCostSentences(costs).map(paragraph).join('')}`;
}

function fact(name: string, value: string): string {
  return `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`;
}

function partLink(lesson: NonNullable<CommandArguments['lesson']>, text: string, kind?: string): string {
  return link('virtRewind.lesson', text, kind, [[{ lesson }]]);
}

/** @param given as a key gives it: the command tells itself what went wrong */
function link(
  command: (typeof lessonLinks)[number],
  text: string,
  kind = 'secondary',
  given: readonly (readonly [CommandArguments])[] = [],
): string {
  const query = given.length === 0 ? '' : `?${encodeURIComponent(JSON.stringify(given))}`;
  return linkHtml(`command:${command}${query}`, text, `button ${kind}`);
}
