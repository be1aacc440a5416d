// Whether a guest has done anything since: asked in a few calls on a connection of its own, without an engine, for
// who must know it in some milliseconds. What it cannot be sure of it calls changed.
import { createHash } from 'node:crypto';
import { stat, readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Log } from '../../base/log.js';
import type { Vm } from '../../domain/vm.js';
import { openConnection } from '../../libvirt/connect.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_DOMAIN_PAUSED,
  VIR_DOMAIN_SHUTOFF,
  VIR_DOMAIN_STATS_BLOCK,
  VIR_DOMAIN_STATS_STATE,
  VIR_DOMAIN_STATS_VCPU,
  VIR_DOMAIN_XML_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { type Domain, type TypedParameter, typedParameterMap } from '../../libvirt/structs.js';
import { parseUri } from '../../libvirt/uri.js';
import { isThisHost } from '../files/thisHost.js';
import { withVolumePaths } from '../files/volumePaths.js';
import { toFailure } from '../toFailure.js';
import { parseDomainXml } from '../xml/domainXml.js';

export interface StoppedVm extends Pick<Vm, 'name' | 'uuid'> {
  /** Its current snapshot. */
  readonly current?: string;
  /** The same text: it has done nothing meanwhile. Absent: it runs, or nobody can tell. */
  readonly mark?: string;
}

interface StandstillOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Log;
  /** The VMs that the caller asks about. */
  readonly wanted: (vm: Pick<Vm, 'name' | 'uuid'>) => boolean;
}

/** @throws Failure */
export async function readStandstills(
  uri: string,
  { environment, log, wanted }: StandstillOptions,
): Promise<readonly StoppedVm[]> {
  try {
    const connection = await openConnection(uri, { environment, log });
    try {
      const [{ hostname }, { retStats }] = await Promise.all([
        connection.call('connectGetHostname', {}),
        connection.call('connectGetAllDomainStats', {
          doms: [],
          stats: VIR_DOMAIN_STATS_STATE + VIR_DOMAIN_STATS_VCPU + VIR_DOMAIN_STATS_BLOCK,
          flags: VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
        }),
      ]);
      const isHere = isThisHost({ transport: parseUri(uri).transport, hostname });
      return await Promise.all(
        retStats
          .filter(({ dom }) => wanted(dom))
          .map(async ({ dom, params }): Promise<StoppedVm> => {
            const [found, mark] = await Promise.all([
              undefinedOnCode(
                errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT,
                connection.call('domainSnapshotCurrent', { dom, flags: 0 }),
              ),
              isHere ? markOf(dom, params, connection) : undefined,
            ]);
            const { name, uuid } = dom;
            return { name, uuid, ...(found && { current: found.snap.name }), ...(mark !== undefined && { mark }) };
          }),
      );
    } finally {
      connection.close();
    }
  } catch (error) {
    throw toFailure(error, { connection: uri, doing: 'asking what the guests have done' });
  }
}

/**
 * What libvirt counts of a processor's time are ticks of 10 ms, and how long it waited, which may be 0 (measured: 28 of
 * 120 resumes that were paused again at once left both as they were). The kernel counts nanoseconds and each run of its
 * thread.
 *
 * | the VM  | what stays the same while it does nothing                                                       |
 * |---------|-------------------------------------------------------------------------------------------------|
 * | runs    | nothing: its RAM changes                                                                        |
 * | paused  | its process, each run of the threads of its processors, what it wrote to disks, its configuration |
 * | off     | its configuration; its disks' files: which, how long, written when                              |
 * | any, on another computer | nothing that can be seen                                                       |
 */
async function markOf(
  dom: Domain,
  params: readonly TypedParameter[],
  connection: Connection,
): Promise<string | undefined> {
  const values = typedParameterMap(params);
  const fieldsLike = (pattern: RegExp): readonly string[] =>
    [...values].flatMap(([field, value]) => (pattern.test(field) ? [`${field}=${String(value)}`] : []));
  const state = fieldsLike(/^state\./u);
  const power = values.get('state.state');
  if (power === VIR_DOMAIN_PAUSED) {
    const processors = fieldsLike(/^vcpu\.\d+\.time$/u);
    const written = fieldsLike(/^block\.\d+\.(?:path$|wr\.|fl\.)/u);
    const [runs, ...xmls] = await Promise.all([
      processorRuns(dom.uuid, processors.length),
      ...[0, VIR_DOMAIN_XML_INACTIVE].map((flags) => connection.call('domainGetXmlDesc', { dom, flags })),
    ]);
    return (
      runs && digest([String(dom.id), ...state, ...processors, ...written, ...runs, ...xmls.map(({ xml }) => xml)])
    );
  }
  const held = power === VIR_DOMAIN_SHUTOFF ? await filesOf(connection, dom) : undefined;
  return held && digest([...state, ...held]);
}

/** Undefined where a disk is no file of this computer: nobody knows then when it was written. */
async function filesOf(connection: Connection, dom: Domain): Promise<readonly string[] | undefined> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  const disks = await withVolumePaths(connection, parseDomainXml(xml).disks);
  const files = disks.filter(({ source, device }) => device === 'disk' || device === 'lun' || source !== undefined);
  const paths = files.flatMap(({ source, sourceType, dataFile }) =>
    source === undefined || sourceType !== 'file' || dataFile === true ? [] : [source],
  );
  return paths.length === files.length ? [xml, ...(await Promise.all(paths.map((path) => fileMark(path))))] : undefined;
}

/** Kernels tell times of files in ticks of at most 10 ms: a write right behind this look has to get another one. */
const tickMs = 20;

async function fileMark(path: string, tries = 2): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const ageMs = Date.now() - Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
    const isWholeSeconds = [mtimeNs, ctimeNs].every((time) => time % 1_000_000_000n === 0n);
    if (ageMs > tickMs && !isWholeSeconds) {
      return [path, dev, ino, size, mtimeNs, ctimeNs].join(':');
    }
    if (tries > 1) {
      await setTimeout(tickMs);
      return await fileMark(path, tries - 1);
    }
  } catch {
    // As below.
  }
  // As good as another one each time.
  return `${path}:${performance.now()}`;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

// How often and how long the threads of a guest's processors ran, as the kernel of this computer counts it. Knows no
// libvirt.

/** QEMU names them so, as libvirt has it do. */
const processorThread = /^CPU \d+\//u;

/**
 * A text for each processor, by which any run of it since can be told; undefined where not all of them can be seen.
 *
 * @param uuid of the VM, in QEMU's words
 */
export async function processorRuns(
  uuid: string,
  processors: number,
  root = '/proc',
): Promise<readonly string[] | undefined> {
  try {
    const [process, ...others] = await processesOf(uuid, root);
    if (process === undefined || others.length > 0) {
      return undefined;
    }
    const tasks = `${root}/${process}/task`;
    const runs = await Promise.all(
      (await readdir(tasks)).map(async (task) => {
        const name = await readFile(`${tasks}/${task}/comm`, 'utf8');
        return processorThread.test(name)
          ? `${process} ${task} ${await readFile(`${tasks}/${task}/schedstat`, 'utf8')}`
          : '';
      }),
    );
    const seen = runs.filter((run) => run !== '');
    return processors > 0 && seen.length === processors ? seen : undefined;
  } catch {
    // Ended, or hidden from this user.
    return undefined;
  }
}

async function processesOf(uuid: string, root: string): Promise<readonly string[]> {
  const all = (await readdir(root)).filter((name) => /^\d+$/u.test(name));
  const words = await Promise.all(all.map((process) => readFile(`${root}/${process}/cmdline`, 'utf8').catch(() => '')));
  return all.filter((_, index) => words[index]?.includes(`\0-uuid\0${uuid}\0`) === true);
}
