// Which rows stand under which: the root, a connection, a VM, a snapshot. Keeps one node for each thing, because the
// editor knows rows by identity, and no state of the things themselves.
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';
import type { VmRef } from '../../domain/vm.js';
import { type ArrangedVm, type Arrangement, arrangeVm, matches } from './arrangedVm.js';
import { VmPlaces } from './vmOrder.js';
import { clonesIn, parentIn } from './clonesInTree.js';
import type { MessageRow } from './messageRows.js';
import type { ConnectionNode, MessageNode, Node, VmNode } from './nodes.js';

export class TreeRows {
  readonly #connections = new Map<string, ConnectionNode>();
  readonly #vms = new Map<string, VmNode>();
  readonly #arranged = new Map<string, ArrangedVm>();
  readonly #messages = new Map<string, MessageNode>();
  /** Made when a VM was opened, of what was known then, by its key. */
  readonly notes = new Map<string, (now: number) => MessageRow>();
  readonly #systemOf: (ref: VmRef) => { readonly name: string } | undefined;
  readonly places: VmPlaces;

  /** @param systemOf the system under which a VM stands, in place of its connection or the VM that it was made of */
  constructor(
    usedAt: (key: string) => number,
    systemOf: (ref: VmRef) => { readonly name: string } | undefined = () => undefined,
  ) {
    this.#systemOf = systemOf;
    this.places = new VmPlaces(usedAt);
  }

  connection(uri: string): ConnectionNode {
    return remember(this.#connections, uri, () => ({ kind: 'connection', id: uri, connection: uri }));
  }

  vm(ref: VmRef): VmNode {
    const key = vmKey(ref);
    return remember(this.#vms, key, () => ({ kind: 'vm', id: key, ref }));
  }

  /** The snapshots of a VM as they are shown; undefined while its tree has not been read. */
  arrangeVm(view: VmView, arrangement: Arrangement): ArrangedVm | undefined {
    if (view.tree === undefined) {
      return undefined;
    }
    const key = vmKey(view.ref);
    const before = this.#arranged.get(key);
    const { auto, kept } = view;
    const isSame = before?.tree === view.tree && before.marks.auto === auto && before.marks.kept === kept;
    const vmMatches = this.#isFound(view, arrangement) || this.#hasFoundSystem(view, arrangement);
    if (isSame && before.arrangement === arrangement && before.vmMatches === vmMatches) {
      return before;
    }
    const marks = { ...(auto === undefined ? {} : { auto }), ...(kept === undefined ? {} : { kept }) };
    const arranged = arrangeVm(view.ref, view.tree, arrangement, vmMatches, marks, before);
    this.#arranged.set(key, arranged);
    return arranged;
  }

  /**
   * | state                | VMs known | rows                       |
   * |----------------------|-----------|----------------------------|
   * | idle                 | none      | not connected              |
   * | connecting           | none      | connecting                 |
   * | failed               | none      | the failure                |
   * | failed               | some      | the failure, then the VMs  |
   * | connected, read      | none      | no VMs                     |
   * | any                  | some      | the VMs                    |
   * | any                  | some, all hidden by the filter | no match |
   */
  underConnection(view: ConnectionView, arrangement: Arrangement): readonly Node[] {
    const rows: Node[] = [];
    if (view.failure !== undefined && view.state === 'failed') {
      rows.push(this.#message('failure', view.uri));
    } else if (view.vms.length === 0 && view.state !== 'failed') {
      const about = view.state === 'connected' ? (view.loaded ? 'noVms' : 'connecting') : view.state;
      rows.push(this.#message(about, view.uri));
    }
    const vms = this.places.inOrder(view.vms, arrangement);
    const tops = vms.filter((vm) => parentIn(view.vms, vm) === undefined && this.#systemOf(vm.ref) === undefined);
    const shown = tops.filter((vm) => this.isShown(vm, arrangement, view.vms));
    const isElsewhere = (vm: VmView): boolean =>
      this.#hasFoundSystem(vm, arrangement) || this.isShown(vm, arrangement, view.vms);
    if (shown.length === 0 && view.vms.length > 0 && !view.vms.some(isElsewhere)) {
      rows.push(this.#message('noMatch', view.uri));
    }
    return [...rows, ...shown.map((vm) => this.vm(vm.ref))];
  }

  /** Its snapshots, its note, then the VMs that were made of it. @param beside all VMs of its connection */
  underVm(view: VmView, arrangement: Arrangement, beside: readonly VmView[]): readonly Node[] {
    const failure = view.failure === undefined ? [] : [this.#message('failure', view.ref.connection, view.ref)];
    const clones = this.shownClones(view, arrangement, beside).map(({ ref }) => this.vm(ref));
    const isFound = this.notes.has(vmKey(view.ref)) && this.#isFound(view, arrangement);
    const note = isFound ? [this.#message('note', view.ref.connection, view.ref)] : [];
    return [...failure, ...(this.arrangeVm(view, arrangement)?.top ?? []), ...note, ...clones];
  }

  noteRow(ref: VmRef | undefined, now: number): MessageRow | undefined {
    return ref && this.notes.get(vmKey(ref))?.(now);
  }

  /** All of a VM that the filter finds itself. */
  shownClones(view: VmView, arrangement: Arrangement, beside: readonly VmView[]): readonly VmView[] {
    const clones = this.clonesUnder(view, beside);
    return this.#isFound(view, arrangement) || this.#hasFoundSystem(view, arrangement)
      ? clones
      : clones.filter((clone) => this.isShown(clone, arrangement, beside));
  }

  /** But for those that stand under a system. */
  clonesUnder(view: VmView, beside: readonly VmView[]): readonly VmView[] {
    return clonesIn(beside, view).filter(({ ref }) => this.#systemOf(ref) === undefined);
  }

  /** The filter finds something in it, and not only itself. */
  hasHits(view: VmView, arrangement: Arrangement, beside: readonly VmView[]): boolean {
    const isFoundIn = (clone: VmView): boolean => this.isShown(clone, arrangement, beside);
    return this.arrangeVm(view, arrangement)?.hasHits === true || this.clonesUnder(view, beside).some(isFoundIn);
  }

  /** Forgets the nodes of what is no longer there. */
  forgetAllBut(connections: readonly ConnectionView[]): void {
    const uris = new Set(connections.map((connection) => connection.uri));
    const keys = new Set(connections.flatMap((connection) => connection.vms.map((vm) => vmKey(vm.ref))));
    prune(this.#connections, uris);
    prune(this.#vms, keys);
    prune(this.#arranged, keys);
    prune(this.notes, keys);
  }

  /** A VM is shown if it matches, or one of its snapshots does, as far as they have been read, or of its clones. */
  isShown(view: VmView, arrangement: Arrangement, beside: readonly VmView[]): boolean {
    return this.#isFound(view, arrangement) || this.hasHits(view, arrangement, beside);
  }

  /** By itself. */
  #isFound(view: VmView, { filter }: Arrangement): boolean {
    return matches(filter, view.vm.name, view.vm.title) || this.places.isInState(view, filter);
  }

  #hasFoundSystem({ ref }: VmView, { filter }: Arrangement): boolean {
    return filter !== '' && matches(filter, this.#systemOf(ref)?.name);
  }

  #message(about: MessageNode['about'], connection: string, ref?: VmRef): MessageNode {
    const id = `${ref === undefined ? connection : vmKey(ref)}/message/${about}`;
    return remember(this.#messages, id, () => ({
      kind: 'message',
      id,
      about,
      connection,
      ...(ref === undefined ? {} : { ref }),
    }));
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) {
    return before;
  }
  const made = make();
  known.set(key, made);
  return made;
}

function prune(known: Map<string, unknown>, keep: ReadonlySet<string>): void {
  for (const key of known.keys()) {
    if (!keep.has(key)) {
      known.delete(key);
    }
  }
}
