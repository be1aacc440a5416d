// Facts → Markdown in which nothing from outside is markup.
import { displayLine, displayText } from '../domain/plainText.js';
import type { FactList } from './rows/factList.js';

/** A fact is one line, so that none can look like another. */
const longestValue = 500;

/** One paragraph for the heading, one for the free text, then a line for each fact. */
export function factsMarkdown({ heading, text, lines }: FactList): string {
  return [
    `**${markdownText(displayLine(heading))}**`,
    ...(text === undefined ? [] : [markdownText(text)]),
    lines
      .map(({ name, value }) => `${markdownText(name)}: ${markdownText(displayLine(value, longestValue))}`)
      .join('  \n'),
  ].join('\n\n');
}

/** As it is typed: its marks are more than there are in a row in it, so that none of them ends it. */
export function codeText(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
  const marks = '`'.repeat(longest + 1);
  const edge = /^`|`$/u.test(text) ? ' ' : '';
  return `${marks}${edge}${text}${edge}${marks}`;
}

/**
 * CommonMark takes a backslash before any ASCII punctuation for that character itself, so every one gets one: no link,
 * image, HTML, entity or autolink is left. Spaces stay, so that long text wraps; indents go, for they would make code.
 */
export function markdownText(text: string): string {
  return displayText(text)
    .replace(/[!-/:-@[-`{-~]/g, String.raw`\$&`)
    .replace(/\n[^\S\n]+/g, '\n')
    .replace(/([^\n])\n(?=[^\n])/g, '$1  \n')
    .trim();
}
