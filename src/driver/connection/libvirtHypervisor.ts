// The port, over libvirt: one connection that stays for reading and events, another for each step.
import type { HostLogin } from '../../hosts/hostLogin.js';
import { type Event, Emitter } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { DemoVmObstacle } from '../../domain/demoVm.js';
import type { VmStatistics } from '../../domain/diskStatistics.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { ImageContents } from '../../domain/imageContents.js';
import type { VmKeepers } from '../../domain/keeper.js';
import type { Seamless } from '../../domain/seamless.js';
import type { Snapshot, SnapshotTree, SavedRam } from '../../domain/snapshot.js';
import type { Vm } from '../../domain/vm.js';
import type { MetadataFolders } from '../../domain/vmFiles.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Step } from '../../steps/step.js';
import { type DirectAccess, directAccess, isNearby, openFiles } from '../files/openFiles.js';
import type { GuestAccess } from '../guestAccess.js';
import type { listen } from '../guestEvents.js';
import type {
  Configuration,
  Hypervisor,
  VmEvent,
  VmHead,
  NamedByVm,
  RunOptions,
  StepOutcome,
  VmCopies,
} from '../hypervisor.js';
import type { AgentState } from '../run/guestAgent.js';
import type { SeamlessAccess } from '../run/stepContext.js';
import { toFailure } from '../toFailure.js';
import { AskedQemus } from './askedQemus.js';
import { demoVmRefusal, makeDemoVm } from './demoVms.js';
import { forkAccess } from './forkAccess.js';
import { seamlessAccess } from './handOver.js';
import { labVmsOn } from './labVms.js';
import { libvirtGuests } from './libvirtGuests.js';
import { LibvirtReader } from './libvirtReader.js';
import { metadataFolders } from './metadataFolders.js';
import { OtherConnections } from './otherConnections.js';

type GuestEvents = Awaited<ReturnType<typeof listen>>;

interface HypervisorParts extends GuestEvents {
  readonly connection: Connection;
  readonly capabilities: Capabilities;
  readonly environment: NodeJS.ProcessEnv;
  readonly uri: string;
  readonly log: Log;
  readonly open: () => Promise<Connection>;
  readonly openShell?: HostLogin['openShell'];
  readonly sshHost?: HostLogin['sshHost'];
  readonly patience: number;
  readonly mayEndPools: () => boolean;
  readonly tpms: string | undefined;
}

export class LibvirtHypervisor implements Hypervisor {
  readonly uri: string;
  readonly capabilities: Capabilities;
  readonly files: HostFiles;
  readonly nearbyFiles?: HostFiles;
  readonly nearbyContents?: ImageContents;
  readonly keepers?: VmKeepers;
  readonly metadataFolders?: MetadataFolders;
  readonly onDidChangeVm: Event<VmEvent>;
  readonly onDidClose: Event<Failure>;
  readonly onDidChangeSilence: Event<boolean>;
  readonly guests: GuestAccess;
  readonly #parts: HypervisorParts;
  readonly #login: HostLogin | undefined;
  readonly #reader: LibvirtReader;
  readonly #closed = new Emitter<Failure>();
  readonly #others: OtherConnections;
  readonly #qemus: AskedQemus;
  readonly #direct: DirectAccess | undefined;
  /** Absent where QEMU runs on another computer to which no login leads. */
  readonly #seamless: SeamlessAccess | undefined;
  readonly #tpms: string | undefined;
  #closedByUs = false;

  constructor(parts: HypervisorParts) {
    this.#parts = parts;
    this.#others = new OtherConnections(parts.open);
    const folders = metadataFolders(parts.uri, parts.environment);
    this.#tpms = parts.tpms ?? folders?.tpms;
    this.#reader = new LibvirtReader(parts.connection, parts.capabilities, this.#tpms);
    this.#qemus = new AskedQemus({ ...parts, others: this.#others, reader: this.#reader });
    this.uri = parts.uri;
    this.capabilities = parts.capabilities;
    const of = {
      ...parts,
      open: () => this.#others.open(),
      close: (connection: Connection) => this.#others.close(connection),
    };
    this.#direct = directAccess(of);
    this.files = openFiles(of, this.#direct);
    if (this.#direct !== undefined) {
      this.nearbyFiles = this.#direct.files;
      this.nearbyContents = this.#direct.contents;
    }
    const { openShell, sshHost } = parts;
    if (openShell !== undefined && !isNearby(parts)) {
      this.#login = { openShell, hostname: parts.capabilities.hostname, ...(sshHost !== undefined && { sshHost }) };
    }
    const direct = this.#direct;
    if (direct !== undefined && parts.capabilities.driver === 'qemu') {
      this.keepers = keepersWhenAsked(async () => {
        const { clusterKeepers } = await import('../cluster/clusterKeepers.js');
        return clusterKeepers({ login: this.#login, files: direct.files, log: parts.log });
      });
    }
    this.#seamless = isNearby(parts)
      ? seamlessAccess(parts.uri, parts.environment)
      : this.#login && direct && loadedFarSeamless(this.#login, parts.uri);
    this.guests = libvirtGuests(this.#others, {
      uri: this.uri,
      control: parts.connection,
      onThisHost: isNearby(parts),
      log: parts.log,
      login: this.#login,
      direct: this.#direct,
    });
    if (folders !== undefined) {
      this.metadataFolders = folders;
    }
    this.onDidChangeVm = parts.onDidChangeVm;
    this.onDidClose = this.#closed.event;
    this.onDidChangeSilence = parts.connection.onDidChangeSilence;
    parts.connection.onDidClose((error) => {
      if (!this.#closedByUs) {
        this.#closed.fire(toFailure(error, { connection: this.uri }));
      }
    });
  }

  /** As it was opened: the door knows more. */
  isClosed(): Promise<boolean> {
    return Promise.resolve(this.capabilities.readOnly);
  }

  get callCount(): number {
    return this.#parts.connection.callCount + this.#others.callCount;
  }

  listVms(): Promise<readonly VmHead[]> {
    return this.#guard({ doing: 'listing the VMs' }, this.#reader.listVms());
  }

  readVm(uuid: string): Promise<Vm> {
    return this.#guard({ doing: 'reading a VM', vm: uuid }, this.#reader.readVm(uuid));
  }

  readReferences(uuid: string): Promise<NamedByVm> {
    return this.#guard({ doing: 'reading the files of a VM', vm: uuid }, this.#reader.readReferences(uuid));
  }

  countSnapshots(uuid: string): Promise<number> {
    return this.#guard({ doing: 'counting snapshots', vm: uuid }, this.#reader.countSnapshots(uuid));
  }

  readSnapshotMark(uuid: string): Promise<{ readonly count: number; readonly current?: string }> {
    return this.#guard({ doing: 'counting snapshots', vm: uuid }, this.#reader.readSnapshotMark(uuid));
  }

  readSnapshots(uuid: string, names: readonly string[]): Promise<readonly Snapshot[]> {
    return this.#guard({ doing: 'reading snapshots', vm: uuid }, this.#reader.readSnapshots(uuid, names));
  }

  readTree(uuid: string, likely?: readonly string[]): Promise<SnapshotTree> {
    return this.#guard({ doing: 'reading snapshots', vm: uuid }, this.#reader.readTree(uuid, likely));
  }

  readFrozen(uuid: string, snapshot: string): Promise<Configuration> {
    const details = { doing: 'reading the configuration of a snapshot', vm: uuid, snapshot };
    return this.#guard(details, this.#reader.readFrozen(uuid, snapshot));
  }

  readConfigured(uuid: string): Promise<Configuration> {
    return this.#guard({ doing: 'reading the configuration', vm: uuid }, this.#reader.readConfigured(uuid));
  }

  async readSavedRam(file: string): Promise<SavedRam | undefined> {
    // libvirt would wait for a pipe.
    if ((await this.#direct?.files.isNoFile?.(file)) === true) {
      return 'broken';
    }
    return this.#guard({ doing: 'looking into a file with RAM', path: file }, this.#reader.readSavedRam(file));
  }

  readDiskStatistics(uuids?: readonly string[]): Promise<ReadonlyMap<string, VmStatistics>> {
    return this.#guard({ doing: "reading the disks' statistics" }, this.#qemus.readDiskStatistics(uuids));
  }

  readBlockJobs(vm: Vm): Promise<readonly string[]> {
    return this.#guard({ doing: 'looking for block jobs', vm: vm.name }, this.#qemus.blockJobs(vm));
  }

  readCheckpoints(uuid: string): Promise<readonly string[]> {
    return this.#guard({ doing: 'looking for checkpoints', vm: uuid }, this.#reader.readCheckpoints(uuid));
  }

  untilNoJob(uuid: string): Promise<void> {
    return this.#guard({ doing: 'waiting for what libvirt does to a VM', vm: uuid }, this.#reader.untilNoJob(uuid));
  }

  probeAgent(vm: Vm): Promise<AgentState> {
    return this.#guard({ doing: 'looking for the guest agent', vm: vm.name }, this.#qemus.agent(vm));
  }

  probeSeamless(vm: Vm, how: 'look' | 'try'): Promise<Seamless> {
    const probed = this.#qemus.seamless(vm, how, this.#seamless);
    return this.#guard({ doing: 'looking whether the RAM can be kept while the guest runs', vm: vm.name }, probed);
  }

  dropLeftGuards(passOver: ReadonlySet<string>): Promise<readonly string[]> {
    const dropped = this.#qemus.dropLeftGuards(passOver);
    return this.#guard({ doing: 'looking for what snapshots have left in QEMU' }, dropped);
  }

  async readStream(vm: Vm): Promise<'none' | 'left'> {
    const details = { doing: 'looking for what a snapshot has left in QEMU', vm: vm.name };
    return (await this.#guard(details, this.#qemus.isStreamLeft(vm))) ? 'left' : 'none';
  }

  readRamBlockers(vm: Vm): Promise<readonly string[]> {
    return this.#guard({ doing: 'asking QEMU whether it can save the RAM', vm: vm.name }, this.#qemus.ramBlockers(vm));
  }

  readVmXml(uuid: string): Promise<string> {
    return this.#guard({ doing: "reading a VM's XML", vm: uuid }, this.#reader.readVmXml(uuid));
  }

  readSnapshotXml(uuid: string, snapshot: string): Promise<string> {
    const details = { doing: "reading a snapshot's XML", vm: uuid, snapshot };
    return this.#guard(details, this.#reader.readSnapshotXml(uuid, snapshot));
  }

  async run(vm: Vm, step: Step, options: RunOptions): Promise<StepOutcome> {
    const details = { doing: step.kind, vm: vm.name, ...('snapshot' in step ? { snapshot: step.snapshot } : {}) };
    if (options.signal.aborted) {
      throw new Failure('cancelled', details);
    }
    const outcome = await this.#guard(details, this.#runAlone(vm, step, options));
    this.#qemus.noteSeamless(outcome);
    return outcome;
  }

  /** What carries out steps is loaded with the first one: to show VMs takes none of it. */
  async #runAlone(vm: Vm, step: Step, options: RunOptions): Promise<StepOutcome> {
    const { runStep } = await import('../run/runStep.js');
    const { capabilities, onDidHappen, log, patience } = this.#parts;
    const onThisHost = isNearby({ uri: this.uri, capabilities });
    const dom: Domain = { name: vm.name, uuid: vm.uuid, id: -1 };
    return this.#others.use((connection) =>
      runStep(
        {
          ...options,
          connection,
          openAnother: () => this.#others.open(),
          closeAnother: (another) => this.#others.close(another),
          useAnother: (act) => this.#others.use(act),
          vm,
          dom,
          files: this.files,
          capabilities,
          onThisHost,
          ...(this.#seamless === undefined ? {} : { seamless: this.#seamless }),
          ...(this.#direct === undefined ? {} : { forks: forkAccess(this.#direct.ram, log) }),
          events: { onDidHappen, onDidClose: this.onDidClose },
          log,
          guestPatienceMs: patience,
        },
        step,
      ),
    );
  }

  /** Whatever goes wrong leaves this room as a Failure that says what was being done. */
  async #guard<T>(details: FailureDetails, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { appArmor = true } = this.capabilities;
      throw toFailure(error, { connection: this.uri, ...(!appArmor && { appArmor }), ...details });
    }
  }

  demoVmObstacle(guest: string): Promise<DemoVmObstacle | undefined> {
    return this.#guard({ doing: 'look whether the lesson can be given' }, demoVmRefusal(this.#parts, guest));
  }

  readonly makeDemoVm: Hypervisor['makeDemoVm'] = (vm, ...of) =>
    this.#guard({ doing: 'make the VM of the lesson', vm: vm.name }, makeDemoVm(this.#parts, vm, ...of));

  get labVms(): ReturnType<typeof labVmsOn> {
    return labVmsOn({ ...this.#parts, login: this.#login });
  }

  async vmCopies(): Promise<VmCopies> {
    const { vmCopiesOn } = await import('./vmCopies.js');
    return vmCopiesOn({ ...this.#parts, files: this.files, tpms: this.#tpms, others: this.#others });
  }

  openHost(): Promise<HostLogin | undefined> {
    return Promise.resolve(this.#login);
  }

  close(): void {
    this.#closedByUs = true;
    this.#others.dispose();
    this.#direct?.dispose();
    this.#parts.connection.close();
  }
}

/** Most hosts have no cluster, and most who ask change nothing. */
function keepersWhenAsked(load: () => Promise<VmKeepers>): VmKeepers {
  let loaded: Promise<VmKeepers> | undefined;
  const keepers = (): Promise<VmKeepers> => (loaded ??= load());
  return { of: async (vm) => (await keepers()).of(vm), hold: async (vm) => (await keepers()).hold(vm) };
}

/** Most connections never need it. */
function loadedFarSeamless(login: HostLogin, uri: string): SeamlessAccess {
  const load = async (): Promise<SeamlessAccess> => (await import('./farSeamless.js')).farSeamless(login, uri);
  return {
    begin: async (...of) => (await load()).begin(...of),
    obstacle: async (...of) => (await load()).obstacle(...of),
    mayGuard: async (...of) => (await load()).mayGuard(...of),
  };
}
