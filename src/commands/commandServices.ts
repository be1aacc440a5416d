// What every command is given. It refuses to know who built it.
import type { LogOutputChannel } from 'vscode';
import type { InventoryPort } from '../inventory/inventory.js';
import type { VmRef } from '../model/vm.js';

/** What commands need of the tree view; `views/VmTree` has it. */
export interface TreeControls {
  /** The id of the view, for the progress bar above it. */
  readonly viewId: string;
  /** What is selected in the view now, whether it has the focus or not; the tree's own nodes. */
  readonly selection: readonly unknown[];
  /** The text that rows are filtered by; undefined: none. */
  readonly filter: string | undefined;
  setFilter(text: string | undefined): void;
  setSort(by: 'time' | 'name'): void;
  setLayout(layout: 'tree' | 'list'): void;
  /** Shows and selects a VM or one of its snapshots, if the view is visible. */
  reveal(vm: VmRef, snapshot?: string): Promise<void>;
}

export interface CommandServices {
  readonly inventory: InventoryPort;
  readonly tree: TreeControls;
  readonly log: LogOutputChannel;
}
