// Text from anywhere → HTML in which nothing of it is markup.
import { displayLine } from '../domain/plainText.js';

const longest = 2_000;

/**
 * Where a link has no title, the editor shows its address, which is no text for people.
 * @param look its classes
 * @param about what a screen reader hears beside the text, which stands in many places
 */
export function linkHtml(href: string, text: string, look = '', about?: string): string {
  const words = htmlText(about === undefined ? text : `${text} ${about}`);
  const label = about === undefined ? '' : ` aria-label="${words}"`;
  return `<a${look === '' ? '' : ` class="${look}"`} title="${words}" href="${href}"${label}>${htmlText(text)}</a>`;
}

export function htmlText(text: string, most = longest): string {
  return displayLine(text, most).replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
