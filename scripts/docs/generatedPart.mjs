// The part of a page that a program writes: it stands between two marks, and the rest of the page is a person's.

/** @typedef {{ readonly begin: string, readonly end: string }} Marks */

/** @param {string} what is between them @param {string} command that writes it @returns {Marks} */
export function marks(what, command) {
  return { begin: `<!-- ${what}: written by "${command}" -->`, end: `<!-- end of ${what} -->` };
}

/**
 * @param {string} text of the page
 * @param {Marks} between
 * @param {string} part
 * @returns {string} the page with the new part
 * @throws {Error} where the marks are not there once each
 */
export function replacePart(text, { begin, end }, part) {
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...others] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`there must be one line "${begin}" and below it one "${end}"`);
  }
  return `${before}${begin}\n\n${part}\n\n${end}${after}`;
}

/** As `npm run check` wants it. @param {string} file absolute @param {string} text @returns {Promise<string>} */
export async function formatted(file, text) {
  // Not above: scripts are read before npm ci may have run.
  const prettier = await import('prettier');
  const options = await prettier.resolveConfig(file);
  return prettier.format(text, { ...options, filepath: file });
}
