// What package.json contributes, in Markdown: commands with their keys as a table, settings with their values as a list.

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
 * @property {readonly { command: string, title: string }[]} contributes.commands
 * @property {readonly { command: string, key: string, when?: string }[]} contributes.keybindings
 * @property {{ properties: Readonly<Record<string, Property>> }} contributes.configuration
 */
/** @typedef {Readonly<Record<string, string>>} Texts of package.nls.json */
/** @typedef {{ takes: string | readonly string[], means: string }} Argument */

const prefix = 'virtRewind.';

/**
 * @param {Manifest} manifest
 * @param {Texts} texts
 * @param {Readonly<Record<string, readonly string[]>>} argumentsOf id without prefix → argument names
 * @param {Readonly<Record<string, string>>} remarks
 * @returns {string}
 * @throws {Error} for a command of which it is not told what it takes
 */
export function commandsTable({ contributes }, texts, argumentsOf, remarks) {
  const rows = contributes.commands.map(({ command, title }) => {
    const verb = command.replace(prefix, '');
    const names = argumentsOf[verb];
    if (names === undefined) throw new Error(`nothing tells which arguments ${command} takes`);
    const given = names.map(code).join(', ');
    const remark = remarks[verb];
    return [
      textOf(title, texts),
      code(command),
      remark === undefined ? given || '–' : `${given}; ${remark}`,
      keysOf(contributes.keybindings.filter((binding) => binding.command === command)),
    ];
  });
  return table(['title', 'id', 'arguments', 'key'], rows);
}

/** @param {Readonly<Record<string, Argument>>} all @returns {string} */
export function argumentsTable(all) {
  const rows = Object.entries(all).map(([name, { takes, means }]) => [
    code(name),
    typeof takes === 'string' ? takes : takes.map(code).join(', '),
    means,
  ]);
  return table(['argument', 'takes', 'meaning'], rows);
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
        `- Set by ${whoMaySet(property, restrictedConfigurations.includes(name))}.`,
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
 * | scope                         | set by                                                                |
 * |-------------------------------|-----------------------------------------------------------------------|
 * | `application`                 | the user, for all machines                                            |
 * | `machine`                     | the user, for each machine: none of it is in a workspace, or synced   |
 * | `machine-overridable`, others | workspaces too; where they are restricted, those that are trusted     |
 *
 * @param {Property} property
 * @param {boolean} restricted
 */
function whoMaySet({ scope }, restricted) {
  if (scope === 'application') return 'the user';
  if (scope === 'machine') return 'the user, for each machine on its own';
  return restricted ? 'the user, and workspaces that are trusted' : 'the user, and workspaces';
}

/** A key that counts everywhere is not told again for a place. @param {readonly { key: string, when?: string }[]} bindings */
function keysOf(bindings) {
  const everywhere = bindings.flatMap(({ key, when }) => (when === undefined ? [key] : []));
  return bindings
    .filter(({ key, when }) => when === undefined || !everywhere.includes(key))
    .map(({ key, when }) => {
      const place = places.find(({ part }) => when?.includes(part) === true);
      return place === undefined ? keyWords(key) : `${keyWords(key)} (${place.words})`;
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
