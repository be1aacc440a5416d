// A report as parts: the command line gets it as Markdown, in which nothing from outside is markup, a page as HTML.
import { displayLine } from '../../domain/plainText.js';
import { markdownText } from '../markdown.js';
import { vmCountText } from '../words.js';
import type { Remedy } from './problemRemedies.js';

export type ReportPart =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly lead?: string }
  /** Leads to the headings of level 2, in their order; in text there is nothing of it. */
  | { readonly kind: 'contents'; readonly titles: readonly string[] }
  /** One line, which shows the rest when it is asked for. */
  | { readonly kind: 'folded'; readonly text: string; readonly lead?: string; readonly parts: readonly ReportPart[] }
  /** The first row is the head. */
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] }
  | RemediesPart;

/** What can be pressed; in text there is nothing of it. */
interface RemediesPart {
  readonly kind: 'remedies';
  /** What a screen reader hears beside the titles, which stand at many problems. */
  readonly about: string;
  readonly remedies: readonly Remedy[];
}

export function remediesPart(about: string, remedies: readonly Remedy[]): readonly RemediesPart[] {
  return remedies.length === 0 ? [] : [{ kind: 'remedies', about, remedies }];
}

/** Nothing where there is nothing in it. @param counts of VMs, whose sum stands beside the title */
export function foldParts(
  title: string,
  counts: readonly number[],
  parts: readonly ReportPart[],
): readonly ReportPart[] {
  const text = [title, ...(counts.length === 0 ? [] : [vmCountText(counts.reduce((a, b) => a + b))])].join(' · ');
  return parts.length === 0 ? [] : [{ kind: 'folded', text, parts }];
}

export function reportMarkdown(parts: readonly ReportPart[]): string {
  return parts.flatMap((part) => partMarkdown(part) ?? []).join('\n\n');
}

function partMarkdown(part: ReportPart): string | undefined {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level)} ${line(part.text)}`;
    case 'text':
      return leadLine(part);
    case 'folded':
      return [leadLine(part), ...part.parts.flatMap((inner) => partMarkdown(inner) ?? [])].join('\n\n');
    case 'table':
      return part.rows
        .map((cells) => row(cells.map(line)))
        .toSpliced(1, 0, row(part.rows[0]?.map(() => '---') ?? []))
        .join('\n');
    case 'contents':
    case 'remedies':
      return undefined;
  }
}

function leadLine({ lead, text }: { readonly lead?: string; readonly text: string }): string {
  return lead === undefined ? line(text) : `**${line(lead)}:** ${line(text)}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, 2_000));
}
