// The manual page of the command line, virt-rewind(1), out of the same tables as its help: for the npm package.
import { readTables } from './docs/tables.mjs';

/** @typedef {import('../src/cli/context.js').Command} Command */
/** @typedef {import('../src/cli/context.js').Option} Option */
/** @typedef {import('../src/cli/context.js').Operand} Operand */

/**
 * @typedef {object} Tables
 * @property {readonly { readonly name: string, readonly command: Command }[]} commands
 * @property {Readonly<Record<string, Option>>} commonOptions
 * @property {Readonly<Record<string, readonly [code: number, meaning: string]>>} exitCodes
 */

/** @param {string} version of the program */
export async function manPage(version) {
  const { commands, ...tables } = await readTables();
  return writeManPage(
    { ...tables, commands: Object.entries(commands).map(([name, command]) => ({ name, command })) },
    version,
  );
}

/**
 * In the macros of man(7). Pure.
 * @param {Tables} tables
 * @param {string} version
 */
export function writeManPage({ commands, commonOptions, exitCodes }, version) {
  return [
    `.TH VIRT\\-REWIND 1 "" "virt\\-rewind ${roff(version)}" "User Commands"`,
    '.SH NAME',
    'virt\\-rewind \\- snapshots of libvirt virtual machines',
    '.SH SYNOPSIS',
    '.B virt\\-rewind',
    '.I COMMAND',
    '[\\fIOPTIONS\\fR]',
    '.SH DESCRIPTION',
    roff(
      'Shows, takes, reverts and deletes snapshots of libvirt VMs, with the guards, the journal and the locks of the',
    ),
    roff(
      'editor’s Virt Rewind: what one of them does, the others see, and what broke off in one, another brings to its end.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(({ name, command }) => [
      '.SS ' + [name, ...command.operands.map(operandText)].map(roff).join(' '),
      roff(`${capital(command.summary)}.`),
      ...(command.more === undefined ? [] : ['.PP', roff(command.more)]),
      ...optionRows(command.options),
      ...(command.examples.length === 0 ? [] : ['.PP', '.EX', ...command.examples.map(roff), '.EE']),
    ]),
    '.SH OPTIONS',
    'Of all commands:',
    ...optionRows(commonOptions),
    '.SH EXIT STATUS',
    ...Object.values(exitCodes).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning.replaceAll('`', ''))]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B LIBVIRT_DEFAULT_URI',
    roff('the libvirt, where no option names one'),
    '.TP',
    '.B NO_COLOR',
    roff('no colours'),
    '.SH SEE ALSO',
    '.BR virsh (1),',
    '.BR qemu\\-img (1)',
    '',
  ].join('\n');
}

/** @param {Readonly<Record<string, Option>>} options */
function optionRows(options) {
  return Object.entries(options).flatMap(([name, { short, value, help, words }]) => {
    const listed = words === undefined || words.every((word) => help.includes(word)) ? '' : `: ${words.join(', ')}`;
    const forms = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map((form) => `\\fB${roff(form)}\\fR`);
    return [
      '.TP',
      `${forms.join(', ')}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}`,
      roff(`${help}${listed}`),
    ];
  });
}

/** @param {Operand} operand */
function operandText({ name, needed }) {
  return needed === 'needed'
    ? name
    : needed === 'optional'
      ? `[${name}]`
      : needed === 'rest'
        ? `${name}…`
        : `[${name}…]`;
}

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Plain text as roff: nothing in it is a command. @param {string} text */
function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/u, '\\&$&')
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
