// Builds each room once, bottom to top, and hands it on. Nothing connects before the view is seen, a command asks, or
// the first look at the VMs' health, some minutes later.
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { landFirst } from './ui/firstLanding.js';
import type { EditorContext } from './api/connectWithin.js';
import type { VirtRewindApi } from './api/publicApi.js';
import type { CommandServices, SystemsOfEditor } from './ui/commands/commandServices.js';
import { applySettings } from './ui/commands/applySettings.js';
import { registerCommands } from './ui/commands/registerCommands.js';
import type { Engine } from './engine/engine.js';
import { openEngine } from './session/openEngine.js';
import { SharedSettings } from './session/sharedSettings.js';
import { NotesFile } from './journal/notesFile.js';
import { stateFolder } from './journal/stateFolder.js';
import { watchSpentClones } from './engine/spentClones.js';
import { onDidChangeSettings, readSettings } from './ui/readSettings.js';
import type { LayerCost } from './domain/layerCost.js';
import { mayAct } from './domain/automaticActions.js';
import { protectionMatcher } from './domain/protection.js';
import type { Vm } from './domain/vm.js';
import { XmlDocuments } from './ui/documents/documents.js';
import { Attentions } from './ui/attentions.js';
import { SystemPictures } from './ui/picture/systemPictures.js';
import type { Contributions } from './ui/picture/pictureMenu.js';
import { PicturePanels } from './ui/picture/picturePanels.js';
import { HealthStatus } from './ui/health/healthStatus.js';
import { ChosenSystem } from './ui/commands/systems/chosenSystem.js';
import { ActiveVm } from './ui/commands/vms/activeVm.js';
import { activeVmItem } from './ui/commands/vms/activeVmItem.js';
import { labSystem } from './ui/commands/labs/labSystem.js';
import { LessonHost } from './ui/commands/labs/lessonHost.js';
import { Consoles } from './ui/guest/consoles.js';
import { FollowedLogs } from './ui/guest/followedLogs.js';
import { Displays } from './ui/guest/displays.js';
import { Screens } from './ui/guest/screens.js';
import { setContextKeys } from './ui/contextKeys.js';
import { notify } from './ui/prompts/notify.js';
import { Reports } from './ui/documents/reports.js';
import { AllVms } from './ui/vms/allVms.js';
import { HistoryPanel } from './ui/history/historyPanel.js';
import { ProblemPages } from './ui/problems/problemPages.js';
import { labFiles } from './ui/lab/labFiles.js';
import { foldersWithLab } from './ui/lab/labFolders.js';
import { languageTools } from './ui/agents/languageTools.js';
import { putOnPath } from './ui/commandLinePath.js';
import { rewindTasks, runOwnTask } from './ui/tasks/rewindTasks.js';
import type { VmNotes } from './ui/tree/vmsInTree.js';
import { VmTree } from './ui/tree/vmTree.js';
import { KnownBisects } from './bisect/knownBisects.js';
import { KnownSystems } from './systems/knownSystems.js';
import { recoverWhenOpen } from './systems/recoverWhenOpen.js';
import type { Systems } from './systems/systems.js';
import { HealthWatch } from './health/healthWatch.js';
import { sentencesIn } from './text/translation.js';
import { watchSchedules } from './wings/copies/editor/watchSchedules.js';
import { keepNames } from './wings/guest/editor/keepNames.js';
import { closeRelays } from './wings/guest/editor/openRelays.js';
import { registerFiles } from './wings/inside/editor/registerFiles.js';

/** What is remembered of the VMs' health, at most. */
const mostNoteBytes = 2 * 1024 * 1024;

/** What tests and a development host can reach beside it; nobody else gets it. */
export interface DevelopmentApi extends VirtRewindApi {
  readonly engine: Engine;
  readonly tree: VmTree;
  readonly pictures: PicturePanels;
  readonly history: HistoryPanel;
  readonly problemPages: ProblemPages;
  readonly systems: SystemPictures;
  readonly health: HealthWatch;
  readonly status: HealthStatus;
  readonly activeVm: ActiveVm;
  readonly lessonHost: LessonHost;
  readonly consoles: Consoles;
  readonly displays: Displays;
  /** Folder of the operations that have not ended, and of the history. */
  readonly journal: string;
}

/** `deactivate` is given nothing to know it by. */
let endLesson: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): VirtRewindApi | DevelopmentApi {
  const log = vscode.window.createOutputChannel('Virt Rewind', { log: true });
  const sentences = sentencesIn(join(context.extensionPath, 'dist', 'l10n'), vscode.env.language, log);
  // Before anything that says something is made.
  l10n.config({ contents: sentences });
  const journal = stateFolder(process.env, join(context.globalStorageUri.fsPath, 'journal'));
  const engine = openEngine({
    log,
    environment: process.env,
    folder: journal,
    shell: vscode.env.appName,
    mayEndPools: () => mayAct('endPools', readSettings().automaticActions),
    answers: async (...asked) => (await import('./ui/prompts/askLogin.js')).askLogin(...asked),
  });
  const shared = new SharedSettings(journal, log);
  const notes = new NotesFile(join(context.globalStorageUri.fsPath, 'health', 'notes.json'), mostNoteBytes, log);
  const health = new HealthWatch({
    engine,
    notes,
    log,
    ofLabs: async () => (await import('./lab/labThresholds.js')).labThresholds(journal, log),
  });
  applySettings({ engine, health, shared }, readSettings());

  const attentions = new Attentions(engine);
  const known = new KnownSystems(journal, log);
  const bisects = new KnownBisects(journal, log);
  const brokenOff = bisects.onDidChange(() => {
    brokenOff.dispose();
    import('./ui/commands/bisect/bisectNotice.js')
      .then(({ tellBrokenOff }) => tellBrokenOff(journal, log))
      .catch((error: unknown) => log.error(String(error)));
  });
  const inTree = async (): Promise<VmNotes> => (await wings()).notesInTree(context.globalState, log);
  const tree = new VmTree(engine, known, bisects, attentions, health, context.globalState, inTree, log);
  const contributed = contributedBy(context.extension);
  const pictures = new PicturePanels(
    { engine, health, bisects, log, sentences, extension: context.extensionUri, contributed },
    attentions,
  );
  const documents = new XmlDocuments(engine);
  const reports = new Reports((hasXml) => {
    setContextKeys({ 'virtRewind.comparison': hasXml }).catch((error: unknown) => {
      log.error(`The button of a comparison could not be switched: ${String(error)}`);
    });
  });
  const status = new HealthStatus(health);
  const history = new HistoryPanel({ engine, folder: journal, log });
  const problemPages = new ProblemPages({ engine, log });
  const allVms = new AllVms({ engine, health, attentions, systems: known, notes: inTree, log });
  const measure = async (folder: string, depths: readonly number[]): Promise<readonly LayerCost[]> => {
    const { measureLayerCosts } = await import('./qemu/layerCosts.js');
    return measureLayerCosts(folder, depths, process.env);
  };
  const lessonHost = new LessonHost({ engine, log, context, measure, firstBad: bisects.firstBad });
  const chosen = new ChosenSystem(context.workspaceState, known, tree.systemShown, {
    onGone: (name) => {
      import('./ui/prompts/systemNotices.js')
        .then(({ tellSystemGone }) => tellSystemGone(name))
        .catch((error: unknown) => log.error(String(error)));
    },
    ofLab: async (before) => labSystem(await foldersWithLab(), journal, log, before),
  });
  const activeVm = new ActiveVm(context.workspaceState, engine, tree.focus, attentions, chosen, activeVmItem);
  const consoles = new Consoles(engine, log);
  const logs = new FollowedLogs();
  const screens = new Screens();
  const displays = new Displays(engine, vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview'), log);
  const systemsOptions = {
    engine,
    folder: journal,
    log,
    shell: vscode.env.appName,
    isProtected: (vm: Pick<Vm, 'name' | 'uuid'>) => protectionMatcher(readSettings().protectedVms)(vm),
    automatic: () => readSettings().automaticActions,
  };
  let opened: Promise<Systems> | undefined;
  const systems: SystemsOfEditor = {
    known,
    pictures: new SystemPictures({ engine, known, attentions, shown: tree.systemShown }),
    open: () => (opened ??= import('./systems/systems.js').then((room) => new room.Systems(systemsOptions))),
  };
  const commands = registerCommands(contributed.commands, {
    wings,
    systems,
    bisects,
    engine,
    remembered: context.globalState,
    secrets: context.secrets,
    consoles,
    logs,
    screens,
    displays,
    tree,
    documents,
    reports,
    pictures,
    health,
    lessonHost,
    activeVm,
    chosen,
    history,
    problemPages,
    allVms,
    log,
    runTask: (name, definition) => runOwnTask(name, definition, { engine, systems }),
  });
  const recovering = recoverWhenOpen({
    ...systemsOptions,
    tell: (recovered) => {
      import('./ui/prompts/systemNotices.js')
        .then(({ tellSystemRecovered }) => tellSystemRecovered(recovered, log))
        .catch((error: unknown) => log.error(String(error)));
    },
  });
  putOnPath(context);
  const tasks = rewindTasks({ engine, systems });
  const tools = languageTools({
    ...{ engine, folder: journal, log },
    extension: context.extension,
    readers: async () => {
      const { readers: given, notesForAgents } = await wings();
      return { ...given, notes: notesForAgents(context.globalState) };
    },
  });
  const settings = onDidChangeSettings((changed) => applySettings({ engine, health, shared }, changed));
  const over = new AbortController();
  const api = createApi({ engine, folder: journal, systems: systems.open, log, over: over.signal });

  // Ended in this order: whatever still asks the engine ends before it.
  context.subscriptions.push(
    { dispose: () => over.abort() },
    settings,
    recovering,
    tasks,
    tools,
    labFiles({ folder: journal, log, onDidChange: known.onDidChange }),
    ...[registerFiles, watchSchedules, keepNames, closeRelays].map((start) =>
      start({ engine, attentions, context, journal, log }),
    ),
    commands,
    status,
    activeVm,
    chosen,
    lessonHost,
    consoles,
    logs,
    screens,
    displays,
    pictures,
    systems.pictures,
    history,
    allVms,
    problemPages,
    reports,
    documents,
    tree,
    known,
    bisects,
    health,
    watchSpentClones(engine, (name) => void notify('info', l10n.t('Deleted {0} and its files.', name))),
    engine,
    log,
  );
  endLesson = () => (mayAct('removeLessons', readSettings().automaticActions) ? lessonHost.end() : Promise.resolve());
  if (mayAct('removeLessons', readSettings().automaticActions)) {
    lessonHost
      .removeLeft()
      .catch((error: unknown) => log.warn(`What an earlier lesson left is still there: ${String(error)}`));
  }
  const isInstalled = context.extensionMode === vscode.ExtensionMode.Production;
  landAfterStart({ engine, tree, consoles, log, remembered: context.globalState }, isInstalled);
  return isInstalled
    ? api
    : {
        ...api,
        engine,
        tree,
        pictures,
        history,
        problemPages,
        systems: systems.pictures,
        health,
        status,
        activeVm,
        lessonHost,
        consoles,
        displays,
        journal,
      };
}

/** What wings do here but at the start. */
async function wings() {
  const [{ insideInEditor: inside }, { copiesInEditor: copies }, guest, cluster] = await Promise.all([
    import('./wings/inside/editor/insideInEditor.js'),
    import('./wings/copies/editor/copiesInEditor.js'),
    import('./wings/guest/editor/guestInEditor.js').then(({ guestInEditor }) => guestInEditor),
    import('./wings/cluster/editor/clusterInEditor.js').then(({ clusterInEditor }) => clusterInEditor),
  ]);
  const handlers = { ...inside.handlers, ...copies.handlers, ...guest.handlers, ...cluster.handlers };
  const all = { ...inside, ...copies, handlers };
  const left = [cluster.left, guest.left];
  return { ...all, readers: { ...inside.readers, ...copies.readers, ...guest.readers, left } };
}

/** For other extensions. Its code is loaded when one of them connects. */
function createApi(editor: Pick<EditorContext, 'engine' | 'folder' | 'systems' | 'log' | 'over'>): VirtRewindApi {
  return {
    version: 1,
    connect: async () => {
      const [{ connectWithin }, { readers }] = await Promise.all([import('./api/connectWithin.js'), wings()]);
      const isTrusted = (): boolean => vscode.workspace.isTrusted;
      return connectWithin({ ...editor, readers, settings: readSettings, shell: vscode.env.appName, isTrusted });
    },
  };
}

/** When all the rest has begun. `npm start` says on which VMs; what is installed lands once. */
function landAfterStart(
  { log, remembered, ...services }: Pick<CommandServices, 'engine' | 'tree' | 'consoles' | 'log' | 'remembered'>,
  isInstalled: boolean,
): void {
  const wanted = process.env['VIRT_REWIND_LAND_ON'] ?? '';
  const landed = isInstalled
    ? landFirst(remembered)
    : wanted === ''
      ? Promise.resolve()
      : import('./ui/commands/landing.js').then(({ land }) => land(wanted, services));
  landed.catch((error: unknown) => log.warn(`the view could not be opened by itself: ${String(error)}`));
}

/** The editor is closed: it waits a few seconds for this. What takes longer, or breaks off, the next start removes. */
export const deactivate = async (): Promise<void> => endLesson?.();

/** Its package.json is made from the table of verbs. */
function contributedBy({ packageJSON }: vscode.Extension<unknown>): Contributions {
  return (packageJSON as { readonly contributes: Contributions }).contributes;
}
