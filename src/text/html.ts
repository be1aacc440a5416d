// Text from anywhere → HTML in which nothing of it is markup.
import { displayLine } from '../domain/plainText.js';

const longest = 2_000;

export function htmlText(text: string, most = longest): string {
  return displayLine(text, most).replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
