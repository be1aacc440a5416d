// The pages that the npm package takes along: their links lead to each other, and what leads elsewhere is plain text
// there.
import { posix } from 'node:path';

/**
 * Page of the checkout → its place in the package. Those that the help of the command line names are in `docs`, as it
 * says.
 */
export const packedPlaces = new Map([
  ['docs/command-line.md', 'README.md'],
  ['docs/library.md', 'library.md'],
  ['docs/systems.md', 'systems.md'],
  ['docs/lab-file.md', 'lab-file.md'],
  ...[
    'agents',
    'bisect',
    'copies',
    'clones',
    'cluster',
    'guest',
    'levels',
    'move',
    'placement',
    'seamless',
    'undo',
  ].map((name) => /** @type {const} */ ([`docs/${name}.md`, `docs/${name}.md`])),
]);

/** What lies beside them. */
export const packedSchemas = new Map([
  ['docs/labFile.schema.json', 'lab-file.schema.json'],
  ['docs/command-line.schema.json', 'command-line.schema.json'],
]);

/**
 * @param {(path: string) => string} read a page of the checkout
 * @param {ReadonlyMap<string, string>} [places] of the pages in the package
 * @returns {ReadonlyMap<string, string>} place in the package → text
 */
export function packedPages(read, places = packedPlaces) {
  return new Map([...places].map(([page, place]) => [place, packed(read(page), page, place, places)]));
}

/**
 * Without its pictures, which are not in the package.
 * @param {string} text @param {string} page @param {string} place @param {ReadonlyMap<string, string>} places
 */
function packed(text, page, place, places) {
  const parts = text.replaceAll(/<picture>.*?<\/picture>\n+/gsu, '').split(/(^```[\s\S]*?^```$)/gmu);
  return parts.map((part) => (part.startsWith('```') ? part : withLinks(part, page, place, places))).join('');
}

/** @param {string} text @param {string} page @param {string} place @param {ReadonlyMap<string, string>} places */
function withLinks(text, page, place, places) {
  return text.replaceAll(/(!?)\[([^[\]]*)\]\(([^()\s]+)\)/gu, (/** @type {string} */ whole, mark, words, link) => {
    if (/^(?:#|[a-z][a-z\d+.-]*:)/iu.test(link)) return whole;
    const [target = '', anchor] = String(link).split('#');
    const path = posix.normalize(posix.join(posix.dirname(page), target));
    const there = places.get(path) ?? packedSchemas.get(path);
    if (there === undefined) return mark === '' ? words : '';
    const way = posix.relative(posix.dirname(place), there);
    return `[${words}](${way}${anchor === undefined ? '' : `#${anchor}`})`;
  });
}
