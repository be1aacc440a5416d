// What every command is given. It refuses to know who built it.
import type { LogOutputChannel, Memento, SecretStorage } from 'vscode';
import type { AnyCommandId, CommandId } from '../../verbs/verbs.js';
import type { Engine } from '../../engine/engine.js';
import type { XmlDocuments } from '../documents/documents.js';
import type { SystemPictures } from '../picture/systemPictures.js';
import type { PicturePanels } from '../picture/picturePanels.js';
import type { Reports } from '../documents/reports.js';
import type { ProblemPages } from '../problems/problemPages.js';
import type { AllVms } from '../vms/allVms.js';
import type { HistoryPanel } from '../history/historyPanel.js';
import type { VmTree } from '../tree/vmTree.js';
import type { HealthWatch } from '../../health/healthWatch.js';
import type { Call } from './commandArguments.js';
import type { VmView } from '../../live/views.js';
import type { DatesReader, Readers } from '../../session/readers.js';
import type { RunningOperations } from './operations/runningOperations.js';
import type { LessonHost } from './labs/lessonHost.js';
import type { ChosenSystem } from './systems/chosenSystem.js';
import type { ActiveVm } from './vms/activeVm.js';
import type { Consoles } from '../guest/consoles.js';
import type { FollowedLogs } from '../guest/followedLogs.js';
import type { Displays } from '../guest/displays.js';
import type { Screens } from '../guest/screens.js';
import type { KnownBisects } from '../../bisect/knownBisects.js';
import type { KnownSystems } from '../../systems/knownSystems.js';
import type { Systems } from '../../systems/systems.js';
import type { StoredSystem } from '../../domain/system.js';

/** Several VMs as one. */
export interface SystemsOfEditor {
  /** As they are shown. */
  readonly known: KnownSystems;
  /** What acts on them is loaded when it is needed. */
  readonly open: () => Promise<Systems>;
  readonly pictures: SystemPictures;
}

/** What a task of ours does, as tasks.json would have it. */
export type OwnTask = Readonly<Record<string, unknown>> & { readonly action: 'run' };

export interface CommandServices {
  readonly engine: Engine;
  readonly tree: VmTree;
  readonly documents: XmlDocuments;
  readonly reports: Reports;
  readonly problemPages: ProblemPages;
  readonly pictures: PicturePanels;
  readonly health: HealthWatch;
  readonly systems: SystemsOfEditor;
  readonly bisects: KnownBisects;
  readonly lessonHost: LessonHost;
  readonly activeVm: Pick<ActiveVm, 'ref' | 'find' | 'take'>;
  /** The system that this workspace works with. */
  readonly chosen: Pick<ChosenSystem, 'shown' | 'find' | 'choose'>;
  readonly consoles: Consoles;
  readonly logs: FollowedLogs;
  readonly screens: Screens;
  readonly displays: Displays;
  readonly log: LogOutputChannel;
  /** What this user chose before, in any workspace. */
  readonly remembered: Memento;
  readonly secrets: SecretStorage;
  /** Loaded when the first command is called. */
  readonly wings: () => Promise<CommandWings>;
  readonly history: HistoryPanel;
  readonly allVms: AllVms;
  /** Runs a task of ours that no tasks.json has, in a terminal. Resolves when it has begun. */
  readonly runTask: (name: string, definition: OwnTask) => Thenable<unknown>;
}

/** One run of a command: the services, and what it was called with. */
export interface CommandRun extends CommandServices {
  readonly call: Call;
  readonly running: RunningOperations;
  /** Systems that a list of VMs offers beside them: the command does the same to all VMs of one. */
  readonly offered?: readonly StoredSystem[];
  /** What the VMs that it has to do with are called, by UUID: who vanishes meanwhile is told of by its name. */
  readonly seen: Map<string, string>;
  /** What the palette calls the command: the title of its lists. */
  readonly title?: string;
}

/**
 * Resolves to what the command did. Throws a Failure or a CommandError, or Dismissed when the user left a question
 * unanswered.
 */
export type Handler = (run: CommandRun) => Promise<unknown>;

/** The handlers of one verb, by what it is called on. */
export interface TargetHandlers {
  readonly vms: Handler;
  /** Rows of more than one VM, by name; absent: `vms` takes them too. */
  readonly several?: (run: CommandRun, views: readonly VmView[]) => Promise<unknown>;
  /** A system, or a restore point of it; absent: it does nothing of the kind. */
  readonly system?: Handler;
}

/** What wings do for commands. */
interface CommandWings {
  readonly readers: DatesReader & Pick<Readers, 'left'>;
  readonly handlers: HandlersHandedIn;
  readonly besideComparison: BesideComparison;
}

/** What is offered beside a comparison of two states. */
export interface BesideComparison {
  readonly title: () => string;
  /** It is given what was compared. */
  readonly command: AnyCommandId;
}

export type HandlersHandedIn = Readonly<Record<AnyCommandId, Handler | TargetHandlers>>;

/** What a file of commands has: the compiler adds them up against the manifest's. */
export type CommandTable = Partial<Readonly<Record<CommandId, Handler | TargetHandlers>>>;
