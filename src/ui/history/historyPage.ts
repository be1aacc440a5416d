// The history as a page: who did what to which VM, with Undo where something can be undone. A value in, HTML out, in
// which nothing from outside is markup. What can be pressed are links to commands, which ask as they do elsewhere.
import { t } from '@vscode/l10n';
import type { UndoableOperation } from '../../engine/undoLook.js';
import type { VmRef } from '../../domain/vm.js';
import type { CommandId } from '../../verbs/verbs.js';
import { type HistoryEntry, type HistoryRow, olderText } from '../../text/rows/historyRows.js';
import { longestCommand } from '../../text/rows/historyText.js';
import { htmlText } from '../../text/html.js';
import { pageStyle } from '../pageStyle.js';
import { commandLink, pageHtml, restoreFocusScript } from '../restoreFocus.js';
import type { Node } from '../tree/nodes.js';
import { vmCountText } from '../../text/words.js';

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
  /** Id of the system whose last revert it is: that is undone as a whole. */
  readonly system?: string;
}

/** One thing that a person did: to a VM, or to those of a system at once. */
export type ShownRow = HistoryRow & {
  readonly back?: WayBack;
  /** What it was done to: the name of a VM, or of a system. */
  readonly name: string;
  /** The parts of a system's operation: what it did to each VM. */
  readonly parts?: readonly HistoryRow[];
};

export interface ShownHistory {
  readonly days: ReadonlyMap<string, readonly ShownRow[]>;
  readonly older: number;
  readonly path: string;
}

export function historyPage({ days, older, path }: ShownHistory, nonce: string): string {
  const vms = new Map([...days.values()].flat().flatMap((one) => vmsOf(one).map(({ uuid, name }) => [uuid, name])));
  const options = [...vms].map(([uuid, name]) => `<option value="${htmlText(uuid)}">${htmlText(name)}</option>`);
  const filter = htmlText(t('Filter'));
  return pageHtml(
    { title: t('History'), style: pageStyle, nonce, script: restoreFocusScript + filterScript },
    `<main>
<h1>${htmlText(t('History'))}</h1>
<p>${htmlText(t('Everything Virt Rewind did to your VMs, newest first.'))}</p>
<p class="actions"><select id="vm" aria-label="${htmlText(t('VM'))}"><option value="">${htmlText(t('All VMs'))}</option>${options.join('')}</select>
<input id="text" type="search" placeholder="${filter}" aria-label="${filter}"></p>
${[...days].map(([day, rows]) => `<section><h2>${htmlText(day)}</h2>\n<ol>${rows.map(row).join('\n')}</ol></section>`).join('\n')}
<p>${htmlText(olderText(older, path))}</p>
</main>`,
  );
}

/** What is filtered stays so when the page is drawn anew. */
const filterScript = `
const [vm, text] = ['vm', 'text'].map((id) => document.getElementById(id));
const filter = () => {
  const wanted = text.value.trim().toLowerCase();
  for (const row of document.querySelectorAll('li[data-vms]')) {
    const isOfVm = vm.value === '' || row.dataset.vms.split(' ').includes(vm.value);
    row.hidden = !isOfVm || !row.textContent.toLowerCase().includes(wanted);
  }
  for (const day of document.querySelectorAll('section')) {
    day.hidden = day.querySelector('li[data-vms]:not([hidden])') === null;
  }
  api.setState({ ...api.getState(), vm: vm.value, text: text.value });
};
vm.value = left?.vm ?? '';
if (vm.selectedIndex < 0) vm.value = '';
text.value = left?.text ?? '';
addEventListener('input', filter);
filter();
`;

function vmsOf({ entry, parts }: ShownRow): readonly HistoryEntry['vm'][] {
  return parts?.map((one) => one.entry.vm) ?? [entry.vm];
}

function row(shown: ShownRow): string {
  const { entry, time, facts, back, name, parts } = shown;
  const [what = '', ...rest] = facts;
  const words = back?.words === undefined ? '' : `\n<p>${htmlText(back.words)}</p>`;
  const more =
    parts === undefined
      ? command(entry)
      : `\n<details><summary>${htmlText(vmCountText(parts.length))}</summary><ol>${parts.map(partRow).join('\n')}</ol></details>`;
  const vms = vmsOf(shown).map(({ uuid }) => uuid);
  return `<li data-vms="${htmlText(vms.join(' '))}"><h3><time>${htmlText(time)}</time> ${htmlText(name)}: ${htmlText(what)}</h3>
<p class="facts">${htmlText(rest.join(' · '))}</p>${words}${actions(`${time} ${name}: ${what}`, back)}${more}</li>`;
}

function partRow({ entry, facts: [, how = ''] }: HistoryRow): string {
  return `<li>${htmlText(entry.vm.name)} <span class="facts">${htmlText(how)}</span>${command(entry)}</li>`;
}

function command({ command: typed }: HistoryEntry): string {
  return typed === undefined
    ? ''
    : `\n<details><summary>${htmlText(t('Command'))}</summary><code>${htmlText(typed, longestCommand)}</code></details>`;
}

/** @param about what a screen reader hears beside the words, which stand in many rows */
function actions(about: string, back: WayBack | undefined): string {
  if (back === undefined) {
    return '';
  }
  const { ref, entry, does, restores, before, system } = back;
  if (system !== undefined) {
    const node: Node = { kind: 'system', id: system, system };
    return `\n<p class="actions">${commandLink('virtRewind.undo', [node], t('Undo…'), about)}</p>`;
  }
  const vm: Node = { kind: 'vm', id: ref.uuid, ref };
  const of = entry === undefined ? [] : [{ entry }];
  const links = [
    // What undoes an undo is the redo.
    ...(does === undefined
      ? []
      : [commandLink('virtRewind.undo', [vm, ...of], does === 'undo' ? t('Undo…') : t('Redo…'), about)]),
    ...(restores === true
      ? [commandLink('virtRewind.undo', [vm, { entry, andLater: true }], t('Restore the State Before This…'), about)]
      : []),
    ...(before === undefined
      ? []
      : [
          commandLink(
            'virtRewind.revert',
            [{ kind: 'snapshot', id: `${ref.uuid}/${before}`, ref, snapshot: before } satisfies Node],
            t('Revert to Before This…'),
            about,
          ),
        ]),
  ];
  return links.length === 0 ? '' : `\n<p class="actions">${links.join(' ')}</p>`;
}
