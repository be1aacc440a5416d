// Makes the VMs of labs on one connection, and removes them and those of lessons. Never touches a VM that nobody here
// made.
import { Failure } from '../../domain/failure.js';
import type { LabVm, LabVmObstacle, LabVmParts } from '../../domain/labVm.js';
import { refuse } from '../../domain/refusal.js';
import {
  VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
  VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_XML_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { thisComputer } from '../../base/fileSystem.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { isSession, parseUri } from '../../libvirt/uri.js';
import type { Log } from '../../base/log.js';
import { qemuImg } from '../../qemu/qemuImg.js';
import { makeLabFolder, removeLabFolder } from '../files/labFolder.js';
import type { LabHost } from '../files/labImages.js';
import type { withShellHost } from '../files/shellHost.js';
import { isDemoVm } from '../xml/demoVmXml.js';
import { hasUefi, isLabVm, labMachine, labVmXml } from '../xml/labVmXml.js';
import type { LabVmMaker } from '../hypervisor.js';
import type { Domain } from '../../libvirt/structs.js';
import { readPower } from '../powerState.js';
import { toFailure } from '../toFailure.js';
import { connectionObstacle, type DemoVmPlace, placeObstacle } from './demoVms.js';
import { labNetworkState, labNetworkUsers, makeLabNetwork, removeLabNetwork } from './labNetworks.js';
import { forgettingFlags } from './movedVm.js';

interface LabVmPlace extends DemoVmPlace {
  /** To the computer that runs the VMs; absent: this one, or one that only libvirt leads to. */
  readonly login: HostLogin | undefined;
  readonly log: Log;
}

export function labVmsOn(place: LabVmPlace): LabVmMaker {
  const asFailureOf = async <T>(doing: string, vm: string | undefined, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, { connection: place.uri, doing, ...(vm !== undefined && { vm }) });
    }
  };
  return {
    obstacle: (vms) => asFailureOf('look whether VMs can be made', undefined, labVmObstacle(place, vms)),
    make: (vm, parts, onMade) => asFailureOf('make a VM of a lab', vm.name, makeLabVm(place, vm, parts, onMade)),
    requireOwn: (vm) =>
      asFailureOf(
        'look whose VM it is',
        vm.name,
        findOwn(place, vm).then(() => undefined),
      ),
    remove: (vm, ...of) => asFailureOf('remove a VM that was made', vm.name, removeMadeVm(place, vm, ...of)),
    networkState: (network) =>
      asFailureOf('look at the network of a lab', undefined, labNetworkState(place.connection, network)),
    networkUsers: (network) =>
      asFailureOf('look who uses the network of a lab', undefined, labNetworkUsers(place.connection, network)),
    makeNetwork: (network) =>
      asFailureOf('make the network of a lab', undefined, makeLabNetwork(place.connection, network)),
    removeNetwork: (network) =>
      asFailureOf('remove the network of a lab', undefined, removeLabNetwork(place.connection, network)),
  };
}

/** @returns the first thing that is in the way; nothing is made */
async function labVmObstacle(
  place: LabVmPlace,
  vms: readonly Pick<LabVmParts, 'firmware'>[],
): Promise<LabVmObstacle | undefined> {
  const obstacle = await (place.login === undefined ? placeObstacle(place) : obstacleThere(place, place.login));
  if (obstacle !== undefined) {
    return obstacle;
  }
  const { capabilities: xml } = await place.connection.call('connectGetCapabilities', {});
  const uefi = vms.find(({ firmware }) => firmware !== undefined);
  const machine = labMachine(xml, uefi ?? {});
  if (machine === undefined || uefi === undefined) {
    return machine === undefined ? 'noEmulator' : undefined;
  }
  const asked = { ...machine, emulatorbin: undefined, arch: 'x86_64', virttype: machine.type, flags: 0 };
  const { capabilities } = await place.connection.call('connectGetDomainCapabilities', asked);
  return hasUefi(capabilities) ? undefined : 'noUefi';
}

/** On another computer, as `placeObstacle` on this one. Where a session's folders would be is not known here. */
async function obstacleThere(
  { uri, capabilities, log }: LabVmPlace,
  login: HostLogin,
): Promise<LabVmObstacle | undefined> {
  const obstacle = connectionObstacle(capabilities);
  if (obstacle !== undefined) {
    return obstacle;
  }
  if (isSession(parseUri(uri))) {
    return 'otherHost';
  }
  return withThatHost({ login, log }, async ({ files, qemuImg: tool }) =>
    (await files.user()) !== 0 ? 'otherHost' : (await tool.find()) === undefined ? 'noQemuImg' : undefined,
  );
}

function onLabHost<T>({ login, log, environment }: LabVmPlace, work: (host: LabHost) => Promise<T>): Promise<T> {
  return login === undefined
    ? work({ files: thisComputer, qemuImg: qemuImg(environment), isHere: true })
    : withThatHost({ login, log }, (host) => work({ ...host, isHere: false }));
}

/** Most connections never need it. */
const withThatHost: typeof withShellHost = async (...of) =>
  (await import('../files/shellHost.js')).withShellHost(...of);

/** Its files, then the VM: where it is there, it is whole. */
async function makeLabVm(
  place: LabVmPlace,
  vm: LabVm,
  parts: LabVmParts,
  onMade: Parameters<LabVmMaker['make']>[2],
): Promise<void> {
  const { connection } = place;
  const { capabilities: xml } = await connection.call('connectGetCapabilities', {});
  const machine = labMachine(xml, parts);
  if (machine === undefined) {
    throw new Failure('unsupported', { doing: 'make a VM of a lab', vm: vm.name });
  }
  await onLabHost(place, (host) => makeLabFolder(vm, parts, host, onMade));
  const { dom } = await connection.call('domainDefineXmlFlags', { xml: labVmXml(vm, parts, machine), flags: 0 });
  if (parts.firmware !== undefined) {
    // The first start sorts the controllers that libvirt added for q35. Then the VM would look changed.
    const { xml: sorted } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    await connection.call('domainDefineXmlFlags', { xml: sorted, flags: 0 });
  }
}

/** Undefined where libvirt has no VM of its UUID. @throws Failure `refused` where that one is another's */
async function findOwn(
  { connection }: Pick<DemoVmPlace, 'connection'>,
  vm: LabVm,
): Promise<{ readonly dom: Domain; readonly xml: string } | undefined> {
  const lookUp = connection.call('domainLookupByUuid', { uuid: vm.uuid });
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, lookUp);
  if (found === undefined) {
    return undefined;
  }
  const { dom } = found;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  if (!isLabVm(xml, vm) && !isDemoVm(xml, vm)) {
    throw new Failure('refused', { vm: dom.name, refusal: refuse('notOurVm', { vm: dom.name }).refusal });
  }
  return { dom, xml };
}

/**
 * The VM, whatever it does, with its snapshots; then what was made in its folder. What is gone already is as good as
 * removed.
 *
 * @throws Failure `refused` where another VM has its UUID: that one and the folder stay; `busy` where it is on and
 *   should be unused
 */
async function removeMadeVm(
  place: LabVmPlace,
  ...[vm, made, inUse, unused]: Parameters<LabVmMaker['remove']>
): Promise<readonly string[]> {
  const own = await findOwn(place, vm);
  if (own !== undefined) {
    await (unused === undefined ? removeUsed(place, own) : removeUnused(place, own));
  }
  return onLabHost(place, ({ files }) => removeLabFolder(vm, made, inUse, files));
}

type OwnVm = NonNullable<Awaited<ReturnType<typeof findOwn>>>;

async function removeUsed(
  { connection, capabilities }: Pick<DemoVmPlace, 'connection' | 'capabilities'>,
  { dom, xml }: OwnVm,
): Promise<void> {
  // Off already is as good.
  await undefinedOnCode(errorCodes.VIR_ERR_OPERATION_INVALID, connection.call('domainDestroy', { dom }));
  // With what somebody has added since: libvirt refuses to forget a VM while it has any of these.
  const all =
    VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | forgettingFlags(xml, capabilities);
  // One that somebody had undefined while it ran is gone with its run.
  const undefining = connection.call('domainUndefineFlags', { dom, flags: all });
  await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, undefining);
}

/** It must be off, without a snapshot and without saved RAM: libvirt itself refuses these two. */
async function removeUnused({ connection }: Pick<DemoVmPlace, 'connection'>, { dom, xml }: OwnVm): Promise<void> {
  const busy = new Failure('busy', { doing: 'remove a VM that was made', vm: dom.name });
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    throw busy;
  }
  await connection.call('domainUndefineFlags', { dom, flags: VIR_DOMAIN_UNDEFINE_KEEP_NVRAM });
  const lookUp = connection.call('domainLookupByUuid', { uuid: dom.uuid });
  if ((await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, lookUp)) !== undefined) {
    // Somebody started it just then.
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
    throw busy;
  }
}
