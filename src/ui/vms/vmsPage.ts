// All VMs as a table with a line for each, which can be filtered, grouped and sorted, and from which several are chosen
// for one operation. A value in, HTML and rows out; the page's script makes text of the rows, never markup.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { htmlText } from '../../text/html.js';
import { bytesText } from '../../text/bytesText.js';
import { labelIn } from '../../text/connectionLabel.js';
import { fileName } from '../../text/questions/lossText.js';
import { agoText, relativeAge } from '../../text/relativeAge.js';
import { bytesTogether, type VmLine } from '../../text/rows/vmList.js';
import type { AnyCommandId } from '../../verbs/verbs.js';
import { pageHtml } from '../restoreFocus.js';
import { vmCountText } from '../../text/words.js';
import { vmsScript } from './vmsScript.js';

/** What the page can call with the VMs that are chosen in it. */
export const vmsCommands = [
  'virtRewind.createSnapshot',
  'virtRewind.revert',
  'virtRewind.prune',
  'virtRewind.deleteSnapshot',
  'virtRewind.backUp',
  'virtRewind.backupSchedules',
  'virtRewind.start',
  'virtRewind.shutDown',
  'virtRewind.protectVm',
  'virtRewind.checkHealth',
  'virtRewind.repair',
  'virtRewind.exportVms',
  'virtRewind.showPicture',
] as const satisfies readonly AnyCommandId[];

export type VmsCommand = (typeof vmsCommands)[number];

interface Cell {
  readonly text: string;
  /** Shown under the mouse, and found by the filter. */
  readonly more?: string;
  readonly sort: number | string;
}

/** What VMs are grouped by. */
type Groups = Readonly<Record<'system' | 'name' | 'connection', string>>;

interface ShownVm {
  readonly key: string;
  readonly power: VmLine['power'];
  readonly cells: readonly Cell[];
  readonly groups: Groups;
  /** What the filter looks for words in. */
  readonly words: string;
}

/** What is known of VMs beside their lines. */
interface BesideVms {
  readonly connections?: Parameters<typeof labelIn>[0];
  /** The name of its system, by the key of a VM. */
  readonly systems?: ReadonlyMap<string, string>;
  /** When the newest backup was made, in milliseconds since 1970, by the key of a VM. */
  readonly backups?: ReadonlyMap<string, number>;
  /** The keys of those that pass the filter, which the last line is about; absent: all. */
  readonly filtered?: ReadonlySet<string>;
}

/** What the page is told. */
interface ShownVms {
  readonly rows: readonly ShownVm[];
  /** A line for all. */
  readonly sum: readonly string[];
  readonly notes: readonly string[];
}

/** The shortest time that is worth a line. */
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** The shortest time that allows a statement about a day. */
const shortestMs = dayMs / 24;
/** What stands for what is not known. */
const unknown = '–';

export function vmsPage(nonce: string): string {
  const columns = [
    ...[t('VM'), t('State'), t('Health'), t('Connection'), t('Snapshots'), t('Oldest'), t('All files')],
    ...[t('Growth'), t('Last backup')],
  ];
  const buttons: readonly (readonly [VmsCommand, string, VmLine['power']?])[] = [
    ['virtRewind.createSnapshot', t('Create Snapshot…')],
    ['virtRewind.revert', t('Revert…')],
    ['virtRewind.prune', t('Prune…')],
    ['virtRewind.deleteSnapshot', t('Delete Snapshot…')],
    ['virtRewind.backUp', t('Back Up…')],
    ['virtRewind.backupSchedules', t('Schedules…')],
    ['virtRewind.start', t('Start'), 'off'],
    ['virtRewind.shutDown', t('Shut Down'), 'running'],
    ['virtRewind.protectVm', t('Protection…')],
    ['virtRewind.checkHealth', t('Check Health')],
    ['virtRewind.repair', t('Delete Leftover Files…')],
    ['virtRewind.exportVms', t('Export…')],
  ];
  const groups = { '': '–', system: t('System'), name: t('Name'), connection: t('Connection') };
  const words = {
    ...{ chosen: t('{0} selected'), none: unknown, shown: t('{0} of {1}') },
    hint: t('Click or Space selects, Shift a range. Enter shows the picture.'),
  };
  const data = Object.entries(words).map(([name, text]) => ` data-${name}="${htmlText(text)}"`);
  return pageHtml(
    { title: t('All VMs'), style: vmsStyle, nonce, script: vmsScript },
    `<main${data.join('')}>
<h1>${htmlText(t('All VMs'))}</h1>
<div class="tools">
<div class="line">
<input type="search" class="filter" placeholder="${htmlText(t('Filter'))}" aria-label="${htmlText(t('Filter'))}">
<label>${htmlText(t('Group by'))} <select class="by">${Object.entries(groups)
      .map(([value, text]) => `<option value="${value}">${htmlText(text)}</option>`)
      .join('')}</select></label>
<span role="status"></span>
</div>
<div class="line" role="toolbar" aria-label="${htmlText(t('With the selected VMs'))}">
${buttons.map(([command, text, power]) => `<button type="button" data-command="${command}"${power === undefined ? '' : ` data-power="${power}"`}>${htmlText(text)}</button>`).join('\n')}
</div>
</div>
<ul class="notes"></ul>
<table role="grid" aria-multiselectable="true" aria-label="${htmlText(t('All VMs'))}">
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
  beside: BesideVms = {},
): ShownVms {
  const all = bytesTogether(lines).bytes;
  const summed = beside.filtered === undefined ? lines : lines.filter(({ key }) => beside.filtered?.has(key));
  const together = bytesTogether(summed);
  const snapshots = summed.reduce((sum, line) => sum + (line.snapshots ?? 0), 0);
  const bytes = bytesText(together.bytes);
  return {
    rows: lines.map((line) => shownVm(line, all, now, beside)),
    sum: [
      ...[vmCountText(summed.length), '', '', '', String(snapshots), ''],
      ...[together.isLeast ? t('at least {0}', bytes) : bytes, '', ''],
    ],
    notes,
  };
}

function shownVm(line: VmLine, all: number, now: number, beside: BesideVms): ShownVm {
  const { key, name, power, connection } = line;
  const groups = {
    system: displayLine(beside.systems?.get(key) ?? ''),
    name: firstWord(name),
    connection: labelIn(beside.connections ?? [], connection),
  };
  const cells = cellsOf(line, groups.connection, all, now, beside.backups?.get(key));
  const words = [...cells.map(({ text, more = '' }) => `${text} ${more}`), groups.system].join(' ').toLowerCase();
  return { key, power, cells, groups, words };
}

/** What VMs of one kind have in common: `build` of `build-15`, `web` of `web03.example`. */
function firstWord(name: string): string {
  return /^\p{L}+/u.exec(name)?.[0] ?? name;
}

function cellsOf(line: VmLine, connection: string, all: number, now: number, backedUpAt?: number): readonly Cell[] {
  const { name, state, snapshots, oldestAt, problems = [] } = line;
  return [
    { text: name, sort: name },
    { text: state, sort: state },
    line.problems === undefined
      ? { text: t('not checked yet'), sort: -1 }
      : {
          // The same words in each line would hide the few that say more.
          text: [problems[0] ?? '✓', ...(problems.length > 1 ? [t('{0} more', problems.length - 1)] : [])].join(' · '),
          more: problems.length > 0 ? problems.join(' ') : t('No problems found.'),
          sort: problems.length,
        },
    { text: connection, sort: connection },
    { text: [String(snapshots ?? unknown), ...line.together].join(' · '), sort: snapshots ?? -1 },
    oldestAt === undefined ? { text: unknown, sort: -1 } : { text: relativeAge(oldestAt, now), sort: now - oldestAt },
    spaceCell(line, all),
    growthCell(line, now),
    backedUpAt === undefined ? { text: unknown, sort: -1 } : { text: agoText(backedUpAt, now), sort: now - backedUpAt },
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
    ...(note !== undefined && { more: t('{0}: {1}', fileName(note.file), bytesText(Number(note.bytes))) }),
    sort: bytes,
  };
}

function growthCell({ grown }: VmLine, now: number): Cell {
  const ms = grown === undefined ? 0 : now - grown.since;
  if (grown === undefined || ms < minuteMs) {
    return { text: unknown, sort: -1 };
  }
  const daily = (grown.bytes * dayMs) / Math.max(ms, shortestMs);
  return {
    text: t('{0} in {1}', bytesText(grown.bytes), relativeAge(grown.since, now)),
    ...(ms >= shortestMs && daily > 0 && { more: t('{0} a day', bytesText(daily)) }),
    sort: daily,
  };
}

/** How the page of all VMs looks: one line for each VM. */
const vmsStyle = `
html { scroll-padding: calc(var(--tools-height, 0px) + 2rem) 0 2rem; }
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0 1rem; font-size: 0.85rem; line-height: 1.3; }
h1 { font-size: 1.2rem; margin: 0.3rem 0 0; font-weight: 600; }
.tools { position: sticky; top: 0; z-index: 2; padding: 0.3rem 0; background: var(--vscode-editor-background); }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem; margin-bottom: 0.3rem; }
.tools button, .tools input, .tools select { font: inherit; padding: 0.1rem 0.4rem; border-radius: 2px; }
.tools button { cursor: pointer;
  background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground);
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.tools button:hover:enabled { background: var(--vscode-button-secondaryHoverBackground); }
.tools button:disabled { opacity: 0.5; cursor: default; }
.tools input { width: 14rem; color: var(--vscode-input-foreground); background: var(--vscode-input-background);
  border: 1px solid var(--vscode-input-border, var(--vscode-contrastBorder, var(--vscode-foreground))); }
.tools input::placeholder { color: var(--vscode-input-placeholderForeground); }
.tools select { color: var(--vscode-dropdown-foreground); background: var(--vscode-dropdown-background);
  border: 1px solid var(--vscode-dropdown-border, var(--vscode-contrastBorder, transparent)); }
[role=status] { color: var(--vscode-descriptionForeground); margin-inline-start: 0.4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; font-weight: 400; padding: 0.1rem 0.6rem 0.1rem 0; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; max-width: 12rem; }
td:nth-child(4) { width: 100%; max-width: 0; min-width: 8rem; }
td:nth-child(4) div { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; white-space: normal; }
td:nth-child(5) { max-width: 8rem; }
.one :is(th, td):nth-child(5) { display: none; }
:is(th, td):last-child { padding-right: 0; }
thead th { position: sticky; top: var(--tools-height, 0); z-index: 1; background: var(--vscode-editor-background);
  box-shadow: inset 0 -1px var(--vscode-foreground); }
tbody { user-select: none; cursor: default; }
tbody tr { border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
tbody tr:hover { background: var(--vscode-list-hoverBackground); color: var(--vscode-list-hoverForeground, inherit); }
tbody tr.chosen { background: var(--vscode-list-inactiveSelectionBackground); color: var(--vscode-list-inactiveSelectionForeground, inherit); }
tbody tr:focus-visible { outline: 1px solid var(--vscode-focusBorder, currentColor); outline-offset: -1px; }
.group th { font-weight: 600; padding-top: 0.3rem; }
tfoot td { position: sticky; bottom: 0; background: var(--vscode-editor-background); border-top: 1px solid var(--vscode-foreground); font-weight: 600; }
td:nth-child(n+6) { font-variant-numeric: tabular-nums; }
.sort { font: inherit; font-weight: 600; color: inherit; background: none; border: none; padding: 0; cursor: pointer; text-align: start; }
.sort:hover { text-decoration: underline; }
[aria-sort=ascending] .sort::after { content: ' ▲'; }
[aria-sort=descending] .sort::after { content: ' ▼'; }
.notes { list-style: none; padding: 0; margin: 0.1rem 0; color: var(--vscode-descriptionForeground); }
td input, th input { accent-color: var(--vscode-button-background); margin: 0 0.3rem 0 0; vertical-align: middle; }
button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
`;
