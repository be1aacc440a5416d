// The tables of src/ that package.json and pages of docs/ are made from.
import { loadSource } from '../loadSource.mjs';

/**
 * @typedef {object} Tables
 * @property {Readonly<Record<string, import('../../src/verbs/verb.js').Verb>>} verbs by id
 * @property {typeof import('../../src/verbs/submenus.js').submenus} submenus
 * @property {typeof import('../../src/verbs/arguments.js').argumentTable} argumentTable
 * @property {readonly string[]} taskActions
 * @property {Readonly<Record<string, import('valibot').GenericSchema>>} taskShapes
 * @property {() => readonly object[]} editorTools as package.json has the tools of agents
 */

const entry = `
export { verbs } from './src/verbs/verbs.js';
export { submenus } from './src/verbs/submenus.js';
export { argumentTable } from './src/verbs/arguments.js';
export { taskActions, taskShapes } from './src/verbs/tasks.js';
export { editorTools } from './src/agents/toolTable.js';
`;

/** @returns {Promise<Tables>} */
export async function readTables() {
  return /** @type {Tables} */ (await loadSource(entry));
}
