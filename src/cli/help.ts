// What --help prints. Pure.
import { columnsOf, piecesOf } from './table.js';
import { commandsOnSystems, commonOptions } from './commandShape.js';
import { type CommandOfCall, type CommandTable, headings, type Operand, type Option } from './context.js';

/** Where what an option is for begins. */
const indent = 24;

export function generalHelp(commands: CommandTable, width: number): string {
  return [
    'Snapshots of libvirt VMs: with the guards, the journal and the locks of the editor’s Virt Rewind.',
    '',
    'Usage: virt-rewind COMMAND [OPTIONS]',
    '',
    ...headings.flatMap((heading) => [
      `${heading}:`,
      ...Object.entries(commands).flatMap(([name, command]) =>
        command.heading === heading ? row(name, command.summary, width) : [],
      ),
      '',
    ]),
    'Options of all commands:',
    ...optionRows(commonOptions, width),
    ...row('    --version', 'the version', width),
    '',
    'virt-rewind COMMAND --help shows the help of one command.',
    '',
  ].join('\n');
}

/** Writes the help of the commands that begin with one word. */
export function groupHelp(commands: CommandTable, group: string, width: number): string {
  const own = Object.entries(commands).filter(([name]) => name.startsWith(`${group} `));
  return [
    `Usage: virt-rewind ${group} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...own.flatMap(([name, { summary }]) => row(name, summary, width)),
    ...(group === 'system'
      ? ['', ...wrapText(`As of a VM: ${commandsOnSystems(commands).join(', ')}.`, width, 0)]
      : []),
    '',
    'Options of all commands:',
    ...optionRows(commonOptions, width),
    '',
    `virt-rewind ${group} COMMAND --help tells more of one.`,
    '',
  ].join('\n');
}

export function commandHelp({ command: name, row: command }: CommandOfCall, width: number): string {
  return [
    `virt-rewind ${name}: ${command.summary}`,
    '',
    `Usage: virt-rewind ${name} ${[...command.operands.map(operandText), '[OPTIONS]'].join(' ')}`,
    '',
    ...(command.more === undefined ? [] : [...wrapText(command.more, width, 0), '']),
    'Options:',
    ...optionRows({ ...command.options, ...commonOptions }, width),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}

function operandText({ name, kind, needed }: Operand): string {
  const dashes = kind === 'program' ? '-- ' : '';
  return needed === 'needed'
    ? name
    : needed === 'rest'
      ? `${dashes}${name}…`
      : needed === 'several'
        ? `[${name}…]`
        : `[${name}]`;
}

function optionRows(options: Readonly<Record<string, Option>>, width: number): readonly string[] {
  return Object.entries(options).flatMap(([name, { short, value, help, words }]) => {
    const start = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    const listed = words === undefined || words.every((word) => help.includes(word)) ? '' : `: ${words.join(', ')}`;
    return row(start, `${help}${listed}`, width);
  });
}

function row(start: string, text: string, width: number): readonly string[] {
  const at = width < 60 ? 6 : indent;
  const lines = wrapText(text, width, at);
  const first = `  ${start}`;
  return first.length + 1 < at
    ? [`${first.padEnd(at)}${(lines[0] ?? '').trimStart()}`, ...lines.slice(1)]
    : [first, ...lines];
}

/** Broken between words, each line behind so many spaces. */
export function wrapText(text: string, width: number, at: number): readonly string[] {
  const room = Math.max(20, width - at);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    for (const [index, piece] of piecesOf(word).entries()) {
      const gap = line === '' || index > 0 ? '' : ' ';
      if (line !== '' && columnsOf(line) + gap.length + columnsOf(piece) > room) {
        lines.push(line);
        line = piece;
      } else {
        line = `${line}${gap}${piece}`;
      }
    }
  }
  return [...lines, line].map((one) => `${' '.repeat(at)}${one}`);
}

/** A line broken between words; what goes on stands farther in. */
export function fitLine(line: string, width: number): readonly string[] {
  const text = line.trimStart();
  const [first = '', ...rest] = wrapText(text, width - 2, line.length - text.length);
  return [first, ...rest.map((one) => `  ${one}`)];
}
