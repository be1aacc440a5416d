// What pages have in common. The usual script is for those that are drawn whole each time they change: who stood on a
// link stands on it again. Nothing from outside is in it.
import { t } from '@vscode/l10n';
import { htmlText, linkHtml } from '../text/html.js';
import type { CommandId } from '../verbs/verbs.js';

/** What may be loaded and run in such a page: its own style, and its one script. */
function pagePolicy(nonce: string): string {
  return `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
}

/**
 * The editor gives the focus to a page that takes the place of one that had it, and keeps how far it was scrolled.
 * Links are known by what is heard of them; where that one is gone, the one in its place. What was unfolded stays so.
 */
export const restoreFocusScript = `
const api = acquireVsCodeApi();
const links = [...document.querySelectorAll('a[href]')];
const nameOf = (link) => link.getAttribute('aria-label') ?? link.textContent;
const left = api.getState();
const folds = [...document.querySelectorAll('details')];
const opened = (fold) => fold.firstElementChild.textContent;
for (const fold of folds) {
  fold.open = left?.open?.includes(opened(fold)) === true;
  fold.addEventListener('toggle', () => api.setState({ ...api.getState(), open: folds.filter((one) => one.open).map(opened) }));
}
addEventListener('focusin', ({ target }) => {
  const at = links.indexOf(target);
  if (at >= 0) api.setState({ ...api.getState(), name: nameOf(target), at });
});
addEventListener('focus', () => {
  if (left?.name === undefined || document.activeElement !== document.body) return;
  (links.find((link) => nameOf(link) === left.name) ?? links[Math.min(left.at, links.length - 1)])?.focus();
}, { once: true });
`;

/**
 * Calls a command as the menu of a row does. It looks like a button and is a link: the editor follows no click that a
 * script makes of another key than Enter.
 * @param about what a screen reader hears beside the text, which stands in many places
 */
export function commandLink(id: CommandId, given: readonly unknown[], text: string, about: string): string {
  const href = `command:${id}?${encodeURIComponent(JSON.stringify(given))}`;
  return linkHtml(href, text, 'button', about);
}

/**
 * The whole of such a page; a script of its own may use `api` and `left`.
 * @param body HTML, in which nothing from outside is markup
 */
export function pageHtml(
  page: { readonly title: string; readonly style: string; readonly nonce: string; readonly script?: string },
  body: string,
): string {
  const { title, style, nonce, script = restoreFocusScript } = page;
  return `<!DOCTYPE html>
<html lang="${htmlText(t('en'))}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${htmlText(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>${body}<script nonce="${nonce}">${script}</script></body>
</html>`;
}
