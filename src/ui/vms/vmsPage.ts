// All VMs as a table that can be sorted, from which several are chosen for one operation. A value in, HTML and rows
// out; the page's script makes text of the rows, never markup.
import { t } from '@vscode/l10n';
import { htmlText } from '../../text/html.js';
import { bytesText } from '../../text/bytesText.js';
import { labelIn } from '../../text/connectionLabel.js';
import { fileName } from '../../text/questions/shortLosses.js';
import { relativeAge } from '../../text/relativeAge.js';
import { bytesTogether, type VmLine } from '../../text/rows/vmList.js';
import type { CommandId } from '../../verbs/verbs.js';
import { pageHtml } from '../restoreFocus.js';
import { vmsScript } from './vmsScript.js';
import { vmsStyle } from './vmsStyle.js';
import { vmCountText } from '../../text/words.js';

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
