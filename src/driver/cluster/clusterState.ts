// What Pacemaker tells of its nodes, its fencing and its resources, now and in a simulation. Its XML in, values out.
import { attribute, elementsOf, find, parseXml, type XmlElement } from '../xml/xmlTree.js';
import { everyElement, readResourceStates, type ResourceState } from './clusterXml.js';

interface ClusterNode {
  readonly id: string;
  readonly name: string;
  /** In the cluster's hands; not in standby, nor in maintenance, nor of unknown state. */
  readonly takesVms: boolean;
  /** Its state is not known: it is to be fenced. */
  readonly isUnclean: boolean;
  /** Names of what it has room for. */
  readonly room: ReadonlySet<string>;
}

export interface ClusterState {
  readonly hasQuorum: boolean;
  readonly fences: boolean;
  readonly inMaintenance: boolean;
  /** Whether it looks at room at all. */
  readonly countsRoom: boolean;
  readonly nodes: readonly ClusterNode[];
  readonly resources: ReadonlyMap<string, ResourceState>;
  /** All ids of the configuration, which must be unique. */
  readonly ids: ReadonlySet<string>;
}

/** @throws XmlError */
export function readClusterState(crmMon: string, cib: string): ClusterState {
  const told = parseXml(crmMon);
  const configuration = find(parseXml(cib), 'configuration');
  const all = everyElement(configuration);
  const summary = find(told, 'summary');
  const options = find(summary, 'cluster_options');
  const strategy = all.find((one) => one.name === 'nvpair' && attribute(one, 'name') === 'placement-strategy');
  const rooms = new Map(
    elementsOf(find(configuration, 'nodes') ?? none).map((node) => [
      attribute(node, 'uname'),
      new Set(elementsOf(find(node, 'utilization') ?? none).map((pair) => attribute(pair, 'name') ?? '')),
    ]),
  );
  return {
    hasQuorum: is(find(summary, 'current_dc'), 'with_quorum'),
    fences: is(options, 'stonith-enabled'),
    inMaintenance: is(options, 'maintenance-mode'),
    countsRoom: (attribute(strategy, 'value') ?? 'default') !== 'default',
    nodes: elementsOf(find(told, 'nodes') ?? none).map((node) => ({
      id: attribute(node, 'id') ?? '',
      name: attribute(node, 'name') ?? '',
      takesVms: is(node, 'online') && !['standby', 'maintenance', 'pending', 'unclean'].some((what) => is(node, what)),
      isUnclean: is(node, 'unclean'),
      room: rooms.get(attribute(node, 'name')) ?? new Set(),
    })),
    resources: readResourceStates(crmMon),
    ids: new Set(all.flatMap((one) => attribute(one, 'id') ?? [])),
  };
}

/** Resources, each with the nodes on which it runs. Without what cuts the power of nodes, which goes where it likes. */
type Places = ReadonlyMap<string, readonly string[]>;

export interface Simulation {
  readonly before: Places;
  readonly after: Places;
  /** By resource, in the words of Pacemaker: `move`, `migrate`, `restart`. It tells no action of a lost resource. */
  readonly actions: ReadonlyMap<string, string>;
}

/** @throws XmlError */
export function readSimulated(crmSimulate: string): Simulation {
  const told = parseXml(crmSimulate);
  const placesIn = (section: string): Places => {
    const places = new Map<string, readonly string[]>();
    for (const one of everyElement(find(told, section, 'resources'))) {
      const id = attribute(one, 'id');
      const isFencing = attribute(one, 'resource_agent')?.startsWith('stonith:') === true;
      if (one.name === 'resource' && id !== undefined && !isFencing) {
        const at = is(one, 'active') ? elementsOf(one).flatMap((node) => attribute(node, 'name') ?? []) : [];
        // Copies of one resource have one name.
        places.set(id, [...(places.get(id) ?? []), ...at].sort());
      }
    }
    return places;
  };
  return {
    before: placesIn('cluster_status'),
    after: placesIn('revised_cluster_status'),
    actions: new Map(
      elementsOf(find(told, 'actions') ?? none).flatMap((one) => {
        const [resource, action] = [attribute(one, 'resource'), attribute(one, 'action')];
        return resource !== undefined && action !== undefined ? [[resource, action] as const] : [];
      }),
    ),
  };
}

const none: XmlElement = { name: '', attributes: {}, children: [] };

function is(one: XmlElement | undefined, what: string): boolean {
  return attribute(one, what) === 'true';
}
