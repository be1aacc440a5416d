// The rows of the systems of VMs: which there are, what stands under them, what they say. Keeps one node for each
// thing, and what each system read like when it was drawn last.
import type { StoredSystem } from '../../domain/system.js';
import type { VmRef } from '../../domain/vm.js';
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';
import type { KnownSystem } from '../../systems/knownSystems.js';
import { observationOf, observeSystem } from '../../systems/observedSystem.js';
import type { FactList } from '../../text/rows/factList.js';
import { type RowContext, reachOf, type Row } from '../../text/rows/rows.js';
import {
  memberRow,
  memberWords,
  ownMemberRow,
  pointFacts,
  pointRow,
  type ShownSystem,
  systemFacts,
  systemRow,
} from '../../text/systems/systemRows.js';
import { vmFacts } from '../../text/rows/facts.js';
import { matches } from './arrangedVm.js';
import type { MemberNode, PointNode, SystemNode, SystemPart, VmNode } from './nodes.js';

interface SystemSource {
  readonly connections: readonly ConnectionView[];
  findVm(ref: VmRef): VmView | undefined;
}

/** The rows of the VMs that stand under a system. */
interface MemberRows {
  vm(ref: VmRef): VmNode;
  /** Whether the filter shows it. */
  isShown(view: VmView): boolean;
}

export class SystemContent {
  readonly #source: SystemSource;
  readonly #systems: () => readonly KnownSystem[];
  readonly #vms: MemberRows;
  readonly #nodes = new Map<string, SystemPart>();
  #drawn = new Map<string, string>();

  constructor(source: SystemSource, systems: () => readonly KnownSystem[], vms: MemberRows) {
    this.#source = source;
    this.#systems = systems;
    this.#vms = vms;
  }

  /** The system under which a VM stands, in place of its connection: the first that it is of. */
  homeOf(ref: VmRef): StoredSystem['system'] | undefined {
    return this.#source.findVm(ref) === undefined
      ? undefined
      : this.#systems().find((known) => memberAt(known, ref) >= 0)?.system;
  }

  /** @param filter in small letters */
  top(filter: string): readonly SystemNode[] {
    return this.#systems()
      .filter((known) => matches(filter, known.system.name) || this.#findParts(known, filter).length > 0)
      .map(({ system }) => this.node(system.id));
  }

  /** The filter finds something in it, and not only itself. */
  hasHits(id: string, filter: string): boolean {
    const known = this.find(id);
    return known !== undefined && this.#findParts(known, filter).length > 0;
  }

  /** All of a system that the filter finds itself. */
  children({ kind, system: id }: SystemPart, filter: string): readonly (SystemPart | VmNode)[] {
    const known = this.find(id);
    return known === undefined || kind !== 'system'
      ? []
      : this.#findParts(known, matches(filter, known.system.name) ? '' : filter);
  }

  parent(node: SystemPart): SystemNode | undefined {
    return node.kind === 'system' ? undefined : this.node(node.system);
  }

  /** The row of a VM says what is the matter with it in the system under which it stands. */
  vmRow(view: VmView, row: Row): Row {
    const home = this.homeOf(view.ref);
    const shown = home && this.findShown(home.id);
    return shown === undefined ? row : ownMemberRow(shown, memberAt(shown.known, view.ref), row);
  }

  row(node: SystemPart, reading: RowContext): Row | undefined {
    const shown = this.findShown(node.system);
    if (shown === undefined) {
      return undefined;
    }
    switch (node.kind) {
      case 'system':
        return systemRow(shown);
      case 'member': {
        const reach = reachOf(this.#source.connections.find(({ uri }) => uri === node.ref.connection));
        return memberRow(shown, memberAt(shown.known, node.ref), reach, reading);
      }
      case 'point': {
        const point = shown.known.points.find(({ id }) => id === node.point);
        return point && pointRow(shown, point, reading);
      }
    }
  }

  facts(node: SystemPart, reading: RowContext): FactList | undefined {
    const shown = this.findShown(node.system);
    if (shown === undefined) {
      return undefined;
    }
    switch (node.kind) {
      case 'system':
        return systemFacts(shown, reading);
      case 'member': {
        const view = this.#source.findVm(node.ref);
        return view && vmFacts(view, reading);
      }
      case 'point': {
        const point = shown.known.points.find(({ id }) => id === node.point);
        return point && pointFacts(shown, point, reading);
      }
    }
  }

  isThere(node: SystemPart): boolean {
    const known = this.find(node.system);
    switch (node.kind) {
      case 'system':
        return known !== undefined;
      case 'member':
        return known !== undefined && memberAt(known, node.ref) >= 0;
      case 'point':
        return known?.points.some(({ id }) => id === node.point) === true;
    }
  }

  find(id: string): KnownSystem | undefined {
    return this.#systems().find(({ system }) => system.id === id);
  }

  membersOf(id: string): readonly VmRef[] {
    return this.find(id)?.system.members ?? [];
  }

  findShown(id: string): ShownSystem | undefined {
    const known = this.find(id);
    return (
      known && {
        known,
        seen: observeSystem(
          known,
          known.system.members.map((member) => observationOf(this.#source, member)),
        ),
        views: known.system.members.map((member) => this.#source.findVm(member)),
      }
    );
  }

  /** What reads differently since it was drawn; `all`: there are others. */
  changedSince(filter: string, reading: RowContext): readonly SystemNode[] | 'all' {
    const before = this.#drawn;
    const top = this.top(filter);
    this.#drawn = new Map(top.map((node) => [this.#keyOf(node), this.#look(node, filter, reading)]));
    const isOther = [...before.keys()].join('\n') !== [...this.#drawn.keys()].join('\n');
    return isOther ? 'all' : top.filter((node) => before.get(this.#keyOf(node)) !== this.#drawn.get(this.#keyOf(node)));
  }

  /** With the VMs that stand under it: where one comes or goes, its connection is drawn again too. */
  #keyOf({ id, system }: SystemNode): string {
    const own = this.membersOf(system).filter((ref) => this.homeOf(ref)?.id === system);
    return [id, ...own.map(({ uuid }) => uuid)].join();
  }

  /** What is drawn of the members of a system: of each VM only its role, since its own row is drawn by itself. */
  #look(node: SystemNode, filter: string, reading: RowContext): string {
    const shown = this.findShown(node.system);
    const rows = [node, ...this.children(node, filter)].map((one) => [
      one.id,
      one.kind !== 'vm' ? this.row(one, reading) : shown && memberWords(shown, memberAt(shown.known, one.ref)),
    ]);
    return JSON.stringify(rows);
  }

  /** What the filter finds of what stands under a system. */
  #findParts({ system, points }: KnownSystem, filter: string): readonly (SystemPart | VmNode)[] {
    const members = system.members.filter((member) => {
      const view = this.#source.findVm(member);
      return matches(filter, member.name) || (view !== undefined && this.#vms.isShown(view));
    });
    return [
      ...members.map(({ connection, uuid }) => {
        const ref = { connection, uuid };
        return this.homeOf(ref)?.id === system.id ? this.#vms.vm(ref) : this.#member(system.id, ref);
      }),
      ...points
        .filter(({ title, git }) => matches(filter, title, git))
        .map(({ id: point }) => this.#point(system.id, point)),
    ];
  }

  node(id: string): SystemNode {
    const made: SystemNode = { kind: 'system', id: `system/${id}`, system: id };
    return this.#reuseNode(made);
  }

  #member(system: string, ref: VmRef): MemberNode {
    const made: MemberNode = { kind: 'member', id: `system/${system}/member/${vmKey(ref)}`, system, ref };
    return this.#reuseNode(made);
  }

  #point(system: string, point: string): PointNode {
    const made: PointNode = { kind: 'point', id: `system/${system}/point/${point}`, system, point };
    return this.#reuseNode(made);
  }

  /** The editor knows rows by identity. */
  #reuseNode<T extends SystemPart>(made: T): T {
    const before = this.#nodes.get(made.id) as T | undefined;
    if (before === undefined) {
      this.#nodes.set(made.id, made);
    }
    return before ?? made;
  }
}

function memberAt({ system }: KnownSystem, ref: VmRef): number {
  return system.members.findIndex(({ connection, uuid }) => uuid === ref.uuid && connection === ref.connection);
}
