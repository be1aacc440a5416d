// What backups read of VMs, and the VMs that are restored from them, on one connection. Touches no file.
import type { Log } from '../../base/log.js';
import type {
  HostRule,
  HostUse,
  MovedVm,
  NamedFiles,
  RestoredVm,
  RestoreObstacle,
  SavedText,
  VmDocuments,
} from '../../domain/copiedVm.js';
import { Failure } from '../../domain/failure.js';
import {
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { hasTpm } from '../../domain/vm.js';
import { isDevicePath } from '../../domain/devicePath.js';
import { isThisHost } from '../files/thisHost.js';
import { parseUri } from '../../libvirt/uri.js';
import type { VmCopies } from '../hypervisor.js';
import { readPower } from '../powerState.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import { startVm } from '../run/openImages.js';
import { failingWith, toFailure } from '../toFailure.js';
import { copiedPoint, pointDefinition, presentDisks } from '../xml/copiedPoint.js';
import { parseEmulators } from '../xml/anewXml.js';
import { bootFilesIn, hasRevertDisks, partsOfSame, writeCookie, writeMoved, writeRestored } from '../xml/copiedXml.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { namedFiles } from '../xml/namedFiles.js';
import { parseSnapshotHead } from '../xml/snapshotXml.js';
import { XmlError } from '../xml/xmlTree.js';
import type { DemoVmPlace } from './demoVms.js';
import { readGuestTimes } from './guestTimes.js';
import { readHostLoad } from './hostLoad.js';
import { redefineAll, takeSnapshotsBack } from './knownAgain.js';
import { openMigration } from './libvirtMigration.js';
import type { OtherConnections } from './otherConnections.js';
import { forgetSnapshots, forgettingFlags, letGo, needs, settleIn, standing, undefineOff } from './movedVm.js';
import { readDocuments, withoutVolumes } from './readDocuments.js';

interface Place extends Omit<DemoVmPlace, 'environment'> {
  /** To a shell on the daemon's host, where a login leads there. */
  readonly openShell?: unknown;
  readonly files: HostFiles;
  readonly tpms: string | undefined;
  readonly log: Log;
  readonly others: Pick<OtherConnections, 'open' | 'close'>;
}

export function vmCopiesOn(place: Place): VmCopies {
  const asFailureOf = <T>(doing: string, vm: string, work: Promise<T>): Promise<T> =>
    failingWith({ connection: place.uri, doing, vm }, work);
  return {
    readDocuments: (uuid, secrets) =>
      asFailureOf('read what libvirt keeps of a VM', uuid, readDocuments(place, uuid, secrets)),
    filesIn,
    withoutVolumes: (documents) =>
      asFailureOf('read where the volumes of a VM are', '', withoutVolumes(place, documents)),
    points: (documents) =>
      asFailureOf(
        'read the snapshots of a backup',
        '',
        resultOf(() => documents.snapshots.map(({ xml }) => copiedPoint(xml))),
      ),
    presentDisks: (definition) =>
      asFailureOf(
        'read the disks of a backup',
        '',
        resultOf(() => presentDisks(definition)),
      ),
    pointDefinition: (documents, snapshot, overlays) =>
      asFailureOf(
        'read a snapshot of a backup',
        '',
        resultOf(() => pointDefinition(documents, snapshot, overlays)),
      ),
    documentsFor: (vm) =>
      asFailureOf(
        'write what libvirt is to keep of a VM',
        vm.name,
        resultOf(() => movedDocuments(vm)),
      ),
    bootFiles: ({ definition, snapshots }) =>
      asFailureOf(
        'read what a VM starts with',
        '',
        resultOf(() => [...new Set([definition, ...snapshots.map(({ xml }) => xml)].flatMap(bootFilesIn))]),
      ),
    hostUse: (vm) => asFailureOf('read what a backup takes from its host', vm.name, hostUseOf(place, vm)),
    tpmState: (vm) => asFailureOf('read where the state of a TPM is', vm.name, tpmStateOf(place, vm)),
    savedRam: (vm, saved) => asFailureOf('write what stands before RAM', vm.name, savedRam(place, vm, saved)),
    elsewhere: isElsewhere(place),
    obstacle: (vm) => asFailureOf('look whether a VM can be restored', vm.name, findObstacle(place, vm)),
    define: (vm) => asFailureOf('restore a VM', vm.name, define(place, vm)),
    undefine: (uuid, places, check) =>
      asFailureOf('remove an interrupted restore', uuid, undefine(place, uuid, places, check)),
    startForUs: (uuid) => asFailureOf('start a VM that is checked', uuid, startForUs(place, uuid)),
    openMigration: () => asFailureOf('prepare a move', '', openMigration(place)),
    needs: (documents) => asFailureOf('look whether a VM can be moved', '', needs(place, documents)),
    guestTimes: () => asFailureOf('read how long disks take', '', readGuestTimes(place.connection)),
    hostLoad: () => asFailureOf('read what a host has for VMs', '', readHostLoad(place.connection)),
    standing: (uuid) => asFailureOf('look at a VM that is moved', uuid, standing(place, uuid)),
    takeOver: (vm) => asFailureOf('define a VM that is moved', vm.name, takeOver(place, vm)),
    forgetSnapshots: (uuid, known) =>
      asFailureOf('forget the snapshots of a VM that is moved', uuid, forgetSnapshots(place, uuid, known)),
    takeSnapshotsBack: (vm) => asFailureOf('take the snapshots of a VM back', vm.name, takeSnapshotsBack(place, vm)),
    settleIn: (uuid, was) => asFailureOf('define a VM that is moved', uuid, settleIn(place, uuid, was)),
    letGo: (uuid, known, saved) => asFailureOf('forget a VM that is moved', uuid, letGo(place, uuid, known, saved)),
  };
}

/** With what it throws as a rejection. */
async function resultOf<T>(work: () => T): Promise<T> {
  return Promise.resolve(work());
}

function filesIn({ definition, snapshots }: VmDocuments): NamedFiles {
  const named = [definition, ...snapshots.map(({ xml }) => xml)].map(namedFiles);
  const each = (list: (one: NamedFiles) => readonly string[]): readonly string[] => [...new Set(named.flatMap(list))];
  const secrets = new Map(named.flatMap((one) => one.secrets).map((one) => [`${one.disk} ${one.name}`, one]));
  return {
    files: each(({ files }) => files),
    odd: each(({ odd }) => odd),
    special: each(({ special }) => special),
    secrets: [...secrets.values()],
  };
}

async function findObstacle(
  place: Place,
  { name, uuid }: { readonly name: string; readonly uuid: string },
): Promise<RestoreObstacle | undefined> {
  const { connection, capabilities } = place;
  if (capabilities.driver !== 'qemu') {
    return 'notQemu';
  }
  if (capabilities.readOnly) {
    return 'readOnly';
  }
  if (isElsewhere(place)) {
    return 'otherHost';
  }
  const { domains } = await connection.call('connectListAllDomains', { needResults: 1, flags: 0 });
  return domains.some((one) => one.name === name)
    ? 'nameTaken'
    : domains.some((one) => one.uuid === uuid)
      ? 'uuidTaken'
      : undefined;
}

function isElsewhere({ capabilities: { hostname }, uri, openShell }: Place): boolean {
  return openShell === undefined && !isThisHost({ transport: parseUri(uri).transport, hostname });
}

function movedDocuments(vm: RestoredVm): VmDocuments {
  const { definition, snapshots } = vm.documents;
  return {
    ...vm.documents,
    definition: writeMoved(definition, vm),
    snapshots: snapshots.map((one) => ({ ...one, xml: writeMoved(one.xml, vm) })),
  };
}

async function documentsFor(place: Place, vm: RestoredVm): Promise<VmDocuments> {
  const { definition, snapshots } = vm.documents;
  const rule = await hostRule(place, vm);
  return {
    ...vm.documents,
    definition: writeRestored(definition, vm, rule).xml,
    snapshots: snapshots.map((one) => ({ ...one, xml: writeRestored(one.xml, vm, rule).xml })),
  };
}

/** A VM that libvirt has under that UUID with the same configuration has its parts of the host already. */
async function hostRule({ connection }: Place, { documents, rule }: RestoredVm): Promise<HostRule> {
  const { capabilities } = await connection.call('connectGetCapabilities', {});
  const emulators = parseEmulators(capabilities);
  const { uuid } = parseDomainXml(documents.definition);
  const lookUp = connection.call('domainLookupByUuid', { uuid });
  const known = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, lookUp);
  const own = { isolated: true, bootFiles: new Map(), ...rule, emulators };
  if (known === undefined) {
    return own;
  }
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom: known.dom, flags });
  const knownParts = partsOfSame(documents.definition, xml);
  return { ...own, ...(knownParts !== undefined && { knownParts }) };
}

async function hostUseOf(place: Place, vm: RestoredVm): Promise<HostUse> {
  const named = filesIn(vm.documents);
  const own = new Set(vm.files.map(({ from }) => from));
  const { secrets } = named;
  // A device that is no file of the backup is as odd as what is no device: it is somebody's.
  const foreign = named.files.filter((file) => isDevicePath(file) && !own.has(file));
  const odd = [...named.odd, ...foreign];
  if (odd.length > 0) {
    return { odd, secrets, leftOut: [], ofHost: [], ramInDoubt: [] };
  }
  const rule = await hostRule(place, vm);
  const { definition, snapshots } = vm.documents;
  const written = [{ xml: definition }, ...snapshots].map((one) => ({ one, ...writeRestored(one.xml, vm, rule) }));
  return {
    odd,
    secrets,
    leftOut: [...new Set(written.flatMap(({ leftOut }) => leftOut))],
    ofHost: [...new Set(written.flatMap(({ ofHost }) => ofHost))],
    ramInDoubt: written.flatMap(({ one, otherHardware, xml }) =>
      'name' in one && otherHardware && parseSnapshotHead(Buffer.from(xml)).memory.location !== 'no' ? one.name : [],
    ),
  };
}

async function tpmStateOf(place: Place, vm: RestoredVm): ReturnType<VmCopies['tpmState']> {
  const { xml } = writeRestored(vm.documents.definition, vm, await hostRule(place, vm));
  const { tpmState, ...own } = parseDomainXml(xml, place.tpms);
  return hasTpm(own) ? { ...(tpmState !== undefined && { file: tpmState }) } : undefined;
}

async function savedRam(place: Place, vm: RestoredVm, { xml, cookie }: SavedText): Promise<SavedText> {
  const kept = cookie === undefined ? undefined : writeCookie(cookie);
  return {
    xml: writeRestored(xml, vm, await hostRule(place, vm), true).xml,
    ...(kept !== undefined && { cookie: kept }),
  };
}

/** All documents are written before anything is defined. */
async function define(place: Place, vm: RestoredVm): Promise<boolean> {
  await defineAs(place, vm, await documentsFor(place, vm));
  return true;
}

async function takeOver(place: Place, vm: MovedVm): Promise<void> {
  await defineAs(place, vm, vm.documents);
}

async function defineAs(place: Place, vm: MovedVm, written: VmDocuments): Promise<void> {
  const { connection, uri } = place;
  const { definition: xml } = written;
  const { name: own, uuid } = parseDomainXml(xml);
  if (own !== vm.name || uuid !== vm.uuid) {
    throw new XmlError(`it describes ${own} (${uuid})`);
  }
  if ((await findObstacle(place, vm)) !== undefined) {
    throw new Failure('exists', { vm: vm.name, connection: uri });
  }
  const { dom } = await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
  try {
    await redefineAll(place, dom, written);
    await requireRestored(place, vm);
  } catch (error) {
    await undefineAll(place, dom, xml, 'keeps').catch(() => {
      throw toFailure(error, { connection: uri, vm: vm.name, left: [{ kind: 'vm', vm: vm.name }] });
    });
    throw error;
  }
}

/** libvirt answers some redefinitions as done that it has changed. */
async function requireRestored(place: Place, { uuid, name, documents }: MovedVm): Promise<void> {
  const found = await readDocuments(place, uuid);
  const essence = ({ snapshots, current }: VmDocuments): string =>
    JSON.stringify([current, snapshots.map((one) => [one.name, one.parent, hasRevertDisks(one.xml)]).sort(byText)]);
  if (essence(found) !== essence(documents)) {
    throw new Failure('failed', { vm: name, doing: 'restore a VM', unseen: true });
  }
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

async function undefineAll(place: Place, dom: Domain, definition: string, keeps?: 'keeps'): Promise<void> {
  const flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | forgettingFlags(definition, place.capabilities, keeps);
  await undefineOff(place, dom, definition, flags);
}

async function undefine(
  place: Place,
  uuid: string,
  places: readonly string[],
  check?: 'check' | 'runningCheck',
): Promise<boolean> {
  const { connection } = place;
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, connection.call('domainLookupByUuid', { uuid }));
  if (found === undefined) {
    return true;
  }
  const { dom } = found;
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  const { power } = await readPower(connection, dom);
  const { files } = namedFiles(xml);
  const isOurs =
    files.length > 0 && files.every((file) => places.some((one) => file === one || file.startsWith(`${one}/`)));
  if (!isOurs || (power !== 'off' && check !== 'runningCheck')) {
    return false;
  }
  if (power !== 'off') {
    await connection.call('domainDestroyFlags', { dom, flags: 0 });
  }
  // A check has a UUID of its own.
  const removed = undefineAll(place, dom, xml, check === undefined ? 'keeps' : undefined).then(() => true);
  return removed.catch((error: unknown) => {
    if (error instanceof Failure && error.kind === 'refused') {
      return false;
    }
    throw error;
  });
}

async function startForUs({ connection, files }: Place, uuid: string): Promise<void> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  await startVm({ connection, dom, files }, 'autodestroy');
}
