// The tree view of all connections: hands rows to the editor, tells the inventory what is looked at, and asks for a
// row again only when it reads differently. Decides nothing about what a row says.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { InventoryPort } from '../../engine/inventory.js';
import { type InventoryChange, vmKey } from '../../inventory/views.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { onDidChangeSettings, readSettings, writeSetting } from '../readSettings.js';
import type { Settings } from '../../manifest/settings.js';
import { treeViewId } from '../../manifest/viewIds.js';
import { protectedBy } from '../../domain/protection.js';
import type { VmRef } from '../../domain/vm.js';
import type { Attentions, AttentionShare } from '../attentions.js';
import type { HealthWatch } from '../health/healthWatch.js';
import { DrawnVms } from './drawnVms.js';
import { LookedAt } from './lookedAt.js';
import type { Node } from './nodes.js';
import { readsOlder } from '../../text/readsOlder.js';
import { wrongCountText } from '../../text/healthText.js';
import type { Reading } from '../../text/rows.js';
import { readAllTrees } from './readAllTrees.js';
import { rowMarks } from './rowMarks.js';
import { RowTimers } from './rowTimers.js';
import { TreeContent, vmsOf } from './treeContent.js';
import { giveBadge, giveMessage, giveTooltip, goneItem, treeItem } from './treeItems.js';
import { ViewKeys } from './viewKeys.js';

/** Above so many rows under a VM, counting seconds repaints "You are here" alone. */
const manyRows = 1_000;

/** What is wrong with VMs, and that somebody looks at them. */
export type ShownHealth = Pick<HealthWatch, 'healthOf' | 'wrong' | 'onDidChange' | 'seen'>;

export class VmTree implements Disposable, vscode.TreeDataProvider<Node> {
  readonly viewId = treeViewId;
  readonly #inventory: InventoryPort;
  readonly #log: Log;
  readonly #health: ShownHealth;
  readonly #attention: AttentionShare;
  #protectedVms: readonly string[];
  readonly #content: TreeContent;
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<Node | undefined>;
  readonly #view: vscode.TreeView<Node>;
  readonly #lookedAt = new LookedAt();
  readonly #keys: ViewKeys;
  readonly #drawn = new DrawnVms();
  /** Something changed while nobody looked. */
  #isStale = false;
  readonly #timers = this.#store.add(
    new RowTimers(
      () => this.#tick(),
      () => this.#renewAges(),
    ),
  );

  constructor(inventory: InventoryPort, attentions: Attentions, health: ShownHealth, log: Log) {
    this.#inventory = inventory;
    this.#health = health;
    this.#log = log;
    this.#attention = this.#store.add(attentions.share());
    this.#keys = new ViewKeys(log);
    const { treeSort: sort, treeLayout: layout, protectedVms } = readSettings();
    this.#protectedVms = protectedVms;
    this.#content = new TreeContent(inventory, { sort, layout, filter: '' });
    this.#changed = this.#store.add(new vscode.EventEmitter<Node | undefined>());
    this.#view = this.#store.add(
      vscode.window.createTreeView(treeViewId, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true }),
    );
    this.#store.add(vscode.window.registerFileDecorationProvider(rowMarks));
    this.#store.add(this.#view.onDidChangeVisibility(() => this.#visibilityChanged()));
    this.#store.add(this.#view.onDidExpandElement(({ element }) => this.#look(this.#lookedAt.open(element))));
    this.#store.add(this.#view.onDidCollapseElement(({ element }) => this.#look(this.#lookedAt.close(element))));
    this.#store.add(inventory.onDidChange((change) => this.#inventoryChanged(change)));
    this.#store.add(health.onDidChange(() => this.#healthChanged()));
    this.#store.add(onDidChangeSettings((settings) => this.#settingsChanged(settings)));
    this.#updateKeys();
    this.#visibilityChanged();
  }

  get onDidChangeTreeData(): vscode.Event<Node | undefined> {
    return this.#changed.event;
  }

  /** The selected rows. */
  get selection(): readonly Node[] {
    return this.#view.selection;
  }

  /** What has the focus, and what is selected, may not be told while this is so. */
  get isBeingDrawn(): boolean {
    return this.#drawn.isGoingOn;
  }

  /** The text that rows must contain; empty when all are shown. */
  get filter(): string {
    return this.#content.arrangement.filter;
  }

  /** An empty text shows all. Snapshots not read yet are read, so that they can be found. */
  async setFilter(text: string): Promise<void> {
    if (!this.#content.arrange({ filter: text.trim().toLowerCase() })) {
      return;
    }
    const filter = text.trim();
    giveMessage(this.#view, filter === '' ? '' : t('Shows only what contains “{0}”.', filter));
    this.#updateKeys();
    this.#redraw();
    if (filter !== '') {
      await readAllTrees(this.#inventory, this.#log);
    }
  }

  /** Kept in the user's settings. */
  setSort(sort: Settings['treeSort']): Promise<void> {
    return writeSetting('treeSort', sort);
  }

  /** Kept in the user's settings. */
  setLayout(layout: Settings['treeLayout']): Promise<void> {
    return writeSetting('treeLayout', layout);
  }

  /**
   * Shows and selects a VM or one of its snapshots, without taking the keyboard focus; not while the view is hidden. Of
   * a snapshot with very many ancestors, which would all have to be opened, its VM.
   */
  async reveal(ref: VmRef, snapshot?: string): Promise<void> {
    if (!this.#view.visible) {
      return;
    }
    if (snapshot !== undefined) {
      await this.#inventory.readTree(ref);
    }
    const node = this.#content.find(ref, snapshot);
    if (node !== undefined) {
      const near = this.#content.isNearTop(node) ? node : this.#content.rows.vm(ref);
      await this.#view.reveal(near, { select: true, focus: false });
    }
  }

  /** Gives "You are here" of a VM the focus, in the view, which is opened for it. */
  async goToCurrent(ref: VmRef): Promise<void> {
    await this.#inventory.readTree(ref);
    const here = this.#content.arranged(ref)?.here;
    if (here !== undefined) {
      await this.#view.reveal(here, { select: true, focus: true });
    }
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node?.kind === 'vm') {
      await this.#readForOpening(node.ref);
      this.#drawn.of(node.ref).tree = this.#inventory.findVm(node.ref)?.tree;
      this.#drawn.of(node.ref).at = Date.now();
    }
    return [...this.#content.children(node)];
  }

  getParent(node: Node): Node | undefined {
    return this.#content.parent(node);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    this.#drawn.askedForRow();
    const row = this.#content.row(node, this.#reading());
    if (row === undefined) {
      return goneItem(node);
    }
    if (node.kind === 'vm') {
      this.#noteLook(node.ref);
    }
    const item = treeItem(node, row);
    if (this.#content.isOpenedByFilter(node)) {
      item.id = `${node.id}/filtered`;
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    const facts = this.#content.facts(node, this.#reading());
    if (facts !== undefined) {
      giveTooltip(item, facts);
    }
    return item;
  }

  dispose(): void {
    this.#store.dispose();
  }

  #visibilityChanged(): void {
    this.#look(true);
    this.#timers.stop();
    if (!this.#view.visible) {
      return;
    }
    this.#health.seen();
    this.#timers.start();
    if (this.#isStale) {
      this.#redraw();
    }
    this.#timers.tickWhile(this.#keys.operationRunning);
  }

  #look(isChanged: boolean): void {
    if (isChanged) {
      const uris = this.#inventory.connections.map((connection) => connection.uri);
      this.#attention.set(this.#lookedAt.attention(this.#view.visible, uris));
    }
  }

  #inventoryChanged({ connection, vm }: InventoryChange): void {
    const shape = this.#keys.welcome;
    this.#updateKeys();
    if (vm === undefined) {
      this.#forgetWhatIsGone(connection === undefined);
    }
    if (!this.#view.visible) {
      this.#isStale = true;
      return;
    }
    this.#timers.tickWhile(this.#keys.operationRunning);
    if (connection === undefined || shape !== this.#keys.welcome) {
      this.#redraw();
    } else if (vm === undefined || this.filter !== '') {
      this.#changed.fire(this.#content.rows.connection(connection));
    } else {
      this.#vmChanged(vm);
    }
  }

  #vmChanged(ref: VmRef): void {
    const view = this.#inventory.findVm(ref);
    const drawn = this.#drawn.find(vmKey(ref));
    if (view === undefined || drawn === undefined) {
      return;
    }
    const hasOtherChildren = drawn.at !== undefined && drawn.tree !== view.tree;
    const hereMoved = hasOtherChildren && drawn.tree?.current !== view.tree?.current;
    if (hasOtherChildren || drawn.look !== this.#content.lookOf(view, this.#reading())) {
      this.#changed.fire(this.#content.rows.vm(ref));
    }
    if (hereMoved && this.#lookedAt.isOpen(vmKey(ref))) {
      this.#revealHere(ref);
    }
  }

  #healthChanged(): void {
    const value = this.#health.wrong().length;
    giveBadge(this.#view, value, wrongCountText(value));
    if (!this.#view.visible) {
      this.#isStale = true;
      return;
    }
    for (const [, { ref }] of vmsOf(this.#inventory.connections)) {
      this.#vmChanged(ref);
    }
  }

  /** A row that was a leaf stays closed when something comes under it, so "You are here" would be hidden there. */
  #revealHere(ref: VmRef): void {
    const here = this.#content.arranged(ref)?.here;
    if (here !== undefined && this.#content.isNearTop(here)) {
      this.#view.reveal(here, { select: false, focus: false }).then(undefined, (error: unknown) => {
        this.#log.debug(`"You are here" of ${vmKey(ref)} could not be shown: ${String(error)}`);
      });
    }
  }

  #settingsChanged({ treeSort: sort, treeLayout: layout, protectedVms }: Settings): void {
    const otherRows = this.#protectedVms.join('\n') !== protectedVms.join('\n');
    this.#protectedVms = protectedVms;
    if (this.#content.arrange({ sort, layout }) || otherRows) {
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

  /** What the change of a VM that is being read would repaint, the row that is about to be made shows anyway. */
  async #readForOpening(ref: VmRef): Promise<void> {
    this.#look(this.#lookedAt.open(this.#content.rows.vm(ref)));
    const drawn = this.#drawn.of(ref);
    delete drawn.at;
    try {
      await this.#inventory.readTree(ref);
    } catch (error) {
      // The VM or its connection shows the failure as a row of its own.
      this.#log.debug(`Snapshots of ${vmKey(ref)} could not be read: ${String(error)}`);
    }
  }

  #forgetWhatIsGone(isListChanged: boolean): void {
    const { connections } = this.#inventory;
    this.#content.rows.forgetAllBut(connections);
    const uris = new Set(connections.map((connection) => connection.uri));
    const keys = new Set(vmsOf(connections).map(([key]) => key));
    this.#drawn.forgetAllBut(keys);
    this.#look(this.#lookedAt.keepOnly(uris, keys) || isListChanged);
  }

  #tick(): void {
    for (const [key, { ref, operation }] of vmsOf(this.#inventory.connections)) {
      const arranged = operation === undefined ? undefined : this.#content.arranged(ref);
      if (arranged !== undefined && this.#lookedAt.isOpen(key) && arranged.nodes.size > manyRows) {
        this.#changed.fire(arranged.here);
      } else if (operation !== undefined) {
        this.#changed.fire(this.#content.rows.vm(ref));
      }
    }
  }

  #renewAges(): void {
    const now = Date.now();
    for (const [key, view] of vmsOf(this.#inventory.connections)) {
      const at = this.#drawn.find(key)?.at;
      if (at !== undefined && this.#lookedAt.isOpen(key) && readsOlder(view, at, now)) {
        this.#changed.fire(this.#content.rows.vm(view.ref));
      }
    }
  }

  #updateKeys(): void {
    this.#keys.update(this.#inventory.connections, this.filter !== '');
  }

  #reading(): Reading {
    return {
      now: Date.now(),
      isProtected: protectedBy(this.#protectedVms),
      health: (ref) => this.#health.healthOf(ref)?.found,
    };
  }

  #noteLook(ref: VmRef): void {
    const view = this.#inventory.findVm(ref);
    if (view !== undefined) {
      this.#drawn.of(ref).look = this.#content.lookOf(view, this.#reading());
    }
  }
}
