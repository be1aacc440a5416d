// What a wing hands in at the doors: all that core and wings share. The core knows no wing.
import type { ObjectEntries, ObjectSchema } from 'valibot';
import type { ExtensionContext, LogOutputChannel, Memento } from 'vscode';
import type { Disposable } from '../base/disposable.js';
import type { Log } from '../base/log.js';
import type { CommandTable } from '../cli/context.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { LeftByWing } from '../session/leftWork.js';
import type { DatesReader, Readers, ReadVmNotes } from '../session/readers.js';
import type { Attentions } from '../ui/attentions.js';
import type { BesideComparison, Handler, TargetHandlers } from '../ui/commands/commandServices.js';
import type { VmNotes } from '../ui/tree/vmsInTree.js';
import type { Verb } from '../verbs/verb.js';

export interface Wing {
  /** Rows of the table of the editor's commands, which package.json is made of. */
  readonly verbs: Readonly<Record<string, Verb>>;
  /** The commands of the command line, by their words. */
  readonly commands: CommandTable;
  /** What these answer with --json. */
  readonly answers: Readonly<Record<string, ObjectSchema<ObjectEntries, undefined>>>;
}

/** In the editor, loaded when the first of it is needed. */
export interface WingInEditor<Verbs extends Wing['verbs']> {
  /** One for each of its commands. */
  readonly handlers: Readonly<Record<`virtRewind.${keyof Verbs & string}`, Handler | TargetHandlers>>;
  /** For the library, and for agents. */
  readonly readers: Partial<Readers & DatesReader>;
  /** What it leaves where it is interrupted. */
  readonly left?: LeftByWing;
  readonly besideComparison?: BesideComparison;
  readonly notesInTree?: (remembered: Pick<Memento, 'get'>, log: Log) => VmNotes;
  readonly notesForAgents?: (remembered: Pick<Memento, 'get'>) => ReadVmNotes;
}

/** What it does at each start of the editor, which is little. */
export type AtStart = (services: StartServices) => Disposable;

export interface StartServices {
  readonly engine: EnginePort;
  readonly attentions: Attentions;
  readonly context: Pick<ExtensionContext, 'subscriptions'>;
  /** Its folder. */
  readonly journal: string;
  readonly log: LogOutputChannel;
}
