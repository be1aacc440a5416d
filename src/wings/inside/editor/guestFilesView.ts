// The view of guest files beside the VMs: the restore points of one VM as the tree has them, and under each its files.
// It is there as long as somebody looks into a VM.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { shortTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { sameVm } from '../../../domain/vm.js';
import { noticeText } from '../../../text/noticeText.js';
import { setContextKeys } from '../../../ui/contextKeys.js';
import { readSettings } from '../../../ui/readSettings.js';
import { type ArrangedVm, arrangeVm } from '../../../ui/tree/arrangedVm.js';
import type { HereNode, Node, SnapshotNode } from '../../../ui/tree/nodes.js';
import type { Disposable } from '../../../base/disposable.js';
import { type GuestFileProvider, restorePointsUri } from './guestFileProvider.js';
import type { NamedPoint } from './restorePointNames.js';

/** A restore point as it stands in the tree of VMs, so that commands know it; below, what the address names. */
type PointRow = SnapshotNode | HereNode;
/** Why there is nothing below a row; a click reads it again. */
interface FailedRow {
  readonly kind: 'failed';
  readonly why: string;
  readonly snapshot?: string | undefined;
}
type FilesRow = PointRow | vscode.Uri | FailedRow;

export class GuestFilesView implements vscode.TreeDataProvider<FilesRow>, Disposable {
  readonly #engine: Pick<EnginePort, 'findVm'>;
  readonly #provider: GuestFileProvider;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<FilesRow>;
  #shown: { readonly view: VmView; readonly root: vscode.Uri } | undefined;
  #arranged: ArrangedVm | undefined;
  #points: readonly NamedPoint[] = [];
  readonly #types = new Map<string, vscode.FileType>();

  constructor(engine: Pick<EnginePort, 'findVm'>, provider: GuestFileProvider) {
    this.#engine = engine;
    this.#provider = provider;
    provider.onDidChangePoints(() => this.#changed.fire(undefined));
    this.#view = vscode.window.createTreeView('virtRewind.guestFiles', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  /** Opens the files of a restore point. @param snapshot absent: the current state */
  async show(view: VmView, snapshot?: string): Promise<void> {
    const root = restorePointsUri(view);
    this.#shown = { view, root };
    this.#view.description = noticeText(view.vm.name);
    this.#provider.show(root);
    await setContextKeys({ 'virtRewind.guestFiles': true });
    const rows = await this.#pointRows();
    this.#changed.fire(undefined);
    const row = rows.find((one) => (one.kind === 'here' ? undefined : one.snapshot) === snapshot);
    if (row !== undefined) {
      await this.#view.reveal(row, { expand: true, focus: true, select: true });
    }
  }

  async close(): Promise<void> {
    this.#shown = undefined;
    this.#types.clear();
    this.#provider.show(undefined);
    await setContextKeys({ 'virtRewind.guestFiles': false });
  }

  async getChildren(row?: FilesRow): Promise<FilesRow[]> {
    try {
      const children = row === undefined ? await this.#pointRows() : await this.#below(this.addressOf(row));
      this.#view.message = '';
      return [...children];
    } catch (error) {
      const why = noticeText(error instanceof Error ? error.message : String(error));
      if (row === undefined) {
        this.#view.message = why;
        return [];
      }
      const folder = this.addressOf(row).path.split('/')[2];
      const point = this.#points.find((one) => one.folder === folder);
      return [{ kind: 'failed', why, snapshot: point?.snapshot?.name }];
    }
  }

  /** Nothing but restore points is shown from outside. */
  getParent(): undefined {
    return undefined;
  }

  getTreeItem(row: FilesRow): vscode.TreeItem {
    if (!(row instanceof vscode.Uri)) {
      return row.kind === 'failed' ? this.#failedItem(row) : this.#pointItem(row);
    }
    const isFolder = ((this.#types.get(row.toString()) ?? 0) & vscode.FileType.Directory) !== 0;
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row, isFolder ? Collapsed : None);
    // The editor itself would show what turns the direction of a text.
    item.label = displayLine(basename(row.path));
    item.iconPath = isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
    if (row.path.split('/').length > 4) {
      item.contextValue = isFolder ? 'guestFolder;' : 'guestFile;';
    }
    if (!isFolder) {
      item.command = { title: t('Open'), command: 'vscode.open', arguments: [row] };
    }
    return item;
  }

  /** The address that a command is called on. */
  addressOf(row: FilesRow): vscode.Uri {
    if (row instanceof vscode.Uri) {
      return row;
    }
    const { folder = '' } = (row.kind === 'failed' ? undefined : this.#pointOf(row)) ?? {};
    return vscode.Uri.joinPath(this.#shown?.root ?? vscode.Uri.parse('vmfs:/'), folder);
  }

  dispose(): void {
    this.#view.dispose();
    this.#changed.dispose();
  }

  #pointOf(row: PointRow): NamedPoint | undefined {
    return this.#points.find(({ snapshot }) => snapshot?.name === (row.kind === 'here' ? undefined : row.snapshot));
  }

  /** In the order in which the rows of the VM stand, one below the other. */
  async #pointRows(): Promise<readonly PointRow[]> {
    if (this.#shown === undefined) {
      return [];
    }
    const { view, root } = this.#shown;
    this.#points = await this.#provider.pointsAt(root);
    const tree = this.#engine.findVm(view.ref)?.tree;
    if (tree === undefined) {
      return [];
    }
    const { treeSort: sort, treeLayout: layout } = readSettings();
    const before = this.#arranged && sameVm(view.ref, this.#arranged.here.ref) ? this.#arranged : undefined;
    const arranged = arrangeVm(view.ref, tree, { sort, layout, filter: '' }, false, {}, before);
    this.#arranged = arranged;
    const flat = (rows: readonly Node[]): readonly PointRow[] =>
      rows.flatMap((row) =>
        row.kind === 'snapshot'
          ? [row, ...flat(arranged.below.get(row.snapshot) ?? [])]
          : row.kind === 'here'
            ? [row]
            : [],
      );
    return flat(arranged.top).filter((row) => this.#pointOf(row) !== undefined);
  }

  /** A guest with one file system has its files right under the restore point. */
  async #below(uri: vscode.Uri): Promise<readonly FilesRow[]> {
    const entries = await this.#provider.readDirectory(uri);
    const [only] = entries;
    const isPoint = uri.path.split('/').length === 3;
    if (isPoint && only !== undefined && entries.length === 1) {
      return this.#below(vscode.Uri.joinPath(uri, only[0]));
    }
    const rows = entries.map(([name, type]) => ({ name, type, at: vscode.Uri.joinPath(uri, name) }));
    rows.forEach(({ at, type }) => this.#types.set(at.toString(), type));
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    const isFile = (type: vscode.FileType): number => Number((type & vscode.FileType.Directory) === 0);
    return rows
      .sort((a, b) => (isPoint ? 0 : isFile(a.type) - isFile(b.type) || compare(a.name, b.name)))
      .map(({ at }) => at);
  }

  #failedItem({ why, snapshot }: FailedRow): vscode.TreeItem {
    const item = new vscode.TreeItem(why);
    item.tooltip = why;
    item.iconPath = new vscode.ThemeIcon('warning');
    const { view } = this.#shown ?? {};
    if (view !== undefined) {
      const { connection, uuid } = view.ref;
      const given = { vm: uuid, connection, ...(snapshot !== undefined && { snapshot }) };
      item.command = { title: t('Refresh'), command: 'virtRewind.browseFiles', arguments: [given] };
    }
    return item;
  }

  #pointItem(row: PointRow): vscode.TreeItem {
    const { folder = '', snapshot } = this.#pointOf(row) ?? {};
    const item = new vscode.TreeItem(folder, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = row.id;
    item.iconPath = new vscode.ThemeIcon(row.kind === 'here' ? 'location' : 'history');
    if (snapshot !== undefined) {
      // A time, as nothing counts an age up here.
      item.description = shortTime(snapshot.createdAt, Date.now());
      item.contextValue = 'guestPoint;';
    }
    return item;
  }
}
