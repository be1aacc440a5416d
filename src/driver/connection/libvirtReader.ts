// Everything that is read of VMs and snapshots, on one connection. Changes nothing; keeps no XML but to know it again.
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING,
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_DOMAIN_STATS_BLOCK,
  VIR_DOMAIN_XML_INACTIVE,
} from '../../libvirt/flags.js';
import { errorCodes, LibvirtError, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { type Capabilities, versionOf } from '../../domain/capabilities.js';
import type { VmStatistics } from '../../domain/diskStatistics.js';
import type { Hardware } from '../../domain/hardware.js';
import type { StartNeeds } from '../../domain/startNeeds.js';
import type { SavedRam, Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { isPausedToBeSaved, type Vm, type VmDisk } from '../../domain/vm.js';
import { parseLayers } from './diskStatistics.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { readHardware } from '../xml/hardwareXml.js';
import type { Configuration, NamedByVm, VmHead } from '../hypervisor.js';
import { untilNoJob } from '../run/jobEnd.js';
import { type Power, powerOf } from '../powerState.js';
import { readSavedDisks } from '../savedDisks.js';
import { toFailure } from '../toFailure.js';
import { parseSavedRam } from '../xml/retarget.js';
import { SavingJobs } from '../run/savingJob.js';
import { parseFrozenDisks } from '../xml/snapshotXml.js';
import { readCurrent, readSnapshots, readTree } from './readSnapshots.js';
import { withVolumePaths } from '../files/volumePaths.js';
import { parseStartNeeds } from '../xml/startNeedsXml.js';

export class LibvirtReader {
  readonly #connection: Connection;
  readonly #capabilities: Capabilities;
  readonly #savingJobs: SavingJobs;
  readonly #tpms: string | undefined;
  /** The daemon finds a VM by its UUID, and uses the name that is sent for its own messages. */
  readonly #names = new Map<string, string>();
  /** What was made of the configuration of each VM that was read for its files: the same text says the same again. */
  readonly #named = new Map<string, { readonly xml: string; readonly named: XmlReferences }>();

  /** @param tpms the folder with those of the VMs' TPMs, where it is known */
  constructor(connection: Connection, capabilities: Capabilities, tpms?: string) {
    this.#connection = connection;
    this.#capabilities = capabilities;
    this.#savingJobs = new SavingJobs(connection);
    this.#tpms = tpms;
  }

  async listVms(): Promise<readonly VmHead[]> {
    const { domains } = await this.#connection.call('connectListAllDomains', { needResults: 1, flags: 0 });
    this.#names.clear();
    for (const { uuid, name } of domains) {
      this.#names.set(uuid, name);
    }
    for (const uuid of this.#named.keys()) {
      if (!this.#names.has(uuid)) {
        this.#named.delete(uuid);
      }
    }
    return domains.map(({ uuid, name, id }) => ({ uuid, name, active: id !== -1 }));
  }

  async readVm(uuid: string): Promise<Vm> {
    const dom = await this.#dom(uuid);
    const [{ state, reason }, { xml }, { persistent }, { result: managedSave }] = await Promise.all([
      this.#connection.call('domainGetState', { dom, flags: 0 }),
      this.#connection.call('domainGetXmlDesc', { dom, flags: 0 }),
      this.#connection.call('domainIsPersistent', { dom }),
      this.#connection.call('domainHasManagedSaveImage', { dom, flags: 0 }),
    ]);
    const configuration = parseDomainXml(xml, this.#tpms);
    const power = powerOf(state, reason);
    const savedDisks = managedSave === 0 ? undefined : await readSavedDisks(this.#connection, dom);
    return {
      ...configuration,
      disks: await withVolumePaths(this.#connection, configuration.disks),
      ...power,
      ...((await this.#isSavedNow(dom, power)) ? { savedNow: true } : {}),
      persistent: persistent !== 0,
      managedSave: managedSave !== 0,
      ...(savedDisks === undefined ? {} : { savedDisks }),
    };
  }

  async #isSavedNow(dom: Domain, power: Power): Promise<boolean> {
    if (isPausedToBeSaved(power)) {
      return this.#savingJobs.goesOn(dom);
    }
    this.#savingJobs.forget(dom);
    return false;
  }

  async readReferences(uuid: string): Promise<NamedByVm> {
    const dom = await this.#dom(uuid);
    const [xml, snapshots, { result: managedSave }] = await Promise.all([
      this.readVmXml(uuid),
      this.#readSnapshotNames(uuid),
      this.#connection.call('domainHasManagedSaveImage', { dom, flags: 0 }),
    ]);
    const before = this.#named.get(uuid);
    const named = before?.xml === xml ? before.named : referencesIn(xml);
    this.#named.set(uuid, { xml, named });
    const savedDisks = managedSave === 0 ? undefined : await readSavedDisks(this.#connection, dom);
    return {
      ...named,
      disks: await withVolumePaths(this.#connection, named.disks),
      ...(isOfRunning(xml) ? { configured: (await this.readConfigured(uuid)).disks } : {}),
      ...(savedDisks === undefined ? {} : { savedDisks }),
      snapshots,
    };
  }

  async countSnapshots(uuid: string): Promise<number> {
    const { num } = await this.#connection.call('domainSnapshotNum', { dom: await this.#dom(uuid), flags: 0 });
    return num;
  }

  async #readSnapshotNames(uuid: string): Promise<readonly string[]> {
    const dom = await this.#dom(uuid);
    const { snapshots } = await this.#connection.call('domainListAllSnapshots', { dom, needResults: 1, flags: 0 });
    return snapshots.map(({ name }) => name);
  }

  async readSnapshotMark(uuid: string): Promise<{ readonly count: number; readonly current?: string }> {
    const dom = await this.#dom(uuid);
    const [count, current] = await Promise.all([this.countSnapshots(uuid), readCurrent(this.#connection, dom)]);
    return current === undefined ? { count } : { count, current };
  }

  async readSnapshots(uuid: string, names: readonly string[]): Promise<readonly Snapshot[]> {
    return readSnapshots(this.#connection, await this.#dom(uuid), names);
  }

  async readTree(uuid: string, likely: readonly string[] = []): Promise<SnapshotTree> {
    return readTree(this.#connection, this.#capabilities, await this.#dom(uuid), likely);
  }

  async readFrozen(uuid: string, snapshot: string): Promise<Configuration> {
    const xml = await this.readSnapshotXml(uuid, snapshot);
    return this.#configuration(xml, parseFrozenDisks(xml));
  }

  async readConfigured(uuid: string): Promise<Configuration> {
    const dom = await this.#dom(uuid);
    const { xml } = await this.#connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    return this.#configuration(xml, parseDomainXml(xml).disks);
  }

  /** Hardware as configured, for that is told in the same way of a VM that runs and of one that is off. */
  async #configuration(xml: string, disks: readonly VmDisk[]): Promise<Configuration> {
    const hardware = (): Hardware => {
      try {
        return readHardware(xml);
      } catch (error) {
        throw toFailure(error);
      }
    };
    const needs = (): Promise<StartNeeds> => readStartNeeds(this.#connection, xml);
    return { disks: await withVolumePaths(this.#connection, disks), hardware, needs };
  }

  /** libvirt reads no more of the file than its head, and says of one that is not whole that the operation failed. */
  async readSavedRam(file: string): Promise<SavedRam | undefined> {
    try {
      const { xml } = await this.#connection.call('domainSaveImageGetXmlDesc', { file, flags: 0 });
      return parseSavedRam(xml);
    } catch (error) {
      if (error instanceof LibvirtError) {
        const isOfQemu = error.code === errorCodes.VIR_ERR_SYSTEM_ERROR && error.message.includes('QEMU');
        return error.code === errorCodes.VIR_ERR_OPERATION_FAILED ? 'broken' : isOfQemu ? 'noQemu' : undefined;
      }
      throw error;
    }
  }

  /** @param on a connection to the same daemon */
  async readDiskStatistics(
    uuids: readonly string[] = [],
    on = this.#connection,
  ): Promise<ReadonlyMap<string, VmStatistics>> {
    const { retStats } = await on.call('connectGetAllDomainStats', {
      doms: await Promise.all(uuids.map((uuid) => this.#dom(uuid))),
      stats: VIR_DOMAIN_STATS_BLOCK,
      flags: VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING + VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
    });
    return new Map(
      retStats.map(({ dom: { uuid, name, id }, params }) => {
        const active = id !== -1;
        return [uuid, { name, active, layers: parseLayers(params, active) }];
      }),
    );
  }

  /** A daemon or a driver that knows no checkpoints has none. */
  async readCheckpoints(uuid: string): Promise<readonly string[]> {
    // The call came with 5.6.
    if (this.#capabilities.driver !== 'qemu' || this.#capabilities.libvirt < versionOf(5, 6)) {
      return [];
    }
    const dom = await this.#dom(uuid);
    const call = this.#connection.call('domainListAllCheckpoints', { dom, needResults: 1, flags: 0 });
    return (await undefinedOnCode(errorCodes.VIR_ERR_NO_SUPPORT, call))?.checkpoints.map(({ name }) => name) ?? [];
  }

  async untilNoJob(uuid: string): Promise<void> {
    const dom = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, this.#dom(uuid));
    if (this.#capabilities.driver === 'qemu' && dom !== undefined) {
      await untilNoJob(this.#connection, dom);
    }
  }

  async readVmXml(uuid: string): Promise<string> {
    return (await this.#connection.call('domainGetXmlDesc', { dom: await this.#dom(uuid), flags: 0 })).xml;
  }

  async readSnapshotXml(uuid: string, snapshot: string): Promise<string> {
    const snap = { name: snapshot, dom: await this.#dom(uuid) };
    const { xml } = await this.#connection.call('domainSnapshotGetXmlDesc', { snap, flags: 0 });
    return Buffer.from(xml).toString('utf8');
  }

  async #dom(uuid: string): Promise<Domain> {
    const name = this.#names.get(uuid);
    if (name !== undefined) {
      return { name, uuid, id: -1 };
    }
    const { dom } = await this.#connection.call('domainLookupByUuid', { uuid });
    this.#names.set(uuid, dom.name);
    return dom;
  }
}

type XmlReferences = Omit<NamedByVm, 'snapshots'>;

function referencesIn(xml: string): XmlReferences {
  const { name, disks, nvram, mentions } = parseDomainXml(xml);
  return { name, disks, ...(nvram === undefined ? {} : { nvram }), ...(mentions === undefined ? {} : { mentions }) };
}

/** libvirt gives a VM a number as long as it runs. */
function isOfRunning(xml: string): boolean {
  return /^\s*<domain\s[^>]*\sid=/u.test(xml);
}

// Whether libvirt has the QEMU and the machine type that a configuration names: it looks itself only when it starts the
// VM, which is off by then.

/** What it answers of a program that is not there, and of a machine type that it has not; not where the look failed. */
const unfitCodes: ReadonlySet<number> = new Set([errorCodes.VIR_ERR_INVALID_ARG, errorCodes.VIR_ERR_SYSTEM_ERROR]);

/** @throws Failure */
async function readStartNeeds(connection: Connection, xml: string): Promise<StartNeeds> {
  try {
    const { files, emulator, arch, machine } = parseStartNeeds(xml);
    const unfit = emulator === undefined ? undefined : await unfitness(connection, { emulator, arch, machine });
    return { files, ...(unfit !== undefined && { unfit }) };
  } catch (error) {
    throw toFailure(error);
  }
}

async function unfitness(
  connection: Connection,
  {
    emulator,
    arch,
    machine,
  }: { readonly emulator: string; readonly arch?: string | undefined; readonly machine?: string | undefined },
): Promise<StartNeeds['unfit']> {
  try {
    const asked = { emulatorbin: emulator, arch, machine, virttype: undefined, flags: 0 };
    await connection.call('connectGetDomainCapabilities', asked);
    return undefined;
  } catch (error) {
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
    // Who may not ask, or an older libvirt, is told when the VM starts.
    return unfitCodes.has(error.code) ? { emulator, said: error.message } : undefined;
  }
}
