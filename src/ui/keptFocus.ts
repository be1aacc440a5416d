// The only script of pages that are drawn whole each time they change: who stood on a link stands on it again. Nothing from outside
// is in it.

/** What may be loaded and run in such a page: its own style, and this script. */
export function pagePolicy(nonce: string): string {
  return `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
}

/**
 * The editor gives the focus to a page that takes the place of one that had it, and keeps how far it was scrolled. Links are known by
 * what is heard of them; where that one is gone, the one in its place.
 */
export const keptFocus = `
const api = acquireVsCodeApi();
const links = [...document.querySelectorAll('a[href]')];
const nameOf = (link) => link.getAttribute('aria-label') ?? link.textContent;
const left = api.getState();
addEventListener('focusin', ({ target }) => {
  const at = links.indexOf(target);
  if (at >= 0) api.setState({ name: nameOf(target), at });
});
addEventListener('focus', () => {
  if (left === undefined || document.activeElement !== document.body) return;
  (links.find((link) => nameOf(link) === left.name) ?? links[Math.min(left.at, links.length - 1)])?.focus();
}, { once: true });
`;
