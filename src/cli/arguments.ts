// The words of a command line → a call, or what is wrong with them. Pure.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { parseAge, parseUntil } from '../domain/untilDate.js';
import { longestSeconds, parsePlace, parseSeconds, type TcpPlace } from '../domain/startWait.js';
import { parseSize } from '../session/disks.js';
import type { PruneRule } from '../operations/prune/pruneRule.js';
import { CliError } from './commandError.js';
import { commandGroups, commandsOnSystems, commonOptions, optionsOf } from './commandShape.js';
import type { Call, CommandOfCall, CommandTable } from './context.js';

type ParsedCommandLine =
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'help'; readonly of?: CommandOfCall; readonly group?: string }
  | { readonly kind: 'version' };

/** @throws CliError `usage` */
export function parseCommandLine(commands: CommandTable, words: readonly string[]): ParsedCommandLine {
  const { ahead, own } = splitCommonOptions(words);
  const [first, ...more] = joinCommandWords(own);
  const rest = [...ahead, ...more];
  if (first === undefined || first === '--help' || first === '-h') {
    return { kind: 'help' };
  }
  if (first === '--version' || first === '-V') {
    return { kind: 'version' };
  }
  if (first === 'help') {
    const [of] = joinCommandWords(more);
    return of === undefined
      ? { kind: 'help' }
      : commandGroups.includes(of)
        ? { kind: 'help', group: of }
        : { kind: 'help', of: findCommand(commands, of) };
  }
  if (commandGroups.includes(first)) {
    return { kind: 'help', group: first };
  }
  const found = findCommand(commands, first);
  const { command } = found;
  const isOfSystem = first === `system ${command}`;
  const { values, positionals } = parseByCommand(found, rest);
  const flags = new Set(Object.keys(values).filter((name) => values[name] === true));
  if (flags.has('help')) {
    return { kind: 'help', of: found };
  }
  const texts = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const lists = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])),
  );
  requireWords(found, texts);
  requireOneMeaning(found, new Set(Object.keys(values)), positionals);
  requireOperands(found, positionals);
  return {
    kind: 'call',
    call: { ...found, ...(isOfSystem && { group: 'system' }), operands: positionals, texts, lists, flags },
  };
}

/** As those of virsh and git, options of all commands may come before the command, too. */
export function splitCommonOptions(words: readonly string[]): {
  readonly ahead: readonly string[];
  readonly own: readonly string[];
} {
  let at = 0;
  for (let taken = -1; taken !== 0; at += taken) {
    const word = words[at] ?? '';
    const found = Object.entries(commonOptions).find(
      ([name, option]) =>
        name !== 'help' && (word === `--${name}` || ('short' in option && word === `-${option.short}`)),
    );
    const hasOwnValue = word.startsWith('--connect=') || /^-c./u.test(word);
    taken = found?.[1].type === 'string' ? 2 : found !== undefined || hasOwnValue ? 1 : 0;
  }
  return { ahead: words.slice(0, at), own: words.slice(at) };
}

/** The commands of systems and labs have two words. */
export function joinCommandWords([first, second, ...rest]: readonly string[]): readonly string[] {
  return first !== undefined && commandGroups.includes(first) && second !== undefined && !second.startsWith('-')
    ? [`${first} ${second}`, ...rest]
    : [first, second, ...rest].filter((word) => word !== undefined);
}

/** By its own word, or as one of systems. */
export function calledCommand(commands: CommandTable, word: string): CommandOfCall | undefined {
  const command = Object.hasOwn(commands, word)
    ? word
    : commandsOnSystems(commands).find((name) => `system ${name}` === word);
  const row = command === undefined ? undefined : commands[command];
  return command === undefined || row === undefined ? undefined : { command, row };
}

function findCommand(commands: CommandTable, word: string): CommandOfCall {
  const found = calledCommand(commands, word);
  if (found === undefined) {
    const group = commandGroups.find((one) => word.startsWith(`${one} `));
    const help = group === undefined ? '--help' : `${group} --help`;
    throw new CliError('usage', `There is no command ${JSON.stringify(word)}. See virt-rewind ${help}.`);
  }
  return found;
}

function parseByCommand(
  { command, row }: CommandOfCall,
  words: readonly string[],
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  const specs = optionsOf(row);
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short !== undefined && { short }), ...(multiple === true && { multiple }) },
    ]),
  );
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's own sentence, which names the option, up to its advice on `--`.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split(
      /\. To specify|\. Did you/u,
      1,
    );
    throw new CliError('usage', `${sentence.replace(/\.$/u, '')}. See virt-rewind ${command} --help.`);
  }
}

function requireWords({ command, row }: CommandOfCall, texts: Call['texts']): void {
  for (const [name, { words }] of Object.entries(optionsOf(row))) {
    const given = texts[name];
    if (given !== undefined && words !== undefined && !words.includes(given)) {
      throw new CliError('usage', `--${name} takes one of ${words.join(', ')}. See virt-rewind ${command} --help.`);
    }
  }
}

/** What contradicts something else that was said, or means nothing without it, is not passed over in silence. */
function requireOneMeaning(
  { command, row }: CommandOfCall,
  said: ReadonlySet<string>,
  [operand]: readonly string[],
): void {
  const specs = optionsOf(row);
  for (const [name, { not = [], needs = [], alone }] of Object.entries(specs).filter(([one]) => said.has(one))) {
    const goesAlong = (other: string): boolean =>
      other === name || Object.hasOwn(commonOptions, other) || specs[other]?.needs?.includes(name) === true;
    const option = [...said].find((other) => not.includes(other) || (alone === true && !goesAlong(other)));
    const other = option === undefined ? alone && operand && JSON.stringify(operand) : `--${option}`;
    if (other !== undefined) {
      throw new CliError('usage', `--${name} and ${other} exclude each other. See virt-rewind ${command} --help.`);
    }
    if (needs.length > 0 && !needs.some((one) => said.has(one))) {
      const those = needs.map((one) => `--${one}`).join(', ');
      throw new CliError('usage', `--${name} goes with one of ${those}. See virt-rewind ${command} --help.`);
    }
  }
}

function requireOperands({ command, row: { operands } }: CommandOfCall, given: readonly string[]): void {
  const missing = operands.find(
    ({ needed }, at) =>
      (needed === 'needed' && (given[at] ?? '').trim() === '') || (needed === 'rest' && given[at] === undefined),
  );
  if (missing !== undefined) {
    throw new CliError('usage', `${missing.name} is missing. See virt-rewind ${command} --help.`);
  }
  const last = operands.at(-1)?.needed;
  if (given.length > operands.length && last !== 'rest' && last !== 'several') {
    throw new CliError(
      'usage',
      `${JSON.stringify(given[operands.length])} is one word too many. See virt-rewind ${command} --help.`,
    );
  }
}

/** @throws CliError `usage` */
export function secondsOf({ command, texts }: Call, usual: number, option = 'seconds'): number {
  const text = texts[option];
  const seconds = text === undefined ? usual : parseSeconds(text);
  if (seconds === undefined) {
    throw new CliError(
      'usage',
      `--${option} takes a number from 0 to ${longestSeconds}. See virt-rewind ${command} --help.`,
    );
  }
  return seconds;
}

/** Milliseconds since 1970. @throws CliError `usage` */
export function untilOf({ texts }: Pick<Call, 'texts'>, now: number): number | undefined {
  const { until: text } = texts;
  const until = text === undefined ? undefined : parseUntil(text, now);
  if (until === 'past' || until === 'unclear') {
    throw new CliError(
      'usage',
      until === 'past'
        ? `--until ${JSON.stringify(text)} is in the past. Nothing was changed.`
        : `--until takes a day, a time or an age, as friday, 2026-12-24, "2026-12-24 18:00" or 3d.`,
    );
  }
  return until;
}

/** Where `--port` points. @throws CliError `usage` */
export function placeOf({ texts }: Call): TcpPlace | undefined {
  const text = texts['port'];
  if (text === undefined) {
    return undefined;
  }
  const place = parsePlace(text);
  if (place === undefined) {
    throw new CliError('usage', 'A port is written as 22, host:22 or [::1]:22.');
  }
  return place;
}

/** A whole number from 1. @throws CliError `usage` */
export function countOf({ command, texts }: Call, option: string, most: number): number | undefined {
  const text = texts[option];
  if (text === undefined) {
    return undefined;
  }
  const number = /^\d{1,4}$/u.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) {
    throw new CliError('usage', `--${option} takes a number from 1 to ${most}. See virt-rewind ${command} --help.`);
  }
  return number;
}

/** In bytes. @param what it stands for, in the message @throws CliError `usage` */
export function sizeOf({ command }: Pick<Call, 'command'>, text: string, what = 'SIZE'): number {
  const bytes = parseSize(text);
  if (bytes === undefined) {
    throw new CliError('usage', `${what} is a size such as 512M or 20G. See virt-rewind ${command} --help.`);
  }
  return bytes;
}

const mostKept = 9_999;

/** Which snapshots or restore points go. @throws CliError `usage` */
export function ruleOf(call: Call): PruneRule {
  const keepLast = countOf(call, 'keep-last', mostKept);
  const age = call.texts['older-than'];
  const olderThanMs = age === undefined ? undefined : parseAge(age);
  if (age !== undefined && olderThanMs === undefined) {
    throw new CliError('usage', '--older-than takes a number of hours, days or weeks, as 12h, 3d or 2w.');
  }
  if (keepLast === undefined && olderThanMs === undefined) {
    throw new CliError(
      'usage',
      `Say which go: --older-than AGE, --keep-last N, or both. See virt-rewind ${call.command} --help.`,
    );
  }
  return { ...(keepLast !== undefined && { keepLast }), ...(olderThanMs !== undefined && { olderThanMs }) };
}
