// Says in the stack of an error where its lines are in the sources, by the maps beside the bundles. Node.js does it too
// (--enable-source-maps), but reads the maps before anything has failed: 11 MB for a bundle.
const { existsSync, readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { dirname, resolve } = require('node:path');
const { fileURLToPath } = require('node:url');

/** @type {Map<string, import('node:module').SourceMap | undefined>} */
const maps = new Map();

/** @param {string} file @returns {import('node:module').SourceMap | undefined} */
function mapOf(file) {
  if (!maps.has(file)) {
    const map = `${file}.map`;
    maps.set(file, existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : undefined);
  }
  return maps.get(file);
}

/** A place in a stack: `file:///a/b.mjs:12:34` or `/a/b.cjs:12:34`. */
const place = /((?:file:\/\/)?\/[^\s():]+\.[cm]?js):(\d+):(\d+)/gu;

/** @param {string} stack @returns {string} */
function withSourceLines(stack) {
  return stack.replace(place, (found, address, line, column) => {
    const file = address.startsWith('file:') ? fileURLToPath(address) : address;
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return found;
    const source = resolve(dirname(file), String(entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

module.exports = { withSourceLines };
