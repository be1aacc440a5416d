// How the connections stand in the tree: a libvirt that is known by several names is shown under one of them. Knows no
// VM.
import { otherNamesOf, shownInPlaceOf } from '../../live/sameDaemon.js';
import type { ConnectionView } from '../../live/views.js';
import { connectionRow, type Row } from '../../text/rows/rows.js';

export class ConnectionsInTree {
  readonly #source: { readonly connections: readonly ConnectionView[] };
  #shown = '';

  constructor(source: { readonly connections: readonly ConnectionView[] }) {
    this.#source = source;
  }

  find(uri: string): ConnectionView | undefined {
    return this.#source.connections.find((connection) => connection.uri === uri);
  }

  row(view: ConnectionView): Row {
    const { connections } = this.#source;
    return connectionRow(view, shownInPlaceOf(view, connections), otherNamesOf(view, connections));
  }

  /** With its VMs under it. */
  findShown(uri: string): ConnectionView | undefined {
    const view = this.find(uri);
    return view === undefined || shownInPlaceOf(view, this.#source.connections) !== undefined ? undefined : view;
  }

  /** Whether others are shown than when this was asked last. */
  areOthers(): boolean {
    const before = this.#shown;
    const { connections } = this.#source;
    this.#shown = connections.map((view) => shownInPlaceOf(view, connections)?.uri).join('\n');
    return this.#shown !== before;
  }
}
