// A report on what is wrong with VMs as a page. A value in, HTML out, in which nothing from outside is markup. What can
// be pressed are links to commands, which ask as they do elsewhere.
import { t } from '@vscode/l10n';
import type { VmRef } from '../../domain/vm.js';
import { vmKey } from '../../live/views.js';
import { htmlText, linkHtml } from '../../text/html.js';
import { remedyCommands } from '../../text/problems/problemRemedies.js';
import type { ReportPart } from '../../text/problems/report.js';
import type { CommandId } from '../../verbs/verbs.js';
import { pageStyle } from '../pageStyle.js';
import { commandLink, pageHtml } from '../restoreFocus.js';
import type { Node } from '../tree/nodes.js';

export interface ProblemReport {
  /** On the tab; a report of a name takes the place of the one before it. */
  readonly name: string;
  /** What it is about: it is read again after each operation on one of them. */
  readonly vms: readonly VmRef[];
  readonly parts: readonly ReportPart[];
  /** Rejects with a Failure. */
  readonly readAgain: () => Promise<readonly ReportPart[]>;
  /** What makes it, as a person calls it. */
  readonly command: CommandId;
  readonly given: readonly unknown[];
}

/** The commands that the page may call. */
export const problemLinks: readonly CommandId[] = [...remedyCommands, 'virtRewind.showAllVms'];

export function problemPage(
  { name, vms, command, given }: Pick<ProblemReport, 'name' | 'vms' | 'command' | 'given'>,
  parts: readonly ReportPart[],
  nonce: string,
): string {
  const html = partsHtml(parts);
  // What is found in one sentence stands first.
  const head = parts[1]?.kind === 'text' ? 2 : 1;
  return pageHtml(
    { title: name, style: pageStyle, nonce },
    `<main>
${html.slice(0, head).join('\n')}
<p class="actions">${[
      commandLink(command, given, t('Refresh'), name),
      ...(vms.length > 1 ? [commandLink('virtRewind.showAllVms', [], t('All VMs'), name)] : []),
    ].join(' ')}</p>
${html.slice(head).join('\n')}
</main>`,
  );
}

/** Headings of level 2 are numbered: a list leads to them. */
function partsHtml(parts: readonly ReportPart[]): readonly string[] {
  let headings = 0;
  return parts.map((part) => partHtml(part, part.kind === 'heading' && part.level === 2 ? `part${headings++}` : ''));
}

function partHtml(part: ReportPart, id = ''): string {
  switch (part.kind) {
    case 'heading':
      return `<h${part.level}${id === '' ? '' : ` id="${id}"`}>${htmlText(part.text)}</h${part.level}>`;
    case 'text':
      return `<p>${leadHtml(part)}</p>`;
    case 'contents':
      return `<ul>${part.titles.map((title, at) => `<li>${linkHtml(`#part${at}`, title)}</li>`).join('')}</ul>`;
    case 'folded':
      return part.parts.length === 0
        ? `<p>${leadHtml(part)}</p>`
        : `<details><summary>${leadHtml(part)}</summary>
${part.parts.map((inner) => partHtml(inner)).join('\n')}</details>`;
    case 'table': {
      const [head = [], ...rows] = part.rows;
      return `<table><thead><tr>${head.map((text) => `<th scope="col">${htmlText(text)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(rowHtml).join('\n')}</tbody></table>`;
    }
    case 'remedies': {
      const { about, remedies } = part;
      const links = remedies.map(({ title, command, on, given }) => {
        const nodes = on.map(({ vm: ref, snapshot }): Node =>
          snapshot === undefined
            ? { kind: 'vm', id: vmKey(ref), ref }
            : { kind: 'snapshot', id: `${vmKey(ref)}/${snapshot}`, ref, snapshot },
        );
        const [first, ...others] = nodes;
        const more = given === undefined ? [] : [given];
        const args = others.length === 0 ? [first, ...more] : [first, [...nodes, ...more]];
        return commandLink(command, args, title, about);
      });
      return `<p class="actions">${links.join(' ')}</p>`;
    }
  }
}

function leadHtml({ lead, text }: { readonly lead?: string; readonly text: string }): string {
  return `${lead === undefined ? '' : `<b>${htmlText(lead)}:</b> `}${htmlText(text)}`;
}

function rowHtml([first = '', ...rest]: readonly string[]): string {
  const cells = rest.map((text) => `<td>${htmlText(text)}</td>`).join('');
  return `<tr><th scope="row">${htmlText(first)}</th>${cells}</tr>`;
}
