// The tree view of all connections: hands nodes and items to the editor and tells the inventory what is looked at.
import * as vscode from 'vscode';
import type { InventoryPort } from '../inventory/inventory.js';
import type { Disposable } from '../lifetime/disposable.js';
import type { VmRef } from '../model/vm.js';
import type { Node } from './nodes.js';

export class VmTree implements Disposable, vscode.TreeDataProvider<Node> {
  constructor(private readonly inventory: InventoryPort) {}

  /** The selected rows, the focused one first. */
  get selection(): readonly Node[] {
    return [];
  }

  /** The text that rows must contain; empty when all are shown. */
  get filter(): string {
    return '';
  }

  /** An empty text shows all. Snapshots not read yet are read, so that they can be found. */
  setFilter(_text: string): Promise<void> {
    return Promise.resolve();
  }

  /** Kept in the user's settings. */
  setSort(_sort: 'time' | 'name'): Promise<void> {
    return Promise.resolve();
  }

  /** Kept in the user's settings. */
  setLayout(_layout: 'tree' | 'list'): Promise<void> {
    return Promise.resolve();
  }

  /** Shows and selects a VM or one of its snapshots, without taking the keyboard focus. */
  reveal(_ref: VmRef, _snapshot?: string): Promise<void> {
    return Promise.resolve();
  }

  getChildren(): Node[] {
    return [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return { id: node.id };
  }

  dispose(): void {
    void this.inventory;
  }
}
