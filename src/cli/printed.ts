// How a command's answer is printed: as text for a person, or with --json as one document for a program. No command
// knows which. docs/command-line.schema.json describes the documents.
import type { ExitName } from './exitCodes.js';
import type { Column } from './table.js';
import type { Terminal } from './terminal.js';

/** What of a call tells how its answer is printed. */
interface CommandWords {
  readonly command: string;
  readonly group?: 'system';
  readonly flags: ReadonlySet<string>;
}

type Answer = Readonly<Record<string, unknown>>;
/** A value, or what finds it where it is printed. */
type Later<T> = T | (() => T | Promise<T>);

/** Lines on standard output, lines beside it on standard error, or a table. */
export type TextPart =
  | string
  | { readonly beside: string }
  | { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] };

/** What a command answers. */
export interface CommandAnswer {
  /** For a program. */
  readonly answer: Later<Answer>;
  /** The same for a person. */
  readonly text: Later<string | readonly TextPart[]>;
  /** Told after it in both forms. */
  readonly beside?: readonly string[];
  /** Absent: `done`. */
  readonly exit?: ExitName | number;
}

/** A command without an answer ends with its exit alone; a number is an exit code that is not ours. */
export type CommandEnd = CommandAnswer | ExitName | number;

export interface Printer {
  readonly form: 'text' | 'document';
  /** Somebody is there to answer a question. */
  readonly canAsk: boolean;
  /** A part of the text that a person reads before the rest. */
  readonly say: (part: TextPart) => void;
  /** A line of what happens while the command goes on, in both forms. */
  readonly sayNews: (text: string) => void;
  /** @returns how the program ends */
  readonly print: (end: CommandEnd) => Promise<ExitName | number>;
}

/** By the words of the call. */
export function printerOf(call: CommandWords, terminal: Terminal): Printer {
  return call.flags.has('json') ? documentPrinter(call, terminal) : textPrinter(terminal);
}

function textPrinter(terminal: Terminal): Printer {
  const printPart = (part: TextPart): void => {
    if (typeof part === 'string') {
      terminal.say(part);
    } else if ('beside' in part) {
      terminal.tell(part.beside);
    } else {
      terminal.sayTable(part.columns, part.rows);
    }
  };
  return {
    form: 'text',
    get canAsk() {
      return terminal.canAsk;
    },
    say: printPart,
    sayNews: (text) => terminal.say(text),
    print: (end) => printBy(terminal, end, async ({ text }) => joinLines(await partsOf(text)).forEach(printPart)),
  };
}

function documentPrinter(call: CommandWords, terminal: Terminal): Printer {
  return {
    form: 'document',
    canAsk: false,
    say: () => undefined,
    sayNews: (text) => terminal.tell(text),
    print: (end) =>
      printBy(terminal, end, async ({ answer }) => terminal.say(answerDocument(calledOf(call), await resolve(answer)))),
  };
}

async function printBy(
  terminal: Terminal,
  end: CommandEnd,
  print: (printed: CommandAnswer) => Promise<void>,
): Promise<ExitName | number> {
  if (typeof end !== 'object') {
    return end;
  }
  await print(end);
  end.beside?.forEach((text) => terminal.tell(text));
  return end.exit ?? 'done';
}

/** The same with more text at its end. */
export function withText(printed: CommandAnswer, more: readonly TextPart[]): CommandAnswer {
  return { ...printed, text: async () => [...(await partsOf(printed.text)), ...more] };
}

async function partsOf(text: CommandAnswer['text']): Promise<readonly TextPart[]> {
  const parts = await resolve(text);
  return typeof parts === 'string' ? [parts] : parts;
}

/** Lines that follow each other are written at once: there may be thousands. */
function joinLines(parts: readonly TextPart[]): readonly TextPart[] {
  const joined: TextPart[] = [];
  let lines: string[] = [];
  const endLines = (): void => {
    joined.push(...(lines.length > 0 ? [lines.join('\n')] : []));
    lines = [];
  };
  for (const part of parts) {
    if (typeof part === 'string') {
      lines.push(part);
    } else {
      endLines();
      joined.push(part);
    }
  }
  endLines();
  return joined;
}

function resolve<T extends object | string>(later: Later<T>): T | Promise<T> {
  return typeof later === 'function' ? (later as () => T | Promise<T>)() : later;
}

/** As it was called. */
function calledOf({ group, command }: CommandWords): string {
  return group === undefined ? command : `${group} ${command}`;
}

/**
 * Changed when a reader of the old one would be wrong: a field that goes, or means another thing. More fields change
 * nothing.
 */
const schemaVersion = 1;

/** The frame of every document. */
export function answerDocument(command: string, answer: Answer): string {
  return JSON.stringify({ version: schemaVersion, command, ...answer }, null, 2);
}
