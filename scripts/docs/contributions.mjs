// What package.json contributes of what the tables in src/ say: commands, their places and keys, tasks, the tools of
// agents.
import { toJsonSchema } from '@valibot/to-json-schema';

/** @typedef {import('../../src/verbs/verb.js').Verb} Verb */
/** @typedef {import('../../src/verbs/verb.js').Place} Place */
/** @typedef {import('../../src/verbs/verb.js').Key} Key */
/** @typedef {import('./tables.mjs').Tables} Tables */
/** @typedef {Record<string, readonly object[]>} Menus */

const prefix = 'virtRewind.';
const view = 'virtRewind.vms';
const inView = `view == ${view}`;

/** How package.json calls them. @type {Readonly<Record<string, string>>} */
const menuNames = {
  row: 'view/item/context',
  title: 'view/title',
  editor: 'editor/title',
  explorer: 'explorer/context',
  files: 'view/item/context',
  filesTitle: 'view/title',
};

const inFiles = 'view == virtRewind.guestFiles';

/** The focused row stands in for it, as the editor puts it there. See `parseCall`. */
const focusedRow = [{ $treeViewId: view, $focusedTreeItem: true }];

/** What stands below `contributes`. @param {Tables} tables */
export function contributions({ verbs, submenus, taskActions, taskShapes, editorTools }) {
  return {
    commands: Object.entries(verbs).map(([id, verb]) => commandOf(id, verb)),
    submenus: Object.keys(submenus).map((id) => ({ id: submenuId(id), label: `%menu.${id}%` })),
    menus: menusOf(verbs, submenus),
    keybindings: Object.entries(verbs).flatMap(([id, { keys = [] }]) => keys.map((key) => keyOf(id, key))),
    taskDefinitions: [taskOf(taskActions, taskShapes)],
    languageModelTools: editorTools(),
  };
}

/** English, for package.nls.json. @param {Tables} tables @returns {Record<string, string>} */
export function commandTitles({ verbs }) {
  return Object.fromEntries(Object.entries(verbs).map(([id, { title }]) => [`command.${id}`, title]));
}

/** @param {string} id @param {Verb} verb */
function commandOf(id, { icon, enablement }) {
  return {
    command: prefix + id,
    title: `%command.${id}%`,
    category: 'Virt Rewind',
    icon: `$(${icon})`,
    ...(enablement === undefined ? {} : { enablement }),
  };
}

/** @param {string} id */
const submenuId = (id) => `${prefix}${id}Menu`;

/** @param {Tables['verbs']} verbs @param {Tables['submenus']} submenus @returns {Menus} */
function menusOf(verbs, submenus) {
  /** @type {Record<string, object[]>} */
  const menus = {
    commandPalette: Object.entries(verbs).flatMap(([id, { palette }]) =>
      palette === undefined ? [] : [{ command: prefix + id, when: palette }],
    ),
  };
  const put = (/** @type {Place} */ place, /** @type {object} */ what) => {
    const name = menuNames[place.menu] ?? submenuId(place.menu);
    (menus[name] ??= []).push({ ...what, when: whenOf(place), group: place.group });
  };
  for (const [id, places] of Object.entries(submenus)) {
    for (const place of places) put(place, { submenu: submenuId(id) });
  }
  for (const [id, { places = [] }] of Object.entries(verbs)) {
    for (const place of places) put(place, { command: prefix + id });
  }
  return menus;
}

/** @param {Place} place */
function whenOf({ menu, is = [], rows, when }) {
  return [
    ...(menu === 'row' || menu === 'title' ? [inView] : []),
    ...(menu === 'files' || menu === 'filesTitle' ? [inFiles] : []),
    ...rowClauses(is),
    ...(when === undefined ? [] : [when]),
    ...(rows === undefined ? [] : [rows === 'one' ? '!listMultiSelection' : 'listMultiSelection']),
  ].join(' && ');
}

/** @param {readonly string[]} is */
function rowClauses(is) {
  return is.map((one) => `viewItem =~ /\\b${one.includes('|') ? `(${one})` : one};/`);
}

/** @param {string} id @param {Key} key */
function keyOf(id, { key, mac, on, when, given }) {
  const cmd = mac ?? key.replace('ctrl', 'cmd');
  const args = [...(on === 'row' ? focusedRow : []), ...(given === undefined ? [] : [given])];
  return {
    command: prefix + id,
    key,
    ...(cmd === key ? {} : { mac: cmd }),
    ...(when === undefined ? {} : { when }),
    ...(on === 'row' ? { when: `focusedView == ${view} && !inputFocus` } : {}),
    ...(args.length === 0 ? {} : { args }),
  };
}

/** @param {Tables['taskActions']} actions @param {Tables['taskShapes']} shapes */
function taskOf(actions, shapes) {
  return {
    type: 'virt-rewind',
    required: ['action'],
    properties: {
      action: {
        type: 'string',
        enum: actions,
        description: '%task.action%',
        enumDescriptions: actions.map((action) => `%task.action.${action}%`),
      },
      ...Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [name, { ...schemaOf(shape), description: `%task.${name}%` }]),
      ),
    },
  };
}

/** As JSON Schema. @param {import('valibot').GenericSchema} shape */
export function schemaOf(shape) {
  const schema = toJsonSchema(shape);
  delete schema.$schema;
  return schema;
}
