// A report on what is wrong with VMs as a page. A value in, HTML out, in which nothing from outside is markup. What can
// be pressed are links to commands, which ask as they do elsewhere.
import { t } from '@vscode/l10n';
import type { VmRef } from '../../domain/vm.js';
import { vmKey } from '../../live/views.js';
import { htmlText } from '../../text/html.js';
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
export const problemLinks: readonly CommandId[] = [
  ...new Set<CommandId>([...remedyCommands, 'virtRewind.examine', 'virtRewind.checkHealth']),
];

export function problemPage(
  { name, command, given }: Pick<ProblemReport, 'name' | 'command' | 'given'>,
  parts: readonly ReportPart[],
  nonce: string,
): string {
  const html = parts.map(partHtml);
  // What is found in one sentence stands first.
  const head = parts[1]?.kind === 'text' ? 2 : 1;
  return pageHtml(
    { title: name, style: pageStyle, nonce },
    `<main>
${html.slice(0, head).join('\n')}
<p class="actions">${commandLink(command, given, t('Refresh'), name)}</p>
${html.slice(head).join('\n')}
</main>`,
  );
}

function partHtml(part: ReportPart): string {
  switch (part.kind) {
    case 'heading':
      return `<h${part.level}>${htmlText(part.text)}</h${part.level}>`;
    case 'text':
      return `<p>${part.lead === undefined ? '' : `<b>${htmlText(part.lead)}:</b> `}${htmlText(part.text)}</p>`;
    case 'table': {
      const [head = [], ...rows] = part.rows;
      return `<table><thead><tr>${head.map((text) => `<th scope="col">${htmlText(text)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(rowHtml).join('\n')}</tbody></table>`;
    }
    case 'remedies': {
      const { vm: ref, about, remedies } = part;
      const links = remedies.map(({ title, command, snapshot, given }) => {
        const node: Node =
          snapshot === undefined
            ? { kind: 'vm', id: vmKey(ref), ref }
            : { kind: 'snapshot', id: `${vmKey(ref)}/${snapshot}`, ref, snapshot };
        return commandLink(command, given === undefined ? [node] : [node, given], title, about);
      });
      return `<p class="actions">${links.join(' ')}</p>`;
    }
  }
}

function rowHtml([first = '', ...rest]: readonly string[]): string {
  const cells = rest.map((text) => `<td>${htmlText(text)}</td>`).join('');
  return `<tr><th scope="row">${htmlText(first)}</th>${cells}</tr>`;
}
