// The tree view of all connections: hands rows to the editor, tells the engine what is looked at, and asks for a
// row again only when it reads differently. Decides nothing about what a row says.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../engine/enginePort.js';
import { type ConnectionView, type StoreChange, type VmView } from '../../live/views.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { KnownBisects } from '../../bisect/knownBisects.js';
import { onDidChangeSettings, readSettings } from '../readSettings.js';
import type { Settings } from '../../manifest/settings.js';
import { treeViewId } from '../../manifest/viewIds.js';
import { protectionMatcher } from '../../domain/protection.js';
import type { Attentions, AttentionShare } from '../attentions.js';
import type { HealthWatch } from '../../health/healthWatch.js';
import { OpenRows } from './openRows.js';
import type { Node } from './nodes.js';
import { wrongCountText } from '../../text/problems/healthText.js';
import type { RowContext } from '../../text/rows/rows.js';
import type { ShownSystem } from '../../text/systems/systemRows.js';
import { rowMarks } from './rowMarks.js';
import { RowTimers } from './rowTimers.js';
import { type ShownSystems, SystemsInTree } from './systemsInTree.js';
import { TreeContent } from './treeContent.js';
import { TreeFocus } from './treeFocus.js';
import { FocusGuard } from './focusGuard.js';
import { giveBadge, giveMessage, giveTooltip, goneItem, treeItem } from './treeItems.js';
import { type UsageStore, UsedVms } from './usedVms.js';
import { ViewKeys } from './viewKeys.js';
import { vmsOf, readAllTrees } from './vmsOf.js';
import { type RowsInTreeOptions, type VmNotes, VmsInTree } from './vmsInTree.js';

/** What bisects of VMs know. */
export type ShownBisects = Pick<KnownBisects, 'of' | 'onDidChange' | 'watch'>;

/** What is wrong with VMs, and that somebody looks at them. */
type ShownHealth = Pick<HealthWatch, 'healthOf' | 'wrong' | 'onDidChange' | 'sweepIfStale'>;

export class VmTree implements Disposable, vscode.TreeDataProvider<Node> {
  readonly viewId = treeViewId;
  readonly #engine: EnginePort;
  readonly #log: Log;
  readonly #health: ShownHealth;
  readonly #attention: AttentionShare;
  readonly #systems: ShownSystems;
  readonly #bisects: ShownBisects;
  readonly #systemRows: SystemsInTree;
  readonly #vmRows: VmsInTree;
  readonly #used: UsedVms;
  /** When something was last done to a VM from here, by its key: milliseconds since 1970; 0: never. */
  readonly usedAt = (key: string): number => this.#used.at(key);
  readonly #openRows = new OpenRows();
  #protectedVms: readonly string[];
  readonly #content: TreeContent;
  #filter = '';
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<Node | undefined>;
  readonly #view: vscode.TreeView<Node>;
  /** Where people stand. */
  readonly focus: TreeFocus;
  readonly #keys: ViewKeys;
  /** Something changed while nobody looked. */
  #isStale = false;
  readonly #timers = this.#store.add(
    new RowTimers(
      () => {
        this.#systemRows.drawChanged();
        this.#vmRows.tick();
      },
      () => {
        this.#systemRows.drawChanged();
        this.#vmRows.renewAges();
      },
      () => this.#lostConnections().forEach(({ uri }) => this.#changed.fire(this.#content.rows.connection(uri))),
    ),
  );

  constructor(
    engine: EnginePort,
    systems: ShownSystems,
    bisects: ShownBisects,
    attentions: Attentions,
    health: ShownHealth,
    kept: UsageStore,
    private readonly notes: () => Promise<VmNotes>,
    log: Log,
  ) {
    this.#systems = systems;
    this.#bisects = bisects;
    this.#engine = engine;
    this.#health = health;
    this.#log = log;
    this.#attention = this.#store.add(attentions.share());
    this.#keys = new ViewKeys(log);
    this.#used = new UsedVms(kept, log);
    const settings = readSettings();
    this.#protectedVms = settings.protectedVms;
    const arrangement = { ...arrangementOf(settings), filter: '' };
    this.#content = new TreeContent(engine, arrangement, this.#openRows, this.usedAt, () => systems.all);
    this.#changed = this.#store.add(new vscode.EventEmitter<Node | undefined>());
    const rows: RowsInTreeOptions = {
      engine,
      content: this.#content,
      reading: () => this.#reading(),
      draw: (node) => this.#changed.fire(node),
      ...{ log, notes, store: this.#store },
    };
    this.#systemRows = new SystemsInTree(rows);
    this.#vmRows = new VmsInTree(rows, this.#openRows, (shown) => this.focus.show(shown));
    this.#view = this.#store.add(
      vscode.window.createTreeView(treeViewId, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true }),
    );
    this.focus = new TreeFocus(this.#view, rows, this.#store.add(new FocusGuard()));
    this.#store.add(vscode.window.registerFileDecorationProvider(rowMarks));
    this.#store.add(this.#view.onDidChangeVisibility(() => this.#visibilityChanged()));
    this.#store.add(this.#view.onDidExpandElement(({ element }) => this.#look(this.#openRows.open(element))));
    this.#store.add(this.#view.onDidCollapseElement(({ element }) => this.#look(this.#openRows.close(element))));
    this.#store.add(engine.onDidChange((change) => this.#storeChanged(change)));
    this.#store.add(health.onDidChange(() => this.#healthChanged()));
    this.#store.add(systems.onDidChange(() => this.#systemsChanged()));
    this.#store.add(bisects.onDidChange(() => this.#factsChanged()));
    this.#store.add(onDidChangeSettings((settings) => this.#settingsChanged(settings)));
    this.#updateKeys();
    this.#visibilityChanged();
  }

  get onDidChangeTreeData(): vscode.Event<Node | undefined> {
    return this.#changed.event;
  }

  /** What has the focus, and what is selected, may not be told while this is so. */
  get isBeingDrawn(): boolean {
    return this.#vmRows.drawn.isGoingOn;
  }

  /** The text that rows must contain, as it was typed; empty when all are shown. */
  get filter(): string {
    return this.#filter;
  }

  /** An empty text shows all. Snapshots not read yet are read, so that they can be found. */
  async setFilter(text: string): Promise<void> {
    const filter = text.trim();
    this.#filter = filter;
    if (!this.#content.arrange({ filter: filter.toLowerCase() })) {
      return;
    }
    this.#look(this.#openRows.filter(filter !== ''));
    giveMessage(this.#view, filter === '' ? '' : t('Filtered by “{0}”.', filter));
    this.#updateKeys();
    this.#redraw();
    if (filter !== '') {
      await readAllTrees(this.#engine, this.#log);
    }
  }

  /** VMs stand as they are now; else only a filter and a view that is shown anew move their rows. */
  sortAgain(): void {
    this.#vmRows.sort();
    this.#redraw();
  }

  /** What is known of a system of VMs; undefined where there is none of this id. */
  readonly systemShown = (id: string): ShownSystem | undefined => this.#content.systems.findShown(id);

  async getChildren(node?: Node): Promise<Node[]> {
    if (node?.kind === 'vm') {
      this.#look(this.#openRows.open(node));
      await this.#vmRows.readForOpening(node.ref);
    }
    if (node?.kind === 'system') {
      this.#look(this.#openRows.open(node));
      await this.#systemRows.read(node);
    }
    if (node === undefined) {
      this.#systemRows.noteDrawn();
    }
    const children = this.#content.children(node);
    if (node?.kind === 'connection') {
      this.#vmRows.drawn.order(node.connection, children);
    }
    return [...children];
  }

  getParent(node: Node): Node | undefined {
    return this.#content.parent(node);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    this.#vmRows.drawn.noteRowRequest();
    const row = this.#content.row(node, this.#reading());
    if (row === undefined) {
      return goneItem(node);
    }
    if (node.kind === 'vm') {
      this.#vmRows.noteLook(node.ref);
    }
    return Object.assign(treeItem(node, row), { id: this.#content.rowId(node) });
  }

  /**
   * Asked for by a tooltip that is about to be shown: only then a guest is asked for its address, and what its display
   * shows.
   */
  async resolveTreeItem(item: vscode.TreeItem, node: Node): Promise<vscode.TreeItem> {
    const facts = this.#content.facts(node, this.#reading());
    if (facts !== undefined) {
      const { tooltipContent } = await import('./tooltipFacts.js');
      const readNotes = async (view: VmView) => (await this.notes()).readFacts(view);
      giveTooltip(item, await tooltipContent(node, facts, this.#engine, readNotes));
    }
    return item;
  }

  dispose(): void {
    this.#store.dispose();
  }

  #visibilityChanged(): void {
    this.#look(true);
    this.#systems.watch(this, this.#view.visible);
    this.#bisects.watch(this, this.#view.visible);
    this.#timers.stop();
    if (!this.#view.visible) {
      return;
    }
    this.#health.sweepIfStale();
    this.#keys.noteOpened();
    this.#timers.start();
    if (this.#vmRows.sort() || this.#isStale) {
      this.#redraw();
    }
    this.#follow();
  }

  #follow(): void {
    this.#timers.tickWhile(this.#keys.operationRunning);
    this.#timers.countWhile(this.#lostConnections().length > 0);
  }

  /** Connections of which nothing is heard. */
  #lostConnections(): readonly ConnectionView[] {
    return this.#engine.connections.filter(({ lastSeenAt }) => lastSeenAt !== undefined);
  }

  #look(isChanged: boolean): void {
    if (isChanged) {
      const uris = this.#engine.connections.map((connection) => connection.uri);
      this.#attention.set(
        this.#openRows.attention(this.#view.visible, uris, (id) => this.#content.systems.membersOf(id)),
      );
    }
  }

  #storeChanged({ connection, vm }: StoreChange): void {
    const shape = this.#keys.welcome;
    this.#used.note(vm && this.#engine.findVm(vm), Date.now());
    this.#updateKeys();
    if (vm === undefined) {
      this.#forgetWhatIsGone(connection === undefined);
    }
    if (!this.#view.visible) {
      this.#isStale = true;
      return;
    }
    this.#follow();
    this.#systemRows.drawChanged();
    if (connection === undefined || shape !== this.#keys.welcome || this.#content.connections.areOthers()) {
      this.#redraw();
    } else if (vm === undefined) {
      this.#changed.fire(this.#content.rows.connection(connection));
    } else {
      this.#vmRows.noteStored(vm);
    }
  }

  #systemsChanged(): void {
    this.#look(true);
    if (this.#view.visible) {
      this.#systemRows.drawChanged();
    } else {
      this.#isStale = true;
    }
  }

  #healthChanged(): void {
    const value = this.#health.wrong().length;
    giveBadge(this.#view, value, wrongCountText(value));
    this.#factsChanged();
  }

  /** What rows say of VMs and snapshots beside what libvirt tells. */
  #factsChanged(): void {
    if (!this.#view.visible) {
      this.#isStale = true;
      return;
    }
    for (const [, { ref }] of vmsOf(this.#engine.connections)) {
      this.#vmRows.noteChange(ref);
    }
  }

  #settingsChanged(settings: Settings): void {
    const { protectedVms } = settings;
    const otherRows = this.#protectedVms.join('\n') !== protectedVms.join('\n');
    this.#protectedVms = protectedVms;
    if (this.#content.arrange(arrangementOf(settings)) || otherRows) {
      this.#redraw();
    }
  }

  #redraw(): void {
    if (this.#view.visible) {
      this.#isStale = false;
      this.#changed.fire(undefined);
    } else {
      this.#isStale = true;
    }
  }

  #forgetWhatIsGone(isListChanged: boolean): void {
    const { connections } = this.#engine;
    this.#content.rows.forgetAllBut(connections);
    const uris = new Set(connections.map((connection) => connection.uri));
    const keys = new Set(vmsOf(connections).map(([key]) => key));
    this.#vmRows.drawn.forgetAllBut(keys);
    this.#look(this.#openRows.keepOnly(uris, keys) || isListChanged);
  }

  #updateKeys(): void {
    this.#keys.update(this.#engine.connections, this.filter !== '');
  }

  #reading(): RowContext {
    return {
      now: Date.now(),
      isProtected: protectionMatcher(this.#protectedVms),
      health: (ref) => this.#health.healthOf(ref)?.found,
      bisect: this.#bisects.of,
    };
  }
}

function arrangementOf({ treeSort: sort, treeLayout: layout, treeVms: vms }: Settings) {
  return { sort, layout, vms };
}
