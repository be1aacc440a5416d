// Makes the VMs of labs on one connection, and removes them and those of lessons. Never touches a VM that nobody here
// made.
import { Failure } from '../../domain/failure.js';
import type { LabVm, LabVmObstacle, LabVmParts } from '../../domain/labVm.js';
import { makeLabFolder, removeLabFolder } from '../files/labFolder.js';
import { isDemoVm } from '../xml/demoVmXml.js';
import { isLabVm, labMachine, labVmXml } from '../xml/labVmXml.js';
import type { LabVmMaker } from '../hypervisor.js';
import { toFailure } from '../toFailure.js';
import { type DemoVmPlace, placeObstacle, removeOwnVm } from './demoVms.js';

export function labVmsOn(place: DemoVmPlace): LabVmMaker {
  const asFailureOf = async <T>(doing: string, vm: string | undefined, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toFailure(error, { connection: place.uri, doing, ...(vm !== undefined && { vm }) });
    }
  };
  return {
    obstacle: () => asFailureOf('look whether VMs can be made', undefined, labVmObstacle(place)),
    make: (vm, parts, onMade) => asFailureOf('make a VM of a lab', vm.name, makeLabVm(place, vm, parts, onMade)),
    remove: (vm, ...of) => asFailureOf('remove a VM that was made', vm.name, removeMadeVm(place, vm, ...of)),
  };
}

/** @returns the first thing that is in the way; nothing is made */
async function labVmObstacle(place: DemoVmPlace): Promise<LabVmObstacle | undefined> {
  const obstacle = await placeObstacle(place);
  if (obstacle !== undefined) {
    return obstacle;
  }
  const { capabilities: xml } = await place.connection.call('connectGetCapabilities', {});
  return labMachine(xml) === undefined ? 'noEmulator' : undefined;
}

/** Its files, then the VM: where it is there, it is whole. */
async function makeLabVm(
  place: DemoVmPlace,
  vm: LabVm,
  parts: LabVmParts,
  onMade: Parameters<LabVmMaker['make']>[2],
): Promise<void> {
  const { connection, environment } = place;
  const { capabilities: xml } = await connection.call('connectGetCapabilities', {});
  const machine = labMachine(xml);
  if (machine === undefined) {
    throw new Failure('unsupported', { doing: 'make a VM of a lab', vm: vm.name });
  }
  await makeLabFolder(vm, parts, environment, onMade);
  await connection.call('domainDefineXmlFlags', { xml: labVmXml(vm, parts, machine), flags: 0 });
}

/**
 * The VM with its snapshots, then what was made in its folder. What is gone already is as good as removed.
 * @throws Failure `denied` where another VM has its UUID: that one and the folder stay
 */
async function removeMadeVm(
  place: Pick<DemoVmPlace, 'connection' | 'capabilities'>,
  ...[vm, made, inUse, unused]: Parameters<LabVmMaker['remove']>
): Promise<readonly string[]> {
  const isOurs = (xml: string): boolean => isLabVm(xml, vm) || isDemoVm(xml, vm);
  await removeOwnVm(place, vm, isOurs, 'remove a VM that was made', unused);
  return removeLabFolder(vm, made, inUse);
}
