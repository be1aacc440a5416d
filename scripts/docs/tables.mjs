// The tables of src/ that package.json, schemas and pages of docs/ are made from.
import { loadSource } from '../loadSource.mjs';

/** @typedef {typeof import('../../src/tables.js')} AllTables */
/** @typedef {Readonly<Record<string, import('../../src/verbs/verb.js').Verb>>} Verbs by id */
/** @typedef {Omit<AllTables, 'verbs'> & { readonly verbs: Verbs }} Tables */

/** @returns {Promise<Tables>} */
export async function readTables() {
  return /** @type {Tables} */ (await loadSource("export * from './src/tables.js';"));
}
