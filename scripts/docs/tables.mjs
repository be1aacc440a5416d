// The tables of src/ that package.json and pages of docs/ are made from.
import { loadSource } from '../loadSource.mjs';

/** @typedef {import('valibot').ObjectSchema<import('valibot').ObjectEntries, undefined>} AnswerShape */

/**
 * @typedef {object} Tables
 * @property {Readonly<Record<string, import('../../src/verbs/verb.js').Verb>>} verbs by id
 * @property {typeof import('../../src/verbs/submenus.js').submenus} submenus
 * @property {typeof import('../../src/verbs/arguments.js').argumentTable} argumentTable
 * @property {readonly string[]} taskActions
 * @property {Readonly<Record<string, import('valibot').GenericSchema>>} taskShapes
 * @property {Readonly<Record<string, import('valibot').GenericSchema>>} publicShapes by the names of their types
 * @property {Readonly<Record<string, AnswerShape>>} answers of the command line, each by a name of its own
 * @property {import('valibot').GenericSchema} labShape
 * @property {() => readonly object[]} editorTools as package.json has the tools of agents
 */

/** @returns {Promise<Tables>} */
export async function readTables() {
  return /** @type {Tables} */ (await loadSource("export * from './src/tables.js';"));
}
