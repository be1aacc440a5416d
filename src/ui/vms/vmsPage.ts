// All VMs as a table that can be sorted, from which several are chosen for one operation. A value in, HTML and rows
// out; the page's script makes text of the rows, never markup.
import { t } from '@vscode/l10n';
import { htmlText } from '../../text/html.js';
import { bytesText } from '../../text/bytesText.js';
import { labelIn } from '../../text/connectionLabel.js';
import { fileName } from '../../text/questions/lossText.js';
import { relativeAge } from '../../text/relativeAge.js';
import { bytesTogether, type VmLine } from '../../text/rows/vmList.js';
import type { CommandId } from '../../verbs/verbs.js';
import { pageHtml } from '../restoreFocus.js';
import { vmCountText } from '../../text/words.js';

const vmsStyle = `
html { scroll-padding: calc(var(--tools-height, 0px) + 2rem) 0 2rem; }
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0.5rem 1rem; font-size: 0.85rem; line-height: 1.3; }
h1 { font-size: 1.3rem; margin: 0.3rem 0; font-weight: 600; }
.tools { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem; padding: 0.4rem 0;
  background: var(--vscode-editor-background); }
.tools button { font: inherit; padding: 0.15rem 0.5rem; border-radius: 2px; cursor: pointer;
  background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground);
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.tools button:hover:enabled { background: var(--vscode-button-secondaryHoverBackground); }
.tools button:disabled { opacity: 0.5; cursor: default; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; color: var(--vscode-descriptionForeground); padding: 0.2rem 0; }
th, td { text-align: start; vertical-align: top; font-weight: 400; padding: 0.15rem 0.8rem 0.15rem 0; white-space: nowrap; }
th[scope=row], td:last-child { white-space: normal; overflow-wrap: anywhere; }
th[scope=row] { min-width: 6rem; }
td:last-child { min-width: 9rem; padding-right: 0; }
thead th { position: sticky; top: var(--tools-height, 0); z-index: 1; background: var(--vscode-editor-background);
  box-shadow: inset 0 -1px var(--vscode-foreground); }
tbody tr { border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
tbody tr:hover { background: var(--vscode-list-hoverBackground); color: var(--vscode-list-hoverForeground, inherit); }
tbody tr.chosen { background: var(--vscode-list-inactiveSelectionBackground); color: var(--vscode-list-inactiveSelectionForeground, inherit); }
tfoot td { position: sticky; bottom: 0; background: var(--vscode-editor-background); border-top: 1px solid var(--vscode-foreground); font-weight: 600; }
td:nth-child(n+4):nth-child(-n+7) { font-variant-numeric: tabular-nums; }
small { display: block; font-size: 0.78rem; color: var(--vscode-descriptionForeground); }
.chosen small { color: inherit; }
.sort, .name { font: inherit; font-weight: 600; color: inherit; background: none; border: none; padding: 0; cursor: pointer; text-align: start; overflow-wrap: anywhere; }
.name { font-weight: 400; }
.name:hover, .sort:hover { text-decoration: underline; }
[aria-sort=ascending] .sort::after { content: ' ▲'; }
[aria-sort=descending] .sort::after { content: ' ▼'; }
.notes { list-style: none; padding: 0; margin: 0.2rem 0; color: var(--vscode-descriptionForeground); }
input { accent-color: var(--vscode-button-background); margin: 0.2rem 0.3rem 0 0; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
`;

// The script of the page with all VMs. It makes text of what it is told, keeps what is chosen, sorted and focused while
// the rows change, and asks for commands. Nothing from outside is in it.

/** Space: what takes the disk stands first. */
export const vmsScript = `
const api = acquireVsCodeApi();
const main = document.querySelector('main');
const body = document.querySelector('tbody');
const heads = [...document.querySelectorAll('.sort')];
const all = document.querySelector('.all');
const tools = [...document.querySelectorAll('[data-command]')];
const left = api.getState() ?? {};
const sort = left.sort ?? { at: 4, down: true };
const chosen = new Set(left.chosen ?? []);
const bar = document.querySelector('.tools');
let rows = [];
let last;
const keep = () => api.setState({ sort, chosen: [...chosen] });
const element = (tag, text, className = '') => Object.assign(document.createElement(tag), { textContent: text, className });
const order = (a, b) => {
  const [one, other] = [a.cells[sort.at].sort, b.cells[sort.at].sort];
  const by = typeof one === 'string' ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  return (sort.down ? -by : by) || a.cells[0].text.localeCompare(b.cells[0].text, undefined, { numeric: true });
};
function rowOf({ key, cells }) {
  const row = document.createElement('tr');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: chosen.has(key), ariaLabel: cells[0].text });
  box.dataset.key = key;
  box.addEventListener('click', ({ shiftKey }) => {
    const keys = rows.map((one) => one.key);
    const [from, to] = [keys.indexOf(shiftKey ? last : key), keys.indexOf(key)].sort((a, b) => a - b);
    for (const one of keys.slice(from < 0 ? to : from, to + 1)) box.checked ? chosen.add(one) : chosen.delete(one);
    last = key;
    mark();
  });
  row.append(document.createElement('td'));
  row.firstChild.append(box);
  cells.forEach(({ text, note }, at) => {
    const cell = document.createElement(at === 0 ? 'th' : 'td');
    if (at === 0) {
      cell.scope = 'row';
      const show = element('button', text, 'name');
      show.type = 'button';
      show.title = main.dataset.show;
      show.dataset.key = key;
      show.addEventListener('click', () => api.postMessage({ command: 'virtRewind.showPicture', vms: [key] }));
      cell.append(show);
    } else {
      cell.append(text);
    }
    if (note !== undefined) cell.append(element('small', note));
    row.append(cell);
  });
  return row;
}
function mark() {
  for (const box of body.querySelectorAll('input')) {
    box.checked = chosen.has(box.dataset.key);
    box.closest('tr').classList.toggle('chosen', box.checked);
  }
  all.checked = chosen.size > 0 && chosen.size === rows.length;
  all.indeterminate = chosen.size > 0 && !all.checked;
  tools.forEach((tool) => (tool.disabled = chosen.size === 0));
  document.querySelector('[role=status]').textContent = main.dataset.chosen.replace('{0}', String(chosen.size));
  keep();
}
function draw() {
  const { dataset, tagName } = document.activeElement ?? {};
  rows.sort(order);
  body.replaceChildren(...rows.map(rowOf));
  heads.forEach((head, at) => head.closest('th').setAttribute('aria-sort', at !== sort.at ? 'none' : sort.down ? 'descending' : 'ascending'));
  if (dataset?.key !== undefined) [...body.querySelectorAll(tagName)].find((one) => one.dataset.key === dataset.key)?.focus();
  mark();
}
heads.forEach((head, at) => head.addEventListener('click', () => {
  sort.down = sort.at === at ? !sort.down : at > 1;
  sort.at = at;
  draw();
}));
all.addEventListener('click', () => {
  rows.forEach(({ key }) => (all.checked ? chosen.add(key) : chosen.delete(key)));
  mark();
});
tools.forEach((tool) => tool.addEventListener('click', () => {
  const vms = rows.filter(({ key }) => chosen.has(key)).map(({ key }) => key);
  api.postMessage({ command: tool.dataset.command, vms });
}));
addEventListener('message', ({ data }) => {
  rows = data.rows;
  const keys = new Set(rows.map(({ key }) => key));
  for (const key of [...chosen]) if (!keys.has(key)) chosen.delete(key);
  const sum = document.createElement('tr');
  sum.append(document.createElement('td'), ...data.sum.map((text) => element('td', text)));
  document.querySelector('tfoot').replaceChildren(sum);
  document.querySelector('.notes').replaceChildren(...data.notes.map((text) => element('li', text)));
  draw();
});
// The head of the table stands below the toolbar, which takes as many lines as it needs.
new ResizeObserver(() => document.documentElement.style.setProperty('--tools-height', bar.offsetHeight + 'px')).observe(bar);
mark();
api.postMessage({ command: 'ready', vms: [] });
`;

/** What the page can call with the VMs that are chosen in it. */
export const vmsCommands = [
  'virtRewind.createSnapshot',
  'virtRewind.revert',
  'virtRewind.prune',
  'virtRewind.deleteSnapshot',
  'virtRewind.repair',
  'virtRewind.checkHealth',
  'virtRewind.exportVms',
  'virtRewind.showPicture',
] as const satisfies readonly CommandId[];

export type VmsCommand = (typeof vmsCommands)[number];

interface Cell {
  readonly text: string;
  /** Below it, smaller. */
  readonly note?: string;
  readonly sort: number | string;
}

/** What the page is told. */
interface ShownVms {
  readonly rows: readonly { readonly key: string; readonly cells: readonly Cell[] }[];
  /** A line for all. */
  readonly sum: readonly string[];
  readonly notes: readonly string[];
}

const dayMs = 86_400_000;
/** Of a shorter time nothing is said for a day. */
const shortestMs = dayMs / 24;
/** What stands for what is not known. */
const unknown = '–';

export function vmsPage(nonce: string): string {
  const columns = [t('VM'), t('State'), t('Snapshots'), t('Oldest'), t('Space'), t('Growth'), t('Health')];
  const buttons: readonly (readonly [VmsCommand, string])[] = [
    ['virtRewind.createSnapshot', t('Create Snapshot…')],
    ['virtRewind.revert', t('Revert…')],
    ['virtRewind.prune', t('Prune…')],
    ['virtRewind.deleteSnapshot', t('Delete Snapshot…')],
    ['virtRewind.repair', t('Delete Leftover Files…')],
    ['virtRewind.checkHealth', t('Check Health')],
    ['virtRewind.exportVms', t('Export…')],
  ];
  return pageHtml(
    { title: t('All VMs'), style: vmsStyle, nonce, script: vmsScript },
    `<main data-chosen="${htmlText(t('{0} selected'))}" data-show="${htmlText(t('Show Picture'))}">
<h1>${htmlText(t('All VMs'))}</h1>
<div class="tools" role="toolbar" aria-label="${htmlText(t('With the selected VMs'))}">
${buttons.map(([command, text]) => `<button type="button" data-command="${command}">${htmlText(text)}</button>`).join('\n')}
<span role="status"></span>
</div>
<ul class="notes"></ul>
<table>
<caption>${htmlText(t('Select VMs with the boxes, Shift for a range. A button in the head sorts.'))}</caption>
<thead><tr><th scope="col"><input type="checkbox" class="all" aria-label="${htmlText(t('Select all'))}"></th>${columns
      .map((title) => `<th scope="col"><button type="button" class="sort">${htmlText(title)}</button></th>`)
      .join('')}</tr></thead>
<tbody></tbody>
<tfoot></tfoot>
</table>
</main>`,
  );
}

/** @param notes sentences about what is not shown */
export function shownVms(
  lines: readonly VmLine[],
  notes: readonly string[],
  now: number,
  connections: Parameters<typeof labelIn>[0] = [],
): ShownVms {
  const together = bytesTogether(lines);
  const several = new Set(lines.map(({ connection }) => connection)).size > 1;
  const note = ({ connection }: VmLine) => (several ? { note: labelIn(connections, connection) } : {});
  const snapshots = lines.reduce((sum, line) => sum + (line.snapshots ?? 0), 0);
  const bytes = bytesText(together.bytes);
  return {
    rows: lines.map((line) => ({ key: line.key, cells: cellsOf(line, note(line), together.bytes, now) })),
    sum: [
      vmCountText(lines.length),
      '',
      String(snapshots),
      '',
      together.isLeast ? t('at least {0}', bytes) : bytes,
      '',
      '',
    ],
    notes,
  };
}

function cellsOf(line: VmLine, note: { readonly note?: string }, all: number, now: number): readonly Cell[] {
  const { name, state, snapshots, oldestAt, problems = [] } = line;
  return [
    { text: name, ...note, sort: name },
    { text: state, sort: state },
    { text: String(snapshots ?? unknown), sort: snapshots ?? -1 },
    oldestAt === undefined ? { text: unknown, sort: -1 } : { text: relativeAge(oldestAt, now), sort: now - oldestAt },
    spaceCell(line, all),
    growthCell(line, now),
    line.problems === undefined
      ? { text: t('not checked yet'), sort: -1 }
      : {
          text: problems[0] ?? t('No problems found.'),
          ...(problems.length > 1 && { note: t('{0} more', problems.length - 1) }),
          sort: problems.length,
        },
  ];
}

function spaceCell({ bytes, largest }: VmLine, all: number): Cell {
  if (bytes === undefined || bytes === 'unknown') {
    return { text: bytes === undefined ? unknown : t('size unknown'), sort: -1 };
  }
  const share = all === 0 ? 0 : Math.round((100 * bytes) / all);
  const note = largest === undefined || largest.bytes === 'unknown' ? undefined : largest;
  return {
    text: `${bytesText(bytes)} · ${share} %`,
    ...(note !== undefined && { note: t('{0}: {1}', fileName(note.file), bytesText(Number(note.bytes))) }),
    sort: bytes,
  };
}

function growthCell({ grown }: VmLine, now: number): Cell {
  if (grown === undefined) {
    return { text: unknown, sort: -1 };
  }
  const ms = now - grown.since;
  const daily = (grown.bytes * dayMs) / Math.max(ms, shortestMs);
  return {
    text: t('{0} in {1}', bytesText(grown.bytes), relativeAge(grown.since, now)),
    ...(ms >= shortestMs && daily > 0 && { note: t('{0} a day', bytesText(daily)) }),
    sort: daily,
  };
}
