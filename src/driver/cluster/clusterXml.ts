// What Pacemaker tells of the VMs that it keeps, and the lease by which it leaves one alone. Its XML in, its XML out.
import { attribute, element, elementsOf, find, parseXml, textOf, writeXml, type XmlElement } from '../xml/xmlTree.js';

/** Exits of crm_mon where Pacemaker does not run on this host (`CRM_EX_DISCONNECT`), and where it is not there. */
export const noClusterExits: ReadonlySet<number> = new Set([102, 127]);

export interface KeptResource {
  readonly id: string;
  readonly config: string;
}

export interface ResourceState {
  /** `Started`, `Stopping` and the like, as Pacemaker has it. */
  readonly role: string;
  readonly isManaged: boolean;
  readonly nodes: readonly string[];
  /** `target-role=Stopped`. */
  readonly isToBeOff: boolean;
}

/** Ends by itself unless its holder renews it again and again. */
interface ResourceLease {
  readonly resource: string;
  /** The id of the XML elements, unique in the cluster. */
  readonly id: string;
  /** Milliseconds since 1970, by the clock of the cluster's nodes. */
  readonly endsAt: number;
}

/** By it a lease of ours is told from what a person did. */
const ownIds = 'virt-rewind-lease-';

/**
 * Of any provider of the agent: the name of the file is in `config`. One for each file, where rules of the cluster
 * choose among several.
 *
 * @throws XmlError
 */
export function readKeptResources(cib: string): readonly KeptResource[] {
  const all = everyElement(parseXml(cib));
  const byId = new Map(all.map((one) => [attribute(one, 'id'), one]));
  const resolve = (one: XmlElement): XmlElement => byId.get(attribute(one, 'id-ref') ?? '') ?? one;
  return all.flatMap((primitive) => {
    const id = attribute(primitive, 'id');
    const template = byId.get(attribute(primitive, 'template') ?? '');
    const type = attribute(primitive, 'type') ?? attribute(template, 'type');
    if (primitive.name !== 'primitive' || type !== 'VirtualDomain' || id === undefined) {
      return [];
    }
    const own = parameters(primitive, 'config', resolve);
    return (own.length > 0 ? own : parameters(template, 'config', resolve)).map((config) => ({ id, config }));
  });
}

/** @throws XmlError */
export function readResourceStates(crmMon: string): ReadonlyMap<string, ResourceState> {
  return new Map(
    everyElement(find(parseXml(crmMon), 'resources')).flatMap((resource) => {
      const id = attribute(resource, 'id');
      const nodes = elementsOf(resource).flatMap((node) => attribute(node, 'name') ?? []);
      const state = {
        role: attribute(resource, 'role') ?? '',
        isManaged: attribute(resource, 'managed') !== 'false',
        nodes,
        isToBeOff: attribute(resource, 'target_role')?.toLowerCase() === 'stopped',
      };
      return resource.name === 'resource' && id !== undefined ? [[id, state] as const] : [];
    }),
  );
}

/**
 * Nodes that take resources, without those that a rule forbids to this one. What rests on other resources, on rules
 * with a date or on room is not looked at.
 *
 * @throws XmlError
 */
export function readNodesFor(crmMon: string, cib: string, resource: string): readonly string[] {
  const is = (one: XmlElement, of: string, what = 'true'): boolean => attribute(one, of) === what;
  const forbidden = new Set(
    everyElement(parseXml(cib))
      .filter((one) => one.name === 'rsc_location' && is(one, 'rsc', resource) && is(one, 'score', '-INFINITY'))
      .map((one) => attribute(one, 'node')),
  );
  const nodes = elementsOf(find(parseXml(crmMon), 'nodes') ?? element('nodes', {}));
  return nodes.flatMap((node) => {
    const name = attribute(node, 'name');
    const takes = is(node, 'online') && !is(node, 'standby') && !is(node, 'maintenance');
    return name !== undefined && takes && !forbidden.has(name) ? [name] : [];
  });
}

/** Whether this node sees most of the others: else they may do what it does not know. @throws XmlError */
export function hasQuorum(crmMon: string): boolean {
  const decider = find(parseXml(crmMon), 'summary', 'current_dc');
  return decider === undefined || attribute(decider, 'with_quorum') === 'true';
}

/** Whose the file is: VirtualDomain itself looks for no more than the name. @throws XmlError */
export function readConfiguredVm(domain: string): { readonly name?: string; readonly uuid?: string } {
  const root = parseXml(domain);
  const [name, uuid] = [textOf(find(root, 'name')), textOf(find(root, 'uuid'))];
  return {
    ...(name !== undefined && { name: name.trim() }),
    ...(uuid !== undefined && { uuid: uuid.trim().toLowerCase() }),
  };
}

export function newLeaseId(random: string): string {
  return `${ownIds}${random}`;
}

/** Our leases on this resource, of all our processes. @throws XmlError */
export function readLeases(cib: string, resource: string): readonly Omit<ResourceLease, 'resource'>[] {
  const primitive = everyElement(parseXml(cib)).find(
    (one) => one.name === 'primitive' && attribute(one, 'id') === resource,
  );
  return everyElement(primitive).flatMap((one) => {
    const id = attribute(one, 'id');
    const end = Date.parse(attribute(find(one, 'rule', 'date_expression'), 'end') ?? '');
    return one.name === 'meta_attributes' && id?.startsWith(ownIds) === true
      ? [{ id, endsAt: Number.isNaN(end) ? 0 : end }]
      : [];
  });
}

/** Stands above what else is said of the resource; for `cibadmin --modify`, which makes it or moves its end. */
export function leaseXml({ resource, id, endsAt }: ResourceLease): string {
  const end = new Date(endsAt).toISOString().replace(/\.\d+Z$/u, 'Z');
  return writeXml(
    element('primitive', { id: resource }, [
      element('meta_attributes', { id, score: '1000000' }, [
        element('rule', { id: `${id}-rule`, score: 'INFINITY', 'boolean-op': 'and' }, [
          element('date_expression', { id: `${id}-end`, operation: 'lt', end }),
        ]),
        element('nvpair', { id: `${id}-maintenance`, name: 'maintenance', value: 'true' }),
      ]),
    ]),
  );
}

/** For `cibadmin --delete`. */
export function endedLeaseXml(id: string): string {
  return writeXml(element('meta_attributes', { id }));
}

/** @param resolve what stands at the place of an element that names another one */
function parameters(
  of: XmlElement | undefined,
  name: string,
  resolve: (one: XmlElement) => XmlElement,
): readonly string[] {
  const sets = of === undefined ? [] : elementsOf(of).filter((one) => one.name === 'instance_attributes');
  return sets.flatMap((set) =>
    elementsOf(resolve(set)).flatMap((pair) => {
      const meant = resolve(pair);
      const isIt = (attribute(pair, 'name') ?? attribute(meant, 'name')) === name;
      return (isIt ? attribute(meant, 'value') : undefined) ?? [];
    }),
  );
}

export function everyElement(root: XmlElement | undefined): readonly XmlElement[] {
  return root === undefined ? [] : [root, ...elementsOf(root).flatMap(everyElement)];
}
