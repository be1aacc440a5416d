// Keeps what is opened in the tree, and says it as the attention that the inventory follows. Knows nothing of the
// editor.
import { type Attention, vmKey } from '../../inventory/views.js';
import type { Node } from './nodes.js';

/** Connections stand open until they are closed; VMs stand closed until they are opened. */
export class LookedAt {
  readonly #closedConnections = new Set<string>();
  readonly #openVms = new Map<string, string>();

  /** True if something changed. */
  open(node: Node): boolean {
    if (node.kind === 'connection') {
      return this.#closedConnections.delete(node.connection);
    }
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
    return node.kind === 'vm' && this.#openVms.delete(vmKey(node.ref));
  }

  isOpen(key: string): boolean {
    return this.#openVms.has(key);
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

  attention(visible: boolean, connections: readonly string[]): Attention {
    const shown = new Set(connections.filter((uri) => !this.#closedConnections.has(uri)));
    const vms = [...this.#openVms].filter(([, connection]) => shown.has(connection)).map(([key]) => key);
    return { visible, connections: shown, vms: new Set(vms) };
  }
}
