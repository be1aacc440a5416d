// A report of ours in Markdown → the same for a terminal: headings, tables and lists as text, and every character that
// was escaped as itself. It takes what our own reports are made of, and no other Markdown.
import { wrapText } from './help.js';
import { tableLines, columnsOf } from './table.js';
import type { Terminal } from './terminal.js';

/**
 * @param third what stands in a third column: sentences, which are read below the table; or values, which stand in it,
 *   and below each other where there is no room
 */
export function plainReport(
  markdown: string,
  terminal: Pick<Terminal, 'style' | 'width' | 'textWidth'>,
  third: 'sentences' | 'values' = 'sentences',
): string {
  const blocks: string[] = [];
  let rows: string[][] = [];
  const endTable = (): void => {
    const [head, , ...body] = rows;
    if (head !== undefined && third === 'values') {
      blocks.push(...valueLines(head, body, terminal));
    } else if (head !== undefined) {
      const columns = head.map((title, index) => ({ title, rank: index > 1 ? 1 : 0 }));
      blocks.push(tableLines(columns.slice(0, 2), body, terminal.width).join('\n'));
      blocks.push(
        ...body
          .filter(([, , why]) => (why ?? '') !== '')
          .map(([what = '', , why = '']) => paragraph(`${what}: ${why}`)),
      );
    }
    rows = [];
  };
  const paragraph = (text: string, at = 0): string => wrapText(text, terminal.textWidth, at).join('\n');
  for (const line of markdown.split('\n')) {
    if (line.startsWith('| ')) {
      rows.push(line.slice(2, -2).split(' | ').map(unescapeMarkdown));
      continue;
    }
    endTable();
    const [, marks, title] = /^(#{1,3}) (.*)$/u.exec(line) ?? [];
    if (marks !== undefined && title !== undefined) {
      blocks.push(terminal.style('bold', unescapeMarkdown(title)));
    } else if (line.trim() !== '') {
      const isItem = line.startsWith('- ') || line.startsWith('  ');
      blocks.push(
        paragraph(unescapeMarkdown(line.replaceAll('**', '').trim()), isItem && !line.startsWith('- ') ? 2 : 0),
      );
    }
  }
  endTable();
  return blocks.join('\n');
}

/** Nothing of a value is cut: two that begin alike would read the same. */
function valueLines(
  head: readonly string[],
  body: readonly (readonly string[])[],
  { width, textWidth }: Pick<Terminal, 'width' | 'textWidth'>,
): readonly string[] {
  const table = tableLines(
    head.map((title) => ({ title, rank: 0 })),
    body,
    Infinity,
  );
  return table.every((line) => columnsOf(line) <= width)
    ? table
    : body.flatMap(([what = '', ...values]) => [
        ...wrapText(what, textWidth, 0),
        ...values.flatMap((value, index) => wrapText(`${head[index + 1] ?? ''}: ${value}`, textWidth, 2)),
      ]);
}

function unescapeMarkdown(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/gu, '$1');
}
