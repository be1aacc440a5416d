// Keeps what is opened in the tree, and says it as the attention that the engine follows.
import { type Attention, vmKey } from '../../live/views.js';
import type { VmRef } from '../../domain/vm.js';
import type { Node } from './nodes.js';

/** Connections stand open until they are closed; VMs stand closed until they are opened. */
export class OpenRows {
  #closedConnections = new Set<string>();
  #openVms = new Map<string, string>();
  /** Their ids; they stand closed until they are opened. */
  #openSystems = new Set<string>();
  /** By the row's id, where a person opened or closed it. */
  #snapshots = new Map<string, boolean>();
  /** What was open before a filter opened what it finds. */
  #unfiltered: (() => void) | undefined;

  /** While rows are filtered, what is opened and closed counts for that time only. True if something changed. */
  filter(isFiltered: boolean): boolean {
    const before = this.#unfiltered;
    if (!isFiltered) {
      before?.();
      this.#unfiltered = undefined;
    } else if (before === undefined) {
      const [closed, open, snapshots] = [this.#closedConnections, this.#openVms, this.#snapshots];
      const systems = this.#openSystems;
      this.#closedConnections = new Set();
      this.#openVms = new Map(open);
      this.#openSystems = new Set(systems);
      this.#snapshots = new Map();
      this.#unfiltered = () => {
        this.#closedConnections = closed;
        this.#openVms = open;
        this.#openSystems = systems;
        this.#snapshots = snapshots;
      };
    }
    return isFiltered === (before === undefined);
  }

  /** True if something changed. */
  open(node: Node): boolean {
    if (node.kind === 'connection') {
      return this.#closedConnections.delete(node.connection);
    }
    if (node.kind === 'system') {
      const isNew = !this.#openSystems.has(node.system);
      this.#openSystems.add(node.system);
      return isNew;
    }
    this.#noteSnapshot(node, true);
    if (node.kind !== 'vm' || this.#openVms.has(vmKey(node.ref))) {
      return false;
    }
    this.#openVms.set(vmKey(node.ref), node.ref.connection);
    return true;
  }

  /** True if something changed. */
  close(node: Node): boolean {
    if (node.kind === 'connection') {
      const before = this.#closedConnections.size;
      return this.#closedConnections.add(node.connection).size > before;
    }
    if (node.kind === 'system') {
      return this.#openSystems.delete(node.system);
    }
    this.#noteSnapshot(node, false);
    return node.kind === 'vm' && this.#openVms.delete(vmKey(node.ref));
  }

  isOpen(key: string): boolean {
    return this.#openVms.has(key);
  }

  /** Undefined: nobody opened or closed it. */
  isRowOpen(node: Node): boolean | undefined {
    switch (node.kind) {
      case 'connection':
        return !this.#closedConnections.has(node.connection);
      case 'vm':
        return this.isOpen(vmKey(node.ref));
      case 'snapshot':
      case 'automatic':
        return this.#snapshots.get(node.id);
      case 'system':
        return this.#openSystems.has(node.system);
      case 'here':
      case 'message':
      case 'member':
      case 'point':
        return undefined;
    }
  }

  /** Forgets what is no longer there; true if something changed. */
  keepOnly(connections: ReadonlySet<string>, vms: ReadonlySet<string>): boolean {
    const before = this.#closedConnections.size + this.#openVms.size;
    for (const uri of this.#closedConnections) {
      if (!connections.has(uri)) {
        this.#closedConnections.delete(uri);
      }
    }
    for (const key of this.#openVms.keys()) {
      if (!vms.has(key)) {
        this.#openVms.delete(key);
      }
    }
    return this.#closedConnections.size + this.#openVms.size < before;
  }

  #noteSnapshot(node: Node, isOpen: boolean): void {
    if (node.kind === 'snapshot' || node.kind === 'automatic') {
      this.#snapshots.set(node.id, isOpen);
    }
  }

  /** @param membersOf a system, by its id: while it is open, its VMs are looked at wherever they are */
  attention(
    visible: boolean,
    connections: readonly string[],
    membersOf: (system: string) => readonly VmRef[] = () => [],
  ): Attention {
    const shown = new Set(connections.filter((uri) => !this.#closedConnections.has(uri)));
    const vms = [...this.#openVms].filter(([, connection]) => shown.has(connection)).map(([key]) => key);
    const members = [...this.#openSystems]
      .flatMap(membersOf)
      .filter(({ connection }) => connections.includes(connection));
    return {
      visible,
      connections: new Set([...shown, ...members.map(({ connection }) => connection)]),
      vms: new Set([...vms, ...members.map(vmKey)]),
    };
  }
}
