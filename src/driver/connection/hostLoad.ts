// What a host has and what its VMs take, in some ten calls and a second.
import { setTimeout as wait } from 'node:timers/promises';
import { mapLimited } from '../../base/mapLimited.js';
import type { HostLoad, VmLoad } from '../../domain/hostLoad.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE,
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE,
  VIR_DOMAIN_STATS_BALLOON,
  VIR_DOMAIN_STATS_CPU_TOTAL,
  VIR_DOMAIN_STATS_DIRTYRATE,
  VIR_DOMAIN_STATS_VCPU,
  VIR_NODE_CPU_STATS_ALL_CPUS,
  VIR_NODE_MEMORY_STATS_ALL_CELLS,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { typedParameterMap } from '../../libvirt/structs.js';
import { dirtyBytesIn } from '../guest/dirtyRate.js';
import { parsePool } from '../xml/storageXml.js';
import { attribute, elementsOf, find, findAll, parseXml, textOf, type XmlElement } from '../xml/xmlTree.js';

const betweenMs = 1_000;
/** The most pools of one host that are read. */
const mostPools = 64;
/** On Linux there are four of processors and four of RAM, and libvirt takes no other number. */
const hostStats = 4;

export async function readHostLoad(connection: Connection): Promise<HostLoad> {
  const [{ capabilities }, memory, pools, first] = await Promise.all([
    connection.call('connectGetCapabilities', {}),
    readMemory(connection),
    readPools(connection),
    lookAt(connection, VIR_DOMAIN_STATS_CPU_TOTAL),
  ]);
  await wait(betweenMs);
  const all =
    VIR_DOMAIN_STATS_CPU_TOTAL + VIR_DOMAIN_STATS_BALLOON + VIR_DOMAIN_STATS_VCPU + VIR_DOMAIN_STATS_DIRTYRATE;
  const last = await lookAt(connection, all);
  const host = hostIn(parseXml(capabilities));
  const busy = (last.busy - first.busy) / (last.total - first.total);
  const total = memory.get('total');
  return {
    ...{ ...host, pools },
    ...(total !== undefined && {
      memoryBytes: total * 1024,
      availableBytes: 1024 * ['free', 'buffers', 'cached'].reduce((sum, field) => sum + (memory.get(field) ?? 0), 0),
    }),
    ...(Number.isFinite(busy) && { busy: busy * host.processors }),
    vms: new Map(
      Array.from(last.vms, ([uuid, told]) => [uuid, vmLoad(told, first.vms.get(uuid), last.atMs - first.atMs)]),
    ),
  };
}

/** @throws XmlError */
export function hostIn(capabilities: XmlElement): Pick<HostLoad, 'processors' | 'memoryBytes' | 'sleeps'> {
  const cells = findAll(find(capabilities, 'host', 'topology', 'cells'), 'cell');
  const power = find(capabilities, 'host', 'power_management');
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + (one > 0 ? one : 0), 0);
  return {
    processors: sum(cells.map((cell) => Number(attribute(find(cell, 'cpus'), 'num')))),
    memoryBytes: sum(cells.map((cell) => Number(textOf(find(cell, 'memory'))) * 1024)),
    sleeps: power === undefined ? [] : elementsOf(power).map(({ name }) => name),
  };
}

type Statistics = ReturnType<typeof typedParameterMap>;

interface Look {
  readonly atMs: number;
  /** Nanoseconds of all processors. */
  readonly busy: number;
  readonly total: number;
  readonly vms: ReadonlyMap<string, Statistics>;
}

async function lookAt(connection: Connection, stats: number): Promise<Look> {
  const [processors, { retStats }] = await Promise.all([
    undefinedOnCode(
      errorCodes.VIR_ERR_NO_SUPPORT,
      connection.call('nodeGetCpuStats', { cpuNum: VIR_NODE_CPU_STATS_ALL_CPUS, nparams: hostStats, flags: 0 }),
    ),
    connection.call('connectGetAllDomainStats', {
      doms: [],
      stats,
      flags: VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE + VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
    }),
  ]);
  const atMs = performance.now();
  const sum = (...fields: readonly string[]): number =>
    processors?.params.reduce((all, { field, value }) => all + (fields.includes(field) ? Number(value) : 0), 0) ?? 0;
  return {
    atMs,
    busy: sum('kernel', 'user'),
    total: sum('kernel', 'user', 'idle', 'iowait'),
    vms: new Map(retStats.map(({ dom: { uuid }, params }) => [uuid, typedParameterMap(params)])),
  };
}

function vmLoad(told: Statistics, before: Statistics | undefined, ms: number): VmLoad {
  const number = (field: string, from: Statistics | undefined): number | undefined => {
    const value = from?.get(field);
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
  };
  const [processors, resident, now, then] = [
    number('vcpu.current', told),
    number('balloon.rss', told),
    number('cpu.time', told),
    number('cpu.time', before),
  ];
  const dirtyBytes = dirtyBytesIn(told);
  return {
    ...(processors !== undefined && { processors }),
    ...(resident !== undefined && { residentBytes: resident * 1024 }),
    // It may have been started anew.
    ...(now !== undefined && then !== undefined && now >= then && { used: (now - then) / (ms * 1e6) }),
    ...(dirtyBytes !== undefined && { dirtyBytes }),
  };
}

async function readMemory(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const call = connection.call('nodeGetMemoryStats', {
    nparams: hostStats,
    cellNum: VIR_NODE_MEMORY_STATS_ALL_CELLS,
    flags: 0,
  });
  const told = await undefinedOnCode(errorCodes.VIR_ERR_NO_SUPPORT, call);
  return new Map(told?.params.map(({ field, value }) => [field, Number(value)]));
}

async function readPools(connection: Connection): Promise<HostLoad['pools']> {
  const flags = VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE;
  const { pools } = await connection.call('connectListAllStoragePools', { needResults: 1, flags });
  const read = await mapLimited(pools.slice(0, mostPools), 4, async (pool) => {
    // It may have been stopped meanwhile.
    const [info, told] = await Promise.all([
      undefinedOnCode(errorCodes.VIR_ERR_NO_STORAGE_POOL, connection.call('storagePoolGetInfo', { pool })),
      undefinedOnCode(errorCodes.VIR_ERR_NO_STORAGE_POOL, connection.call('storagePoolGetXmlDesc', { pool, flags: 0 })),
    ]);
    return info && told && { name: pool.name, type: parsePool(told.xml).type, freeBytes: info.available };
  });
  return read.filter((one) => one !== undefined);
}
