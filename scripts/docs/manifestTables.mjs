// What the editor can be asked for, in Markdown: commands with their keys as a table, settings with their values as a
// list.
import { schemaOf } from './contributions.mjs';

/**
 * @typedef {object} Property a setting
 * @property {string | readonly string[]} type
 * @property {unknown} default
 * @property {string} [description]
 * @property {string} [markdownDescription]
 * @property {readonly string[]} [enum]
 * @property {readonly string[]} [enumDescriptions]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {string} [scope]
 * @property {number} [order]
 */
/**
 * @typedef {object} Manifest of package.json, what is read here
 * @property {{ untrustedWorkspaces: { restrictedConfigurations: readonly string[] } }} capabilities
 * @property {object} contributes
 * @property {{ properties: Readonly<Record<string, Property>> }} contributes.configuration
 */
/** @typedef {Readonly<Record<string, string>>} Texts of package.nls.json */
/** @typedef {import('./tables.mjs').Tables} Tables */
/** @typedef {{ readonly key: string, readonly when?: string, readonly args?: readonly object[] }} BoundKey */
/** @typedef {BoundKey & { readonly command: string }} Keybinding */

const prefix = 'virtRewind.';

/** @param {Tables['verbs']} verbs @param {readonly Keybinding[]} keybindings @returns {string} */
export function commandsTable(verbs, keybindings) {
  const rows = Object.entries(verbs).map(([id, { title, arguments: names, remark }]) => {
    const given = names.map(code).join(', ');
    return [
      title,
      code(prefix + id),
      remark === undefined ? given || '–' : `${given}; ${remark}`,
      keysOf(keybindings.filter(({ command }) => command === prefix + id)),
    ];
  });
  return table(['title', 'id', 'arguments', 'key'], rows);
}

/** @param {Tables['argumentTable']} all @returns {string} */
export function argumentsTable(all) {
  const rows = Object.entries(all).map(([name, { shape, means }]) => {
    const takes = valuesTaken(shape);
    return [code(name), typeof takes === 'string' ? takes : takes.map(code).join(', '), means];
  });
  return table(['argument', 'takes', 'meaning'], rows);
}

/** Those of the command line that are no part of a group. @param {Tables['commands']} commands @returns {string} */
export function commandLineTable(commands) {
  const own = Object.entries(commands).filter(([name]) => !name.includes(' '));
  const rows = own.map(([name, { summary, more = '' }]) => {
    const [page] = /[a-z-]+\.md/u.exec(more) ?? [];
    return [code(name), page === undefined ? summary : `${summary}: [${page}](${page})`];
  });
  return table(['command', 'what it does'], rows);
}

/** @param {Tables['exitCodes']} exitCodes @returns {string} */
export function exitCodesTable(exitCodes) {
  return table(
    ['exit code', 'meaning'],
    Object.values(exitCodes).map((row) => row.map(String)),
  );
}

/**
 * The keys of a map in level files, with how each is written, what it is for, and the keys of the maps behind them.
 * @param {Pick<Tables, 'levelShape' | 'keysAt' | 'formAt' | 'meaningAt'>} tables
 * @param {readonly (string | number)[]} path @param {readonly string[]} elsewhere keys that have a table of their own
 */
export function levelWords({ levelShape, keysAt, formAt, meaningAt }, path, elsewhere = []) {
  /** @param {readonly (string | number)[]} at @param {string} before @returns {string[][]} */
  const rowsAt = (at, before) =>
    keysAt(levelShape, at).flatMap((key) => {
      const own = [...at, key];
      if (elsewhere.includes(key)) return [[code(before + key), 'see below', meaningAt(levelShape, own)]];
      const inner = keysAt(levelShape, own).length > 0 ? own : [...own, 0];
      const written = formAt(levelShape, own);
      const form = written.startsWith('[')
        ? code(written.replaceAll(' | ', ' or '))
        : written.split(' | ').map(code).join(' or ');
      return [[code(before + key), form, meaningAt(levelShape, own)], ...rowsAt(inner, `${before}${key}.`)];
    });
  return table(['key', 'written as', 'what'], rowsAt(path, ''));
}

/** Higher ones say nothing. */
const largestTold = 100_000;

/**
 * The values, or their sort in words.
 * @param {import('valibot').GenericSchema} shape
 * @returns {string | readonly string[]}
 */
export function valuesTaken(shape) {
  const { type, enum: values, minimum = 0, maximum = Infinity } = schemaOf(shape);
  if (values !== undefined) return values.map(String);
  switch (type) {
    case 'string':
      return 'text';
    case 'array':
      return 'list of texts';
    case 'integer':
    case 'number':
      return maximum <= largestTold ? `${minimum} to ${maximum}` : type === 'integer' ? 'whole number' : 'number';
    default:
      return String(type);
  }
}

/** In the order of the settings page. @param {Manifest} manifest @param {Texts} texts @returns {string} */
export function settingsList({ capabilities, contributes }, texts) {
  const { restrictedConfigurations } = capabilities.untrustedWorkspaces;
  return Object.entries(contributes.configuration.properties)
    .toSorted(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0))
    .map(([name, property]) => {
      const lines = [
        `- Default: ${code(JSON.stringify(property.default))}`,
        ...valuesOf(property, texts),
        ...whoMaySet(property, restrictedConfigurations.includes(name)),
      ];
      const meaning = textOf(property.markdownDescription ?? property.description ?? '', texts);
      return `## ${name}\n\n${meaning}\n\n${lines.join('\n')}`;
    })
    .join('\n\n');
}

/** @param {Property} property @param {Texts} texts @returns {string[]} */
function valuesOf({ type, enum: values, enumDescriptions = [], minimum, maximum }, texts) {
  if (values !== undefined) {
    return values.map((value, index) => `- ${code(value)}: ${textOf(enumDescriptions[index] ?? '', texts)}`);
  }
  if (minimum === undefined) return [];
  return [`- Values: ${String(type)} from ${minimum}${maximum === undefined ? ' on' : ` to ${maximum}`}.`];
}

/**
 * | scope                         | set by                                                                      |
 * |-------------------------------|-----------------------------------------------------------------------------|
 * | `application`                 | the user, for all machines                                                  |
 * | `machine`                     | the user, for each machine: none of it is in a workspace, or synced         |
 * | `machine-overridable`, others | workspaces too; where they are restricted, those that are trusted: as usual |
 *
 * @param {Property} property
 * @param {boolean} restricted
 */
function whoMaySet({ scope }, restricted) {
  if (scope === 'application') return ['- Set by the user alone.'];
  if (scope === 'machine') return ['- Set by the user alone, for each machine on its own.'];
  return restricted ? [] : ['- Set by any workspace too.'];
}

/** A key that counts everywhere is not told again for a place. @param {readonly BoundKey[]} bindings */
function keysOf(bindings) {
  const everywhere = bindings.flatMap(({ key, when }) => (when === undefined ? [key] : []));
  return bindings
    .filter(({ key, when }) => when === undefined || !everywhere.includes(key))
    .map(({ key, when, args = [] }) => {
      const place = places.find(({ part }) => when?.includes(part) === true);
      const given = args.filter((one) => !('$treeViewId' in one)).flatMap((one) => Object.values(one));
      const about = [...given.map((one) => code(String(one))), ...(place === undefined ? [] : [place.words])];
      return about.length === 0 ? keyWords(key) : `${keyWords(key)} (${about.join(', ')})`;
    })
    .join('; ');
}

/** @param {string} key as in package.json */
function keyWords(key) {
  return key
    .split('+')
    .map((part) => keyNames[part] ?? part.charAt(0).toUpperCase() + part.slice(1))
    .join('+');
}

/** @type {Readonly<Record<string, string>>} */
const keyNames = { pagedown: 'Page Down', pageup: 'Page Up' };
const places = [
  { part: 'virtRewind.lesson', words: 'in the lesson' },
  { part: 'focusedView == virtRewind.vms', words: 'in the view' },
];

/** @param {string} placeholder as in package.json: "%key%" @param {Texts} texts */
function textOf(placeholder, texts) {
  const text = texts[placeholder.replaceAll('%', '')] ?? placeholder;
  return text.replaceAll('\n', ' ');
}

/** @param {string} text */
function code(text) {
  return `\`${text}\``;
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
