// The network that the VMs of a lab have alone, with a proxy that lets them reach what the file allows: planned, made,
// looked at, removed.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import { hasCode } from '../base/errno.js';
import { proxyData } from '../domain/cloudSeed.js';
import { labMac, labNetworkName, type LabVmParts } from '../domain/labVm.js';
import { labsFolder } from '../driver/files/labImages.js';
import type { LabRecord, OpenLab, RecordedNetwork } from '../journal/labStore.js';
import type { MakeContext } from '../made/makeContext.js';
import type { Session } from '../session/session.js';
import { labFailure } from './labFailure.js';
import type { Lab, WantedNetwork } from './labFile.js';
import { endProxy, isProxyUp, removeProxyFiles, requireSquid, startProxy } from './proxyProcess.js';

/** Below those that Kubernetes forwards, and that the kernel gives to whoever asks for any. */
const [firstPort, ports] = [20_000, 10_000] as const;
const [firstSubnet, subnets] = [130, 120] as const;

/**
 * @param others what other labs have
 * @throws Failure `refused`
 */
export async function planLabNetwork(
  { name: lab, network }: Lab,
  connection: string,
  others: readonly LabRecord[],
  { session, environment }: Pick<MakeContext, 'session' | 'environment'>,
): Promise<RecordedNetwork | undefined> {
  if (network === undefined) {
    return undefined;
  }
  if (/\/session(\?|$)/u.test(connection) || (await session.engine.openHost(connection, 'toRead')) !== undefined) {
    throw labFailure('networkOfSession');
  }
  await requireSquid(environment);
  const name = labNetworkName(lab);
  const id = randomBytes(6).toString('hex');
  const planned = {
    ...{ connection, name, uuid: randomUUID(), filterUuid: randomUUID(), bridge: `vrl${id.slice(0, 8)}` },
    address: freeAddress(others.flatMap((one) => one.network?.address ?? [])),
    port: await freePort(),
    folder: join(labsFolder(connection, environment), `virt-rewind-proxy-${id}`),
    ...network,
  };
  // One that an attempt has left goes before.
  const left = others.some((one) => one.network?.name === name);
  if (!left && (await session.engine.labVms.networkState(planned)) !== 'absent') {
    throw labFailure('ofOthers', { name });
  }
  return planned;
}

/** libvirt refuses a network that another route has: then it is chosen anew. */
function freeAddress(taken: readonly string[]): string {
  const own = Object.values(networkInterfaces()).flatMap((cards = []) => cards.map(({ address }) => address));
  const begins = [...taken, ...own].map((address) => address.split('.').slice(0, 3).join('.'));
  const from = randomBytes(1)[0] ?? 0;
  const all = Array.from({ length: subnets }, (_, at) => `192.168.${firstSubnet + ((from + at) % subnets)}`);
  const free = all.find((one) => !begins.includes(one));
  if (free === undefined) {
    throw labFailure('noSubnet');
  }
  return `${free}.1`;
}

/** On no address of this computer: when the proxy has ended, nobody else answers there. */
async function freePort(): Promise<number> {
  // Without IPv6 there are no others.
  const all = Object.values(networkInterfaces()).some((cards) => cards?.some(({ family }) => family === 'IPv6'))
    ? '::'
    : '0.0.0.0';
  for (;;) {
    const port = firstPort + (randomBytes(2).readUInt16BE() % ports);
    const isFree = await new Promise<boolean>((resolve, reject) => {
      const server = createServer();
      server.once('error', (error) => (hasCode(error, 'EADDRINUSE') ? resolve(false) : reject(error)));
      server.listen(port, all, () => server.close(() => resolve(true)));
    });
    if (isFree) {
      return port;
    }
  }
}

/**
 * Makes it so that the network and its proxy are as the file says.
 * @throws Failure
 */
export async function startLabNetwork(
  open: OpenLab,
  wanted: WantedNetwork | undefined,
  { session, environment }: Pick<MakeContext, 'session' | 'environment'>,
): Promise<void> {
  const { network } = open.record;
  if (network === undefined || wanted === undefined) {
    return;
  }
  const { labVms } = session.engine;
  await session.engine.connect(network.connection);
  await labVms.makeNetwork(network);
  if ((await isProxyUp(network)) && isAsWanted(network, wanted)) {
    return;
  }
  await endProxy(network.proxy);
  const { allow, log } = wanted;
  await startProxy({ ...network, allow, log }, environment, (proxy) =>
    open.put({ network: { ...network, allow, log, proxy } }),
  );
}

function isAsWanted({ allow, log }: RecordedNetwork, wanted: WantedNetwork): boolean {
  return allow.join() === wanted.allow.join() && log === wanted.log;
}

/** What `lab create` puts right. */
export async function networkDifference(
  network: RecordedNetwork | undefined,
  wanted: WantedNetwork | undefined,
  { engine }: Session,
): Promise<string | undefined> {
  if (network === undefined || wanted === undefined) {
    return undefined;
  }
  await engine.connect(network.connection);
  if ((await engine.labVms.networkState(network)) !== 'runs' || !(await isProxyUp(network))) {
    return t('The proxy of the lab does not run, so its VMs reach nothing. Create the lab to start it.');
  }
  return isAsWanted(network, wanted)
    ? undefined
    : t('The VMs reach other servers than the file allows now. Create the lab to change that.');
}

/**
 * Before its VMs go: others reach nothing without it, and libvirt keeps what one that runs has.
 * @throws Failure `refused`
 */
export async function requireOwnNetwork(
  { network, vms }: Pick<LabRecord, 'network' | 'vms'>,
  { engine }: Session,
): Promise<void> {
  if (network === undefined) {
    return;
  }
  await engine.connect(network.connection);
  const going = new Set(vms.filter(({ parts }) => parts !== undefined).map(({ uuid }) => uuid));
  const other = (await engine.labVms.networkUsers(network)).find(({ uuid }) => !going.has(uuid));
  if (other !== undefined) {
    throw labFailure('networkUsed', { vm: other.name });
  }
}

/** After its VMs: what is gone already is as good as removed. */
export async function removeLabNetwork(network: RecordedNetwork | undefined, { engine }: Session): Promise<void> {
  if (network === undefined) {
    return;
  }
  await endProxy(network.proxy);
  await engine.connect(network.connection);
  await engine.labVms.removeNetwork(network);
  await removeProxyFiles(network.folder);
}

/** A VM in it: the address of its card, and what cloud-init tells its programs. */
export function withLabNetwork(parts: LabVmParts, network: RecordedNetwork | undefined, uuid: string): LabVmParts {
  const { cloudInit } = parts;
  if (network === undefined || parts.network === undefined) {
    return parts;
  }
  return {
    ...parts,
    mac: labMac(uuid),
    ...(cloudInit !== undefined && { cloudInit: { ...cloudInit, vendorData: proxyData(proxyUrl(network)) } }),
  };
}

/** For the environment of a program in a guest. */
export function proxyUrl({ address, port }: Pick<RecordedNetwork, 'address' | 'port'>): string {
  return `http://${address}:${port}`;
}
