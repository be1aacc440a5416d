// The history as a page: who did what to which VM, with Undo where something can be undone. A value in, HTML out, in
// which nothing from outside is markup. What can be pressed are links to commands, which ask as they do elsewhere.
import { t } from '@vscode/l10n';
import type { UndoableOperation } from '../../engine/undoLook.js';
import type { VmRef } from '../../domain/vm.js';
import type { CommandId } from '../../verbs/verbs.js';
import { type HistoryRow, olderText } from '../../text/historyRows.js';
import { longestCommand } from '../../text/historyText.js';
import { htmlText } from '../../text/html.js';
import { pageHtml } from '../restoreFocus.js';
import type { Node } from '../tree/nodes.js';
import { historyStyle } from './historyStyle.js';

/** The commands that the page may call. */
export const historyLinks = ['virtRewind.undo', 'virtRewind.revert'] as const satisfies readonly CommandId[];

/** What can be done about an entry now. */
export interface WayBack {
  readonly ref: VmRef;
  /** Id in the log of the VM. */
  readonly entry?: string;
  /** What undoes it, or why nothing does. */
  readonly words?: string;
  readonly does?: UndoableOperation['does'];
  /** The state before it can be had back, with all that was done after it. */
  readonly restores?: boolean;
  /** Name of the snapshot that an agent's step took before it, if it is there. */
  readonly before?: string;
}

export type ShownRow = HistoryRow & { readonly back?: WayBack };

export interface ShownHistory {
  readonly days: ReadonlyMap<string, readonly ShownRow[]>;
  readonly older: number;
  readonly path: string;
}

export function historyPage({ days, older, path }: ShownHistory, nonce: string): string {
  return pageHtml(
    { title: t('History'), style: historyStyle, nonce },
    `<main>
<h1>${htmlText(t('History'))}</h1>
<p>${htmlText(t('Everything Virt Rewind did to your VMs, newest first.'))}</p>
${[...days].map(([day, rows]) => `<h2>${htmlText(day)}</h2>\n<ol>${rows.map(row).join('\n')}</ol>`).join('\n')}
<p>${htmlText(olderText(older, path))}</p>
</main>`,
  );
}

function row({ entry, time, facts, back }: ShownRow): string {
  const { vm, command } = entry;
  const [what = '', ...rest] = facts;
  return `<li><h3><time>${htmlText(time)}</time> ${htmlText(vm.name)}: ${htmlText(what)}</h3>
<p class="facts">${htmlText(rest.join(' · '))}</p>${back?.words === undefined ? '' : `\n<p>${htmlText(back.words)}</p>`}${actions(`${time} ${vm.name}: ${what}`, back)}${
    command === undefined
      ? ''
      : `\n<details><summary>${htmlText(t('Command'))}</summary><code>${htmlText(command, longestCommand)}</code></details>`
  }</li>`;
}

/** @param about what a screen reader hears beside the words, which stand in many rows */
function actions(about: string, back: WayBack | undefined): string {
  if (back === undefined) {
    return '';
  }
  const { ref, entry, does, restores, before } = back;
  const vm: Node = { kind: 'vm', id: ref.uuid, ref };
  const of = entry === undefined ? [] : [{ entry }];
  const links = [
    // What undoes an undo is the redo.
    ...(does === undefined
      ? []
      : [link('virtRewind.undo', [vm, ...of], does === 'undo' ? t('Undo…') : t('Redo…'), about)]),
    ...(restores === true
      ? [link('virtRewind.undo', [vm, { entry, andLater: true }], t('Restore the State Before This…'), about)]
      : []),
    ...(before === undefined
      ? []
      : [
          link(
            'virtRewind.revert',
            [{ kind: 'snapshot', id: `${ref.uuid}/${before}`, ref, snapshot: before } satisfies Node],
            t('Revert to Before This…'),
            about,
          ),
        ]),
  ];
  return links.length === 0 ? '' : `\n<p class="actions">${links.join(' ')}</p>`;
}

function link(command: (typeof historyLinks)[number], given: readonly unknown[], text: string, about: string): string {
  const href = `command:${command}?${encodeURIComponent(JSON.stringify(given))}`;
  return `<a class="button" role="button" href="${href}" aria-label="${htmlText(`${text} ${about}`)}">${htmlText(text)}</a>`;
}
