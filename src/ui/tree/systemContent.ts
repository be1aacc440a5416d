// The rows of the systems of VMs: which there are, what stands under them, what they say. Keeps one node for each
// thing, and what each system read like when it was drawn last. Knows nothing of the editor.
import type { VmRef } from '../../domain/vm.js';
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';
import type { KnownSystem } from '../../systems/knownSystems.js';
import { observationOf, observeSystem } from '../../systems/observedSystem.js';
import type { FactList } from '../../text/factList.js';
import { type RowContext, reachOf, type Row } from '../../text/rows.js';
import { memberRow, pointFacts, pointRow, type ShownSystem, systemFacts, systemRow } from '../../text/systemRows.js';
import { vmFacts } from '../../text/facts.js';
import { matches } from './arrangedVm.js';
import type { MemberNode, PointNode, SystemNode, SystemPart } from './nodes.js';

interface SystemSource {
  readonly connections: readonly ConnectionView[];
  findVm(ref: VmRef): VmView | undefined;
}

export class SystemContent {
  readonly #source: SystemSource;
  readonly #systems: () => readonly KnownSystem[];
  readonly #nodes = new Map<string, SystemPart>();
  #drawn = new Map<string, string>();

  constructor(source: SystemSource, systems: () => readonly KnownSystem[]) {
    this.#source = source;
    this.#systems = systems;
  }

  /** @param filter in small letters; a system is shown with all that is in it where one of its names fits */
  top(filter: string): readonly SystemNode[] {
    return this.#systems()
      .filter(({ system, points }) => matches(filter, system.name, ...namesIn({ system, points })))
      .map(({ system }) => this.#system(system.id));
  }

  /** The filter finds something in it, and not only itself. */
  hasHits(id: string, filter: string): boolean {
    const known = this.find(id);
    return known !== undefined && matches(filter, ...namesIn(known));
  }

  children({ kind, system: id }: SystemPart): readonly SystemPart[] {
    const known = this.find(id);
    return known === undefined || kind !== 'system'
      ? []
      : [
          ...known.system.members.map(({ connection, uuid }) => this.#member(id, { connection, uuid })),
          ...known.points.map(({ id: point }) => this.#point(id, point)),
        ];
  }

  parent(node: SystemPart): SystemNode | undefined {
    return node.kind === 'system' ? undefined : this.#system(node.system);
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
    this.#drawn = new Map(top.map((node) => [node.id, this.#look(node, reading)]));
    const isOther = [...before.keys()].join('\n') !== [...this.#drawn.keys()].join('\n');
    return isOther ? 'all' : top.filter(({ id }) => before.get(id) !== this.#drawn.get(id));
  }

  #look(node: SystemNode, reading: RowContext): string {
    return JSON.stringify([node, ...this.children(node)].map((one) => [one.id, this.row(one, reading)]));
  }

  #system(id: string): SystemNode {
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

/** What stands in it. */
function namesIn({ system, points }: Pick<KnownSystem, 'system' | 'points'>): readonly string[] {
  return [...system.members.map(({ name }) => name), ...points.flatMap(({ title, git = '' }) => [title, git])];
}

function memberAt({ system }: KnownSystem, ref: VmRef): number {
  return system.members.findIndex(({ connection, uuid }) => connection === ref.connection && uuid === ref.uuid);
}
