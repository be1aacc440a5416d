// A report as parts: the command line gets it as Markdown, in which nothing from outside is markup, a page as HTML.
import type { VmRef } from '../../domain/vm.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import { markdownText } from '../markdown.js';
import type { Remedy } from './problemRemedies.js';

export type ReportPart =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3 | 4; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly lead?: string }
  /** The first row is the head. */
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] }
  | RemediesPart;

/** What can be pressed; in text there is nothing of it. */
interface RemediesPart {
  readonly kind: 'remedies';
  readonly vm: VmRef;
  /** What a screen reader hears beside the titles, which stand at many problems. */
  readonly about: string;
  readonly remedies: readonly Remedy[];
}

export function remediesPart(
  about: string,
  { ref }: Pick<VmView, 'ref'>,
  remedies: readonly Remedy[],
): readonly RemediesPart[] {
  return remedies.length === 0 ? [] : [{ kind: 'remedies', vm: ref, about, remedies }];
}

export function reportMarkdown(parts: readonly ReportPart[]): string {
  return parts.flatMap((part) => partMarkdown(part) ?? []).join('\n\n');
}

function partMarkdown(part: ReportPart): string | undefined {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level)} ${line(part.text)}`;
    case 'text':
      return part.lead === undefined ? line(part.text) : `**${line(part.lead)}:** ${line(part.text)}`;
    case 'table':
      return part.rows
        .map((cells) => row(cells.map(line)))
        .toSpliced(1, 0, row(part.rows[0]?.map(() => '---') ?? []))
        .join('\n');
    case 'remedies':
      return undefined;
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, 2_000));
}
