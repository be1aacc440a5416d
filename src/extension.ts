// Builds each room once, bottom to top, and hands it on. Nothing connects before the view is seen, a command asks, or the
// first look at the VMs' health, some minutes later.
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { landFirst } from './ui/firstLanding.js';
import type { Editor } from './api/connectOver.js';
import type { VirtRewindApi } from './api/publicApi.js';
import type { CommandServices, SystemsService } from './ui/commands/commandServices.js';
import { registerCommands } from './ui/commands/registerCommands.js';
import type { Inventory } from './engine/liveInventory.js';
import { openInventory } from './session/openInventory.js';
import { SharedSettings } from './session/sharedSettings.js';
import { defaultConnections } from './manifest/defaultConnections.js';
import { NotesFile } from './journal/notesFile.js';
import { stateFolder } from './journal/stateFolder.js';
import { watchServedClones } from './engine/servedClones.js';
import { onDidChangeSettings, readSettings } from './ui/readSettings.js';
import type { Settings } from './manifest/settings.js';
import type { LayerCost } from './domain/layerCost.js';
import { mayAct } from './domain/automaticActions.js';
import { protectedBy } from './domain/protection.js';
import type { Vm } from './domain/vm.js';
import { XmlDocuments } from './ui/documents/documents.js';
import { Attentions } from './ui/attentions.js';
import { SystemPictures } from './ui/picture/systemPictures.js';
import { PicturePanels } from './ui/picture/picturePanels.js';
import { HealthStatus } from './ui/health/healthStatus.js';
import { ChosenSystem } from './ui/commands/chosenSystem.js';
import { WorkedVm } from './ui/commands/workedVm.js';
import { workedVmItem } from './ui/commands/workedVmItem.js';
import { Teaching } from './ui/commands/teaching.js';
import { Consoles } from './ui/guest/consoles.js';
import { FollowedLogs } from './ui/guest/followedLogs.js';
import { Screens } from './ui/guest/screens.js';
import { setContextKeys } from './ui/contextKeys.js';
import { Reports } from './ui/documents/reports.js';
import { HistoryPanel } from './ui/history/historyPanel.js';
import { labFiles } from './ui/lab/labFiles.js';
import { languageTools } from './ui/agents/languageTools.js';
import { putOnPath } from './ui/commandLinePath.js';
import { rewindTasks, runOwnTask } from './ui/tasks/rewindTasks.js';
import { VmTree } from './ui/tree/vmTree.js';
import { KnownBisects } from './bisect/knownBisects.js';
import { KnownSystems } from './systems/knownSystems.js';
import { recoverWhenOpen } from './systems/recoverWhenOpen.js';
import type { Systems } from './systems/systems.js';
import { HealthWatch } from './health/healthWatch.js';
import { sentencesIn } from './text/translation.js';
import { watchSettings } from './health/watchSettings.js';

/** What is remembered of the VMs' health, at most. */
const mostNoteBytes = 2 * 1024 * 1024;

/** What tests and a development host can reach beside it; nobody else gets it. */
export interface DevelopmentApi extends VirtRewindApi {
  readonly inventory: Inventory;
  readonly tree: VmTree;
  readonly pictures: PicturePanels;
  readonly history: HistoryPanel;
  readonly systems: SystemPictures;
  readonly health: HealthWatch;
  readonly status: HealthStatus;
  readonly worked: WorkedVm;
  readonly teaching: Teaching;
  readonly consoles: Consoles;
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
  const inventory = openInventory({
    log,
    environment: process.env,
    folder: journal,
    shell: vscode.env.appName,
    mayEndPools: () => mayAct('endPools', readSettings().automaticActions),
  });
  const shared = new SharedSettings(journal, log);
  const notes = new NotesFile(join(context.globalStorageUri.fsPath, 'health', 'notes.json'), mostNoteBytes, log);
  const health = new HealthWatch({
    inventory,
    notes,
    log,
    ofLabs: async () => (await import('./lab/labThresholds.js')).labThresholds(journal, log),
  });
  follow({ inventory, health, shared }, readSettings());

  const attentions = new Attentions(inventory);
  const known = new KnownSystems(journal, log);
  const bisects = new KnownBisects(journal, log);
  const brokenOff = bisects.onDidChange(() => {
    brokenOff.dispose();
    import('./ui/commands/bisectNotice.js')
      .then(({ tellBrokenOff }) => tellBrokenOff(journal, log))
      .catch((error: unknown) => log.error(String(error)));
  });
  const tree = new VmTree(inventory, known, bisects, attentions, health, context.globalState, log);
  const pictures = new PicturePanels(
    { inventory, health, bisects, log, sentences, extension: context.extensionUri },
    attentions,
  );
  const documents = new XmlDocuments(inventory);
  const reports = new Reports((hasXml) => {
    setContextKeys({ 'virtRewind.comparison': hasXml }).catch((error: unknown) => {
      log.error(`The button of a comparison could not be switched: ${String(error)}`);
    });
  });
  const status = new HealthStatus(health);
  const history = new HistoryPanel({ inventory, folder: journal, log });
  const guest = join(context.extensionPath, 'dist', 'lesson.bin');
  const measure = async (folder: string, depths: readonly number[]): Promise<readonly LayerCost[]> => {
    const { measureLayerCosts } = await import('./qemu/layerCosts.js');
    return measureLayerCosts(folder, depths, process.env);
  };
  const teaching = new Teaching({ inventory, log, guest, measure });
  const chosen = new ChosenSystem(context.workspaceState, known, tree.systemShown, (name) => {
    import('./ui/prompts/systemNotices.js')
      .then(({ tellSystemGone }) => tellSystemGone(name))
      .catch((error: unknown) => log.error(String(error)));
  });
  const worked = new WorkedVm(context.workspaceState, inventory, tree.focus, attentions, chosen, workedVmItem);
  const consoles = new Consoles(inventory, log);
  const logs = new FollowedLogs();
  const screens = new Screens();
  const systemsOptions = {
    inventory,
    folder: journal,
    log,
    shell: vscode.env.appName,
    isProtected: (vm: Pick<Vm, 'name' | 'uuid'>) => protectedBy(readSettings().protectedVms)(vm),
    automatic: () => readSettings().automaticActions,
  };
  let opened: Promise<Systems> | undefined;
  const systems: SystemsService = {
    known,
    pictures: new SystemPictures({ inventory, known, attentions, shown: tree.systemShown }),
    open: () => (opened ??= import('./systems/systems.js').then((room) => new room.Systems(systemsOptions))),
  };
  const commands = registerCommands({
    systems,
    bisects,
    inventory,
    remembered: context.globalState,
    consoles,
    logs,
    screens,
    tree,
    documents,
    reports,
    pictures,
    health,
    teaching,
    worked,
    chosen,
    history,
    log,
    runTask: (name, definition) => runOwnTask(name, definition, { inventory, systems }),
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
  const tasks = rewindTasks({ inventory, systems });
  const tools = languageTools({ inventory, folder: journal, log, extension: context.extension });
  const settings = onDidChangeSettings((changed) => follow({ inventory, health, shared }, changed));
  const over = new AbortController();
  const api = apiOver({ inventory, folder: journal, systems: systems.open, log, over: over.signal });

  // Ended in this order: whatever still asks the inventory ends before it.
  context.subscriptions.push(
    { dispose: () => over.abort() },
    settings,
    recovering,
    tasks,
    tools,
    labFiles(log),
    commands,
    status,
    worked,
    chosen,
    teaching,
    consoles,
    logs,
    screens,
    pictures,
    systems.pictures,
    history,
    reports,
    documents,
    tree,
    known,
    bisects,
    health,
    watchServedClones(inventory),
    inventory,
    log,
  );
  endLesson = () => (mayAct('removeLessons', readSettings().automaticActions) ? teaching.end() : Promise.resolve());
  if (mayAct('removeLessons', readSettings().automaticActions)) {
    teaching
      .removeLeft()
      .catch((error: unknown) => log.warn(`What an earlier lesson left is still there: ${String(error)}`));
  }
  const isInstalled = context.extensionMode === vscode.ExtensionMode.Production;
  landAfter({ inventory, tree, consoles, log, remembered: context.globalState }, isInstalled);
  return isInstalled
    ? api
    : {
        ...api,
        inventory,
        tree,
        pictures,
        history,
        systems: systems.pictures,
        health,
        status,
        worked,
        teaching,
        consoles,
        journal,
      };
}

/** For other extensions. Its code is loaded when one of them connects. */
function apiOver(editor: Pick<Editor, 'inventory' | 'folder' | 'systems' | 'log' | 'over'>): VirtRewindApi {
  return {
    version: 1,
    connect: async () => {
      const { connectOver } = await import('./api/connectOver.js');
      const isTrusted = (): boolean => vscode.workspace.isTrusted;
      return connectOver({ ...editor, settings: readSettings, shell: vscode.env.appName, isTrusted });
    },
  };
}

/** When all the rest has begun. `npm start` says on which VMs; what is installed lands once. */
function landAfter(
  { log, remembered, ...services }: Pick<CommandServices, 'inventory' | 'tree' | 'consoles' | 'log' | 'remembered'>,
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
export async function deactivate(): Promise<void> {
  await endLesson?.();
}

interface Followers {
  readonly inventory: Inventory;
  readonly health: HealthWatch;
  readonly shared: SharedSettings;
}

function follow({ inventory, health, shared }: Followers, settings: Settings): void {
  inventory.setProtected(protectedBy(settings.protectedVms));
  inventory.setAutoPrune(settings.keepCheckpoints, settings.keepAutoCheckpoints);
  inventory.setAutomaticActions(settings.automaticActions);
  inventory.setConnections(wantedConnections(settings));
  health.setSettings(watchSettings(settings));
  void shared.write(settings);
}

function wantedConnections({ connections }: Settings): readonly string[] {
  return connections.length > 0 ? connections : defaultConnections(process.env, process.getuid?.());
}
