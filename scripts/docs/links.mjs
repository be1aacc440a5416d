// Whether the links between pages lead somewhere: to a file of the repository, and to a heading where they name one.
// Looks at no address of the web.
import { dirname, join, normalize } from 'node:path';

/**
 * @param {ReadonlyMap<string, string>} pages path from the checkout → text in Markdown
 * @param {(path: string) => boolean} exists whether the repository has a file or folder of that path
 * @returns {string[]} one line for each that leads nowhere
 */
export function deadLinks(pages, exists) {
  return [...pages].flatMap(([page, text]) =>
    linksOf(text).flatMap((link) => {
      const [target = '', anchor] = decodeURI(link).split('#');
      const path = target === '' ? page : normalize(join(dirname(page), target));
      if (path.startsWith('..') || (target !== '' && !exists(path))) return [`${page}: there is no ${link}`];
      if (anchor === undefined) return [];
      const linked = pages.get(path);
      if (linked === undefined) return [`${page}: ${link} is no page with headings`];
      return anchorsOf(linked).has(anchor) ? [] : [`${page}: ${path} has no heading #${anchor}`];
    }),
  );
}

/** Relative ones, of links and images, in Markdown and in HTML. @param {string} text @returns {string[]} */
export function linksOf(text) {
  const prose = withoutCode(text);
  const found = [
    ...prose.matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g),
    ...prose.matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g),
  ];
  return found.flatMap((match) => match[1] ?? []).filter((link) => !/^[a-z][a-z\d+.-]*:/i.test(link));
}

/** As GitHub makes them of headings. @param {string} text @returns {ReadonlySet<string>} */
export function anchorsOf(text) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  const headings = withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gm);
  return new Set(
    [...headings].map(([, heading = '']) => {
      const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times === 0 ? anchor : `${anchor}-${times}`;
    }),
  );
}

/** @param {string} text */
function withoutFences(text) {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
}

/** @param {string} text */
function withoutCode(text) {
  return withoutFences(text).replace(/`[^`\n]*`/g, '');
}
