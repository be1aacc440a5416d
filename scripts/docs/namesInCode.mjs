// Whether what pages name of the code is there: files and folders in prose, identifiers in the glossary.

/** Endings of files that belong to the repository; a page may well name a `libvirtd.conf` that does not. */
const fileName = /^(?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|cjs|asm|css)$/;
const folderName = /^(?:[\w-]+\/)+$/;

/**
 * @param {ReadonlyMap<string, string>} pages path → text in Markdown
 * @param {readonly string[]} files all of the repository, as paths from the checkout
 * @returns {string[]} one line for each file or folder that is named in backticks and is nowhere
 */
export function missingNames(pages, files) {
  const folders = new Set(files.flatMap((file) => parents(file)));
  const isThere = (/** @type {string} */ name) => {
    const all = name.endsWith('/') ? [...folders] : files;
    return all.some((one) => one === name || one.endsWith(`/${name}`));
  };
  return [...pages].flatMap(([page, text]) =>
    codeWords(text)
      .filter((word) => (fileName.test(word) || folderName.test(word)) && !isThere(word))
      .map((word) => `${page}: there is no ${word}`),
  );
}

/**
 * @param {string} glossary in Markdown; the third cells of its rows hold identifiers in backticks
 * @param {string} source of all of src/
 * @returns {string[]} one line for each identifier that the code does not have
 */
export function unknownWords(glossary, source) {
  const words = new Set(source.match(/\w+/g));
  const rows = glossary.split('\n').map((line) => line.split(/(?<!\\)\|/).slice(1, -1));
  const named = rows.flatMap(([, , ...code]) => codeWords(code.join('')));
  return [...new Set(named)].filter((word) => !words.has(word)).map((word) => `the code does not have ${word}`);
}

/** What stands in backticks, outside of fences. @param {string} text */
function codeWords(text) {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].flatMap((match) => match[1] ?? []);
}

/** "a/b/c.ts" → "a/", "a/b/" @param {string} file */
function parents(file) {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}
