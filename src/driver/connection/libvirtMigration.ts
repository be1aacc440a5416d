// The two sides of a live move, over libvirt's protocol 3 with parameters.
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_DOMAIN_JOB_STATS_COMPLETED,
  VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED,
  VIR_DOMAIN_PAUSED,
  VIR_DOMAIN_PAUSED_MIGRATION,
  VIR_DOMAIN_SHUTOFF,
  VIR_DOMAIN_SHUTOFF_SAVED,
  VIR_DOMAIN_SHUTOFF_SHUTDOWN,
  VIR_DOMAIN_XML_MIGRATABLE,
  VIR_DOMAIN_XML_SECURE,
  VIR_MIGRATE_ABORT_ON_ERROR,
  VIR_MIGRATE_LIVE,
  VIR_MIGRATE_NON_SHARED_INC,
  VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES,
  VIR_MIGRATE_PAUSED,
  VIR_MIGRATE_PERSIST_DEST,
  VIR_MIGRATE_UNDEFINE_SOURCE,
  VIR_MIGRATE_UNSAFE,
} from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { type Domain, type TypedParameter, typedParameterMap } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import { Failure } from '../../domain/failure.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type {
  BegunMigration,
  MigratedState,
  MigratedVm,
  MigrationHost,
  MigrationRun,
  MigrationWish,
} from '../migrationHost.js';
import { judge, prepareMigration } from '../run/openImages.js';
import { jobFraction, watchWhile } from '../run/jobWatch.js';
import { failingWith } from '../toFailure.js';
import { parseEmulators } from '../xml/anewXml.js';
import { broughtParts, withoutDisks, withOwnEmulators } from '../xml/movedXml.js';
import { element, writeXml, XmlError } from '../xml/xmlTree.js';
import type { OtherConnections } from './otherConnections.js';

interface Place {
  readonly uri: string;
  readonly capabilities: Pick<Capabilities, 'hostname' | 'hostUuid'>;
  readonly log: Log;
  readonly files: HostFiles;
  readonly others: Pick<OtherConnections, 'open' | 'close'>;
}

const noCookie = new Uint8Array();
/** A QEMU that waits for a guest is destroyed, too, or dies. */
const endsOfGuests: readonly number[] = [VIR_DOMAIN_SHUTOFF_SHUTDOWN, VIR_DOMAIN_SHUTOFF_SAVED];
/** virDomainJobOperation. */
const VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN = 4;
const VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT = 5;
/** QEMU's own, in milliseconds: what it sends while the guest stands still is to take no longer. */
const usualStopMs = 300;
/** Passes over the RAM in which a guest that writes slower than the line would have come to its end. */
const patientPasses = 4;

export async function openMigration(place: Place): Promise<MigrationHost> {
  const connection = await place.others.open();
  const guard = <T>(vm: string, doing: string, work: Promise<T>): Promise<T> =>
    failingWith({ connection: place.uri, doing, vm }, work);
  return {
    onDidClose: connection.onDidClose,
    begin: (vm, wish) => guard(vm.name, 'begin a move', begin(place, connection, vm, wish)),
    pretend: (vm, without = []) => guard(vm.name, 'try a move', pretend(place, connection, vm, without)),
    prepare: (vm, begun, wish) => guard(vm.name, 'prepare a move', prepare(place, connection, vm, begun, wish)),
    perform: (vm, prepared, wish, run) => guard(vm.name, 'move', perform(place, connection, vm, prepared, wish, run)),
    finish: (vm, cookie, wish) => guard(vm.name, 'end a move', finish(connection, vm, cookie, wish)),
    confirm: (vm, ended, wish) => guard(vm.name, 'end a move', confirm(connection, vm, ended, wish)),
    giveUp: (vm, wish) => guard(vm.name, 'give a move up', giveUp(connection, vm, wish)),
    stateOf: (uuid) => guard(uuid, 'look where a VM is', stateOf(connection, uuid)),
    goOn: (vm) => guard(vm.name, 'let a VM go on', goOn(connection, vm)),
    end: (vm, state) => guard(vm.name, 'end what a move has left', end(connection, vm, state)),
    arrivalOf: (uuid) => guard(uuid, 'look how long a move took', arrivalOf(connection, uuid)),
    dispose: () => place.others.close(connection),
  };
}

/** The VM stays defined there and is forgotten here, once it runs there. */
function flagsOf({ sharedDisks, copied = [], isPaused = false }: MigrationWish): number {
  return (
    VIR_MIGRATE_LIVE |
    VIR_MIGRATE_PERSIST_DEST |
    VIR_MIGRATE_UNDEFINE_SOURCE |
    VIR_MIGRATE_ABORT_ON_ERROR |
    (isPaused ? VIR_MIGRATE_PAUSED : 0) |
    (copied.length > 0 ? VIR_MIGRATE_NON_SHARED_INC | VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES : 0) |
    (sharedDisks ? VIR_MIGRATE_UNSAFE : 0)
  );
}

/** The other host opens the images by the same names: what is here is judged as what is there. */
async function begin(
  { files }: Place,
  connection: Connection,
  vm: MigratedVm,
  wish: MigrationWish,
): Promise<BegunMigration> {
  const params = [...text('migrate_uri', wish.address), ...disksOf(wish)];
  const asked = { dom: domainOf(vm), params, flags: flagsOf(wish) };
  const { cookieOut, xml } = await connection.call('domainMigrateBegin3Params', asked);
  await judge({ files }, xml);
  return { cookie: copyOf(cookieOut), definition: xml };
}

/** The least that every version takes: of one with nothing in it, a daemon falls (seen with 9.0). */
async function pretend(
  { capabilities, files }: Place,
  connection: Connection,
  vm: MigratedVm,
  without: readonly string[],
): Promise<BegunMigration> {
  const { hostname, hostUuid } = capabilities;
  if (hostUuid === undefined) {
    throw new XmlError('the host does not say who it is');
  }
  const flags = VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom: domainOf(vm), flags });
  await judge({ files }, xml);
  const { name, uuid } = vm;
  const said = Object.entries({ name, uuid, hostname, hostuuid: hostUuid }).map(([tag, of]) => element(tag, {}, [of]));
  // With the end of a string, as libvirt's own.
  return {
    cookie: Buffer.from(`${writeXml(element('qemu-migration', {}, said))}\0`),
    definition: withoutDisks(xml, without),
  };
}

async function prepare(
  { files }: Place,
  connection: Connection,
  vm: MigratedVm,
  { cookie, definition }: BegunMigration,
  wish: MigrationWish,
): ReturnType<MigrationHost['prepare']> {
  const { capabilities } = await connection.call('connectGetCapabilities', {});
  const emulators = parseEmulators(capabilities);
  const { unknown } = broughtParts(definition, emulators);
  if (unknown[0] !== undefined) {
    throw new XmlError(`nobody here knows ${unknown[0]}`);
  }
  const taken = withOwnEmulators(definition, emulators);
  const params = [
    ...text('destination_xml', taken),
    ...text('destination_name', vm.name),
    ...text('migrate_uri', wish.address),
    ...disksOf(wish),
  ];
  const asked = { params, cookieIn: cookie, flags: flagsOf(wish) };
  const { cookieOut, uriOut } = await prepareMigration({ connection, files }, taken, asked);
  return { cookie: copyOf(cookieOut), address: uriOut ?? wish.address ?? '' };
}

async function perform(
  { others, log }: Place,
  connection: Connection,
  vm: MigratedVm,
  { cookie, address }: { readonly cookie: Uint8Array; readonly address: string },
  wish: MigrationWish,
  { signal, onProgress, mostStopMs, mebibytesPerSecond }: MigrationRun,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const dom = domainOf(vm);
  const params = [...text('migrate_uri', address), ...disksOf(wish), ...speedOf(mebibytesPerSecond)];
  const work = connection.call('domainMigratePerform3Params', {
    dom,
    dconnuri: undefined,
    params,
    cookieIn: cookie,
    flags: flagsOf(wish),
  });
  let stopMs = usualStopMs;
  let longerAt = patientPasses;
  const watched = watchWhile(
    work,
    { openAnother: () => others.open(), closeAnother: (another) => others.close(another), signal, log },
    async (another) => {
      const { params: stats } = await another.call('domainGetJobStats', { dom, flags: 0 });
      const job = typedParameterMap(stats);
      if (job.get('operation') !== VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT) {
        return;
      }
      if (signal.aborted) {
        await another.call('domainAbortJob', { dom });
      }
      const fraction = jobFraction(stats);
      if (fraction !== undefined) {
        onProgress({ fraction, cancellable: !signal.aborted });
      }
      // It writes faster than the line: it may stand still for longer, step by step.
      if (Number(job.get('memory_iteration') ?? 0) >= longerAt && stopMs < mostStopMs) {
        stopMs = Math.min(mostStopMs, stopMs * 2);
        longerAt++;
        await another.call('domainMigrateSetMaxDowntime', { dom, downtime: stopMs, flags: 0 });
      }
    },
  );
  return copyOf((await watched).cookieOut);
}

async function finish(
  connection: Connection,
  { name }: MigratedVm,
  cookieIn: Uint8Array,
  wish: MigrationWish,
): Promise<Uint8Array> {
  const asked = { params: text('destination_name', name), cookieIn, flags: flagsOf(wish), cancelled: 0 };
  return copyOf((await connection.call('domainMigrateFinish3Params', asked)).cookieOut);
}

async function confirm(
  connection: Connection,
  vm: MigratedVm,
  ended: Uint8Array | undefined,
  wish: MigrationWish,
): Promise<void> {
  const cookieIn = ended ?? noCookie;
  const cancelled = ended === undefined ? 1 : 0;
  const asked = { dom: domainOf(vm), params: [], cookieIn, flags: flagsOf(wish), cancelled };
  await connection.call('domainMigrateConfirm3Params', asked);
}

async function giveUp(connection: Connection, { name }: MigratedVm, wish: MigrationWish): Promise<void> {
  const params = text('destination_name', name);
  const asked = { params, cookieIn: noCookie, flags: flagsOf(wish), cancelled: 1 };
  // "migration successfully aborted" comes as an error.
  await undefinedOnCode(errorCodes.VIR_ERR_MIGRATE_FINISH_OK, connection.call('domainMigrateFinish3Params', asked));
}

async function stateOf(connection: Connection, uuid: string): Promise<MigratedState> {
  const found = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, connection.call('domainLookupByUuid', { uuid }));
  if (found === undefined) {
    return 'absent';
  }
  const { state, reason } = await connection.call('domainGetState', { dom: found.dom, flags: 0 });
  if (state === VIR_DOMAIN_SHUTOFF) {
    return endsOfGuests.includes(reason) ? 'ended' : 'off';
  }
  if (state !== VIR_DOMAIN_PAUSED) {
    return 'on';
  }
  return reason === VIR_DOMAIN_PAUSED_MIGRATION ? 'torn' : 'paused';
}

async function goOn(connection: Connection, vm: MigratedVm): Promise<void> {
  await requireState(connection, vm, 'torn');
  await connection.call('domainResume', { dom: domainOf(vm) });
}

async function end(connection: Connection, vm: MigratedVm, state: MigratedState): Promise<void> {
  await requireState(connection, vm, state);
  await connection.call('domainDestroyFlags', { dom: domainOf(vm), flags: 0 });
}

async function requireState(connection: Connection, { uuid, name }: MigratedVm, state: MigratedState): Promise<void> {
  if ((await stateOf(connection, uuid)) !== state) {
    throw new Failure('failed', { vm: name, doing: 'end what a move has left', unseen: true });
  }
}

async function arrivalOf(connection: Connection, uuid: string): ReturnType<MigrationHost['arrivalOf']> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  const flags = VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED;
  const job = typedParameterMap((await connection.call('domainGetJobStats', { dom, flags })).params);
  if (job.get('operation') !== VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN) {
    return undefined;
  }
  const stopped = job.get('downtime');
  return stopped === undefined ? {} : { stopMs: Number(stopped) };
}

function disksOf({ copied = [] }: MigrationWish): readonly TypedParameter[] {
  return copied.flatMap((target) => text('migrate_disks', target));
}

/** Of RAM and disks alike. */
function speedOf(value: number | undefined): readonly TypedParameter[] {
  return value === undefined ? [] : [{ field: 'bandwidth', value: { type: 'ullong', value } }];
}

function domainOf({ name, uuid }: MigratedVm): Domain {
  return { name, uuid, id: -1 };
}

/** What was read is a view of a buffer that is used again. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

function text(field: string, value: string | undefined): readonly TypedParameter[] {
  return value === undefined ? [] : [{ field, value: { type: 'string', value } }];
}
