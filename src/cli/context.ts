// What a command of the command line is: its row in the table, a call of it, and what it is given.
import type { AgentReaders } from '../agents/toolCall.js';
import type { Log } from '../base/log.js';
import type { DatesReader, Readers } from '../session/readers.js';
import type { Session } from '../session/session.js';
import type { Interruption } from './interruption.js';
import type { CommandEnd, Printer } from './printed.js';
import type { Terminal } from './terminal.js';

/** What a word stands for, for completion. */
export type OperandKind =
  'vm' | 'target' | 'snapshot' | 'repair' | 'system' | 'point' | 'labPoint' | 'shell' | 'program' | 'place' | 'text';

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  /** `rest`: one or more; `several`: any number. */
  readonly needed: 'needed' | 'optional' | 'rest' | 'several';
  /** A system has no such thing. */
  readonly onSystem?: false;
}

export interface Option {
  readonly type: 'boolean' | 'string';
  /** It may be said several times. */
  readonly multiple?: true;
  readonly short?: string;
  /** What stands for its value in the help. */
  readonly value?: string;
  readonly help: string;
  /** The values that it takes, where these are few. */
  readonly words?: readonly string[];
  /** What its value stands for, as of an operand. */
  readonly kind?: OperandKind;
  /** Options that say otherwise: one of them at most is said. */
  readonly not?: readonly string[];
  /** It says nothing without one of these. */
  readonly needs?: readonly string[];
  /** Beside it, a VM and any option but those of all commands and those that need it would be passed over. */
  readonly alone?: true;
}

/** In the order in which they are met. */
export const headings = [
  'Snapshots',
  'Going back',
  'VMs',
  'Systems',
  'Labs',
  'Files and copies',
  'For programs',
] as const;

export type Heading = (typeof headings)[number];

export interface Command {
  /** Under which it stands in the help. */
  readonly heading: Heading;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, Option>>;
  /** It does the same to a system: which of the options it has there. Absent: it is for one VM. */
  readonly onSystem?: readonly string[];
  /** More than the summary, as paragraphs. */
  readonly more?: string;
  readonly examples: readonly string[];
  /** What it does, loaded when it is called. Absent: the door does it, without a session. */
  readonly act?: () => Promise<CommandHandler>;
}

/** All commands by their words, with those of the wings. */
export type CommandTable = Readonly<Record<string, Command>>;

export interface Call {
  readonly command: string;
  readonly row: Command;
  /** It was called as one of systems, and is for none but these. */
  readonly group?: 'system';
  readonly operands: readonly string[];
  /** The options with a value. */
  readonly texts: Readonly<Record<string, string | undefined>>;
  /** The options that can be repeated. */
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>;
  /** The options without a value. */
  readonly flags: ReadonlySet<string>;
}

export type CommandOfCall = Pick<Call, 'command' | 'row'>;

export interface Context {
  readonly call: Call;
  readonly terminal: Terminal;
  readonly session: Session;
  /** The readers for agents, what wings leave, and the dates of snapshots. */
  readonly readers: AgentReaders & DatesReader & Pick<Readers, 'left'>;
  readonly log: Log;
  readonly interruption: Interruption;
  readonly printer: Printer;
}

export type CommandHandler = (context: Context) => Promise<CommandEnd>;
