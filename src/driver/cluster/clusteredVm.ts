// How a VM stands in Pacemaker's configuration when we have put it there: what is written, what it is called in the
// shells of Pacemaker, and what takes it out again. Pure.
import { shellWord } from '../../base/shellWord.js';
import { attribute, element, find, findAll, parseXml, writeXml, type XmlElement } from '../xml/xmlTree.js';
import { everyElement, readConfiguredVm } from './clusterXml.js';

export interface ClusteredVm {
  /** What the cluster calls it. */
  readonly resource: string;
  /** The file that it is started from, of each node. */
  readonly config: string;
  /** URI of libvirt on each node. */
  readonly hypervisor: string;
  readonly cpus: number;
  readonly memoryMib: number;
  /** libvirt started it with its host: that is given back when it is taken out. */
  readonly autostart: boolean;
  /** Resources that are started before it where they are started together. */
  readonly after: readonly string[];
  /** A resource that it is put beside where both are started. */
  readonly beside?: string;
}

/** What a node has room for. */
export interface NodeRoom {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMib: number;
}

/** By it what we have put there is told from what others did. */
const own = 'virt-rewind.';
export const configEnd = '.cluster.xml';
const agent = 'ocf:heartbeat:VirtualDomain';
const autostartMark = 'Virt Rewind, autostart';
/** Seconds. A guest may take its time to shut down; the agent ends it before the time is over. */
const operations = [
  { name: 'monitor', interval: '10s', timeout: '30s' },
  { name: 'start', interval: '0', timeout: '120s' },
  { name: 'stop', interval: '0', timeout: '180s' },
  { name: 'migrate_to', interval: '0', timeout: '600s' },
  { name: 'migrate_from', interval: '0', timeout: '600s' },
] as const;
/** One that crashes is started three times in an hour, and on another node then. */
const meta = {
  'allow-migrate': 'true',
  'resource-stickiness': '1000',
  'migration-threshold': '3',
  'failure-timeout': '3600s',
};
/** Less than `resource-stickiness`: members that run apart stay apart, those that are started go together. */
const together = '500';

/** As `newResourceId` makes them. */
const ownResource = /^[A-Za-z_][\w-]*$/u;

/** An id of XML, and none that is there. Without dots, which are between the parts of longer ids. */
export function newResourceId(vm: string, taken: ReadonlySet<string>): string {
  const name = vm.replace(/[^\w-]/gu, '_');
  const free = [name, `vm-${name}`].find((one) => !taken.has(one) && ownResource.test(one));
  return free ?? newResourceId(`vm-${name}`, taken);
}

/** For `cibadmin --modify --scope configuration`. In maintenance, the cluster looks where it is and does no more. */
export function clusteredXml(
  vms: readonly ClusteredVm[],
  nodes: readonly (NodeRoom & { readonly id: string })[],
  rests?: 'inMaintenance',
): string {
  return writeXml(
    element('configuration', {}, [
      element(
        'nodes',
        {},
        nodes.map(({ id, name, ...room }) => element('node', { id, uname: name }, [roomXml(`node.${name}`, room)])),
      ),
      element(
        'resources',
        {},
        vms.map((vm) => primitive(vm, rests)),
      ),
      element('constraints', {}, vms.flatMap(constraints)),
    ]),
  );
}

function primitive(vm: ClusteredVm, rests: 'inMaintenance' | undefined): XmlElement {
  const { resource } = vm;
  const mark = vm.autostart ? { description: autostartMark } : {};
  return element('primitive', { id: resource, class: 'ocf', provider: 'heartbeat', type: 'VirtualDomain', ...mark }, [
    pairs('instance_attributes', ownId(resource), parametersOf(vm)),
    pairs('meta_attributes', metaId(resource), {
      ...meta,
      ...(rests === undefined ? {} : { maintenance: 'true' }),
    }),
    element(
      'operations',
      {},
      operations.map((one) => element('op', { id: `${own}op.${resource}.${one.name}`, ...one })),
    ),
    roomXml(`vm.${resource}`, vm),
  ]);
}

function constraints({ resource, after, beside }: ClusteredVm): readonly XmlElement[] {
  const id = (what: string, other: string): string => `${own}${what}.${resource}.${other}`;
  return [
    ...after.map((first) => element('rsc_order', { id: id('after', first), first, then: resource, kind: 'Optional' })),
    ...(beside === undefined
      ? []
      : [element('rsc_colocation', { id: id('beside', beside), rsc: resource, 'with-rsc': beside, score: together })]),
  ];
}

function roomXml(of: string, { cpus, memoryMib }: { readonly cpus: number; readonly memoryMib: number }): XmlElement {
  return pairs('utilization', `${own}room.${of}`, roomOf(cpus, memoryMib));
}

/** As the agent itself counts. */
function roomOf(cpus: number, memoryMib: number): Readonly<Record<string, string>> {
  return { cpu: String(cpus), hv_memory: String(memoryMib), host_memory: String(memoryMib) };
}

function parametersOf({ config, hypervisor }: ClusteredVm): Readonly<Record<string, string>> {
  return { config, hypervisor, migration_transport: 'ssh' };
}

function pairs(name: string, id: string, values: Readonly<Record<string, string>>): XmlElement {
  return element(
    name,
    { id },
    Object.entries(values).map(([key, value]) => element('nvpair', { id: `${id}.${key}`, name: key, value })),
  );
}

const ownId = (resource: string): string => `${own}params.${resource}`;
const metaId = (resource: string): string => `${own}meta.${resource}`;

/** For `cibadmin --delete-all --xpath`: from then on the cluster does what is right. */
export function maintenanceXpath(resources: readonly string[]): string {
  return resources.map((resource) => `//nvpair[@id='${metaId(resource)}.maintenance']`).join('|');
}

/**
 * For `cibadmin --modify --scope configuration`: the cluster leaves it alone, and looks on no node for it. What it
 * knows of it can be forgotten then; else it would stop the VM that it no longer has to run.
 */
export function unlookedXml(resource: string, nodes: readonly string[]): string {
  const rest = pairs('meta_attributes', metaId(resource), { maintenance: 'true' });
  return writeXml(
    element('configuration', {}, [
      element('resources', {}, [element('primitive', { id: resource }, [rest])]),
      element(
        'constraints',
        {},
        nodes.map((node, at) =>
          element('rsc_location', {
            ...{ id: `${own}unlooked.${resource}.${at}`, rsc: resource, node, score: '0' },
            'resource-discovery': 'never',
          }),
        ),
      ),
    ]),
  );
}

/** For `cibadmin --modify --scope configuration`: the node is emptied. */
export function standbyXml(id: string, node: string): string {
  const standby = pairs('instance_attributes', `${own}standby.${node}`, { standby: 'on' });
  const first = { ...standby, attributes: { ...standby.attributes, score: 'INFINITY' } };
  return writeXml(
    element('configuration', {}, [element('nodes', {}, [element('node', { id, uname: node }, [first])])]),
  );
}

/** For `cibadmin --delete-all --xpath`: in one change, with all that names it. */
export function takenOutXpath(resource: string): string {
  const is = `'${resource}'`;
  return [
    `//primitive[@id=${is}]`,
    `//rsc_location[@rsc=${is}]`,
    `//rsc_order[@first=${is} or @then=${is}]`,
    `//rsc_colocation[@rsc=${is} or @with-rsc=${is}]`,
  ].join('|');
}

const references = ['rsc', 'id-ref', 'reference', 'template'] as const;
/** What goes with it when it is taken out. Pacemaker refuses that where anything else names it or a part of it. */
const goesWithIt: ReadonlySet<string> = new Set(['rsc_location', 'rsc_order', 'rsc_colocation']);

/**
 * What we have put there of this name; `others`: somebody else did, or something else of theirs rests on it.
 *
 * @throws XmlError
 */
export function readClustered(
  cib: string,
  resource: string,
): Pick<ClusteredVm, 'autostart' | 'config'> | 'others' | undefined {
  const all = everyElement(find(parseXml(cib), 'configuration'));
  const primitives = findAll(
    all.find(({ name }) => name === 'resources'),
    'primitive',
  );
  const isNamed = (one: XmlElement): boolean => attribute(one, 'id') === resource;
  const mine = primitives.find(isNamed);
  const ours = findAll(mine, 'instance_attributes').find((one) => attribute(one, 'id') === ownId(resource));
  if (mine === undefined || ours === undefined) {
    return all.some((one) => one.name === 'primitive' && isNamed(one)) ? 'others' : undefined;
  }
  const parts = new Set(everyElement(mine));
  const ids = new Set([...parts].map((one) => attribute(one, 'id')));
  const refersToIt = (one: XmlElement): boolean =>
    references.some((by) => one.attributes[by] !== undefined && ids.has(one.attributes[by])) ||
    (['resource_ref', 'obj_ref'].includes(one.name) && isNamed(one));
  const restsOnIt = all.some((one) => !parts.has(one) && !goesWithIt.has(one.name) && refersToIt(one));
  const config = findAll(ours, 'nvpair').find((one) => attribute(one, 'name') === 'config');
  return restsOnIt || !ownResource.test(resource)
    ? 'others'
    : { autostart: attribute(mine, 'description') === autostartMark, config: attribute(config, 'value') ?? '' };
}

/** Rules that go with it when it is taken out, and that are not ours: their ids. @throws XmlError */
export function rulesOfOthers(cib: string, resource: string): readonly string[] {
  return everyElement(find(parseXml(cib), 'configuration', 'constraints')).flatMap((rule) => {
    const id = attribute(rule, 'id') ?? '';
    const isOfIt = ['rsc', 'with-rsc', 'first', 'then'].some((by) => attribute(rule, by) === resource);
    return goesWithIt.has(rule.name) && isOfIt && !id.startsWith(own) ? [id] : [];
  });
}

/** The same as a person would type it, in the shell that the host has. */
export function clusteredLines(
  shell: 'crm' | 'pcs',
  vms: readonly ClusteredVm[],
  nodes: readonly NodeRoom[],
): readonly string[] {
  const words = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => (/^[\w/.:=-]+$/u.test(value) ? `${name}=${value}` : shellWord(`${name}=${value}`)))
      .join(' ');
  const isCrm = shell === 'crm';
  const ops = operations.map(({ name, ...times }) => `${isCrm ? 'op ' : ''}${name} ${words(times)}`).join(' ');
  const rooms = nodes.map(({ name, cpus, memoryMib }) =>
    isCrm
      ? `crm configure node ${name} utilization ${words(roomOf(cpus, memoryMib))}`
      : `pcs node utilization ${name} ${words(roomOf(cpus, memoryMib))}`,
  );
  const made = vms.flatMap((vm) => {
    const { resource, cpus, memoryMib } = vm;
    const room = words(roomOf(cpus, memoryMib));
    return isCrm
      ? [
          `crm configure primitive ${resource} ${agent} params ${words(parametersOf(vm))} ${ops} meta ${words(meta)} utilization ${room}`,
        ]
      : [
          `pcs resource create ${resource} ${agent} ${words(parametersOf(vm))} op ${ops} meta ${words(meta)}`,
          `pcs resource utilization ${resource} ${room}`,
        ];
  });
  const order = vms.flatMap(({ resource, after, beside }) => [
    ...after.map((first) =>
      isCrm
        ? `crm configure order ${resource}-after-${first} Optional: ${first} ${resource}`
        : `pcs constraint order ${first} then ${resource} kind=Optional`,
    ),
    ...(beside === undefined
      ? []
      : [
          isCrm
            ? `crm configure colocation ${resource}-beside-${beside} ${together}: ${resource} ${beside}`
            : `pcs constraint colocation add ${resource} with ${beside} ${together}`,
        ]),
  ]);
  return [...rooms, ...made, ...order];
}

/** Whether we wrote it: anybody may name another file in the configuration. @param text of what is there */
export function isOwnConfig(path: string, text: string, uuid: string): boolean {
  if (!path.endsWith(configEnd)) {
    return false;
  }
  try {
    return readConfiguredVm(text).uuid === uuid.toLowerCase();
  } catch {
    return false;
  }
}

/** The agent looks for the name on a line of its own. */
export function configText(domain: string): string {
  return domain.replace(/\s*(<name>[^<]*<\/name>)\s*/u, '\n  $1\n  ');
}

/** Files of disks and of firmware that a VM of this XML writes to. @throws XmlError */
export function writtenFiles(domain: string): readonly string[] {
  return everyElement(parseXml(domain)).flatMap((one) => {
    const source = one.name === 'disk' ? find(one, 'source') : undefined;
    return attribute(source, 'file') ?? attribute(source, 'dev') ?? [];
  });
}
