// A hypervisor made by hand, for what a real one cannot be made to do on time: hang, die in a call, stand still.
import type {
  Configuration,
  Hypervisor,
  NamedByVm,
  RunOptions,
  StepOutcome,
  VmEvent,
  VmHead,
  LabVmMaker,
  VmCopies,
} from '../../../src/driver/hypervisor.js';
import { Emitter } from '../../../src/base/emitter.js';
import type { Capabilities } from '../../../src/domain/capabilities.js';
import type { DemoVm, DemoVmObstacle } from '../../../src/domain/demoVm.js';
import type { LayerStatistics, VmStatistics } from '../../../src/domain/diskStatistics.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Step } from '../../../src/steps/step.js';
import type { Seamless } from '../../../src/domain/seamless.js';
import type { SavedRam, Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { isActive, type Vm } from '../../../src/domain/vm.js';
import { FakeGuests } from './fakeGuests.js';
import { FakeHostFiles } from './fakeHostFiles.js';

export interface FakeVm {
  vm: Vm;
  snapshots: Snapshot[];
  current?: string;
  layers?: readonly LayerStatistics[];
}

function topsOf({ disks }: Vm): readonly LayerStatistics[] {
  return disks.map(({ target, source }) => ({
    target,
    ...(source === undefined ? {} : { file: source }),
    allocatedBytes: 1000,
    virtualBytes: 10_000,
  }));
}

export class FakeHypervisor implements Hypervisor {
  readonly capabilities: Capabilities = {
    driver: 'qemu',
    libvirt: 9_000_000,
    hypervisor: 7_002_000,
    hostname: 'here',
    readOnly: false,
    externalRevert: false,
    externalDelete: true,
  };
  readonly events = new Emitter<VmEvent>();
  readonly onDidChangeVm = this.events.event;
  readonly #closed = new Emitter<Failure>();
  readonly onDidClose = this.#closed.event;
  readonly #silence = new Emitter<boolean>();
  readonly onDidChangeSilence = this.#silence.event;
  /** Each call as `method name`, in order. */
  readonly calls: string[] = [];
  readonly #hanging = new Map<string, { readonly promise: Promise<void>; readonly release: () => void }>();
  readonly #broken = new Map<string, Failure>();
  readonly #died = new AbortController();
  closed = false;
  readonly guests = new FakeGuests();
  readonly files = new FakeHostFiles();
  /** What a step does beside making, or taking away, the snapshot that it names. */
  onRun: (vm: Vm, step: Step, options: RunOptions) => Promise<StepOutcome> = () => Promise.resolve({});

  constructor(
    readonly uri: string,
    readonly vms: Map<string, FakeVm>,
  ) {}

  isClosed(): Promise<boolean> {
    return Promise.resolve(this.capabilities.readOnly);
  }

  openHost(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  get callCount(): number {
    return this.calls.length;
  }

  /** Calls recorded as `call` give no answer until the returned function is called. */
  hang(call: string): () => void {
    let release = (): void => undefined;
    const promise = new Promise<void>((resolve) => (release = resolve));
    this.#hanging.set(call, { promise, release });
    return () => {
      this.#hanging.delete(call);
      release();
    };
  }

  break(call: string, failure: Failure): void {
    this.#broken.set(call, failure);
  }

  repairSteps(call: string): void {
    this.#broken.delete(call);
  }

  fallSilent(isSilent: boolean): void {
    this.#silence.fire(isSilent);
  }

  /** The connection ends; calls under way reject. */
  die(): void {
    this.#died.abort();
    this.#closed.fire(new Failure('lost'));
  }

  listVms(): Promise<readonly VmHead[]> {
    return this.#answer('listVms', undefined, () =>
      [...this.vms.values()].map(({ vm }) => ({ uuid: vm.uuid, name: vm.name, active: isActive(vm.power) })),
    );
  }

  readVm(uuid: string): Promise<Vm> {
    return this.#answer('readVm', uuid, ({ vm }) => structuredClone(vm));
  }

  readReferences(uuid: string): Promise<NamedByVm> {
    return this.#answer('readNamed', uuid, ({ vm: { name, disks, nvram }, snapshots }) => ({
      ...structuredClone({ name, disks, ...(nvram === undefined ? {} : { nvram }) }),
      snapshots: snapshots.map((snapshot) => snapshot.name),
    }));
  }

  countSnapshots(uuid: string): Promise<number> {
    return this.#answer('countSnapshots', uuid, ({ snapshots }) => snapshots.length);
  }

  readSnapshotMark(uuid: string): Promise<{ readonly count: number; readonly current?: string }> {
    return this.#answer('readSnapshotMark', uuid, ({ snapshots, current }) => ({
      count: snapshots.length,
      ...(current === undefined ? {} : { current }),
    }));
  }

  readSnapshots(uuid: string, names: readonly string[]): Promise<readonly Snapshot[]> {
    return this.#answer(`readSnapshots(${String(names.length)})`, uuid, ({ snapshots }) =>
      structuredClone(snapshots.filter(({ name }) => names.includes(name))),
    );
  }

  readTree(uuid: string): Promise<SnapshotTree> {
    return this.#answer('readTree', uuid, ({ snapshots, current }) => ({
      snapshots: structuredClone(snapshots),
      ...(current === undefined ? {} : { current }),
    }));
  }

  readFrozen(uuid: string, snapshot: string): Promise<Configuration> {
    return this.#answer(`readFrozen(${snapshot})`, uuid, ({ vm }) => configurationOf(vm));
  }

  readConfigured(uuid: string): Promise<Configuration> {
    return this.#answer('readConfigured', uuid, ({ vm }) => configurationOf(vm));
  }

  readSavedRam(file: string): Promise<SavedRam | undefined> {
    return this.#answer(`readSavedRam(${file})`, undefined, () => undefined);
  }

  untilNoJob(): Promise<void> {
    return this.#answer('untilNoJob', undefined, () => undefined);
  }

  /** The top layer of each VM's disks, of 1,000 bytes, unless `layers` says more. */
  readDiskStatistics(uuids: readonly string[] = []): Promise<ReadonlyMap<string, VmStatistics>> {
    const asked = [...this.vms.values()].filter(({ vm }) => uuids.length === 0 || uuids.includes(vm.uuid));
    return this.#answer(
      `readDiskStatistics(${String(uuids.length)})`,
      undefined,
      () =>
        new Map(
          asked.map(({ vm, layers = topsOf(vm) }) => [
            vm.uuid,
            { name: vm.name, active: isActive(vm.power), layers: structuredClone(layers) },
          ]),
        ),
    );
  }

  readBlockJobs(vm: Vm): Promise<readonly string[]> {
    return this.#answer('readBlockJobs', vm.uuid, () => []);
  }

  readCheckpoints(uuid: string): Promise<readonly string[]> {
    return this.#answer('readCheckpoints', uuid, () => []);
  }

  probeAgent(vm: Vm): Promise<'answers' | 'silent' | 'frozen'> {
    return this.#answer('probeAgent', vm.uuid, () => 'silent');
  }

  /** The VMs that were left alone, each time that it was asked for. */
  readonly guardsDropped: (readonly string[])[] = [];

  dropLeftGuards(but: ReadonlySet<string>): Promise<readonly string[]> {
    this.guardsDropped.push([...but]);
    return Promise.resolve([]);
  }

  readStream({ uuid }: Vm): Promise<'none' | 'left'> {
    return this.#answer('readStream', uuid, () => 'none');
  }

  readRamBlockers({ uuid }: Vm): Promise<readonly string[]> {
    return this.#answer('readRamBlockers', uuid, () => []);
  }

  probeSeamless({ uuid }: Vm): Promise<Seamless> {
    return this.#answer('probeSeamless', uuid, () => ({ kind: 'no', why: 'tooOld' }));
  }

  readVmXml(uuid: string): Promise<string> {
    return this.#answer('readVmXml', uuid, ({ vm }) => `<domain><name>${vm.name}</name></domain>`);
  }

  readSnapshotXml(uuid: string, snapshot: string): Promise<string> {
    return this.#answer('readSnapshotXml', uuid, () => `<domainsnapshot><name>${snapshot}</name></domainsnapshot>`);
  }

  demoVmObstacle(): Promise<DemoVmObstacle | undefined> {
    return this.#answer('demoVmObstacle', undefined, () => undefined);
  }

  makeDemoVm(vm: DemoVm): Promise<void> {
    return this.#answer(`makeDemoVm ${vm.name}`, undefined, () => undefined);
  }

  readonly labVms: LabVmMaker = {
    obstacle: () => this.#answer('labVms.obstacle', undefined, () => undefined),
    make: ({ name }) => this.#answer(`labVms.make ${name}`, undefined, () => undefined),
    requireOwn: () => Promise.resolve(),
    remove: ({ name }) => this.#answer(`labVms.remove ${name}`, undefined, () => []),
    networkUsers: () => Promise.resolve([]),
    networkState: ({ name }) => this.#answer(`labVms.networkState ${name}`, undefined, () => 'absent' as const),
    makeNetwork: ({ name }) => this.#answer(`labVms.makeNetwork ${name}`, undefined, () => undefined),
    removeNetwork: ({ name }) => this.#answer(`labVms.removeNetwork ${name}`, undefined, () => undefined),
  };

  vmCopies(): Promise<VmCopies> {
    return this.#answer('vmCopies', undefined, () => {
      throw new Error('no backups here');
    });
  }

  async run(vm: Vm, step: Step, options: RunOptions): Promise<StepOutcome> {
    await this.#answer(`run ${step.kind}`, vm.uuid, () => undefined);
    const outcome = await this.onRun(vm, step, options);
    const own = this.vms.get(vm.uuid);
    if (own !== undefined && step.kind === 'createSnapshot' && own.snapshots.every(({ name }) => name !== step.name)) {
      own.snapshots.push(fakeSnapshot(step.name, own.current));
      own.current = step.name;
      own.vm = {
        ...own.vm,
        disks: own.vm.disks.map((disk) => {
          const file = step.disks.find(({ target }) => target === disk.target)?.file;
          return file === undefined ? disk : { ...disk, source: file };
        }),
      };
    }
    if (own !== undefined && step.kind === 'deleteSnapshot') {
      own.snapshots = own.snapshots.filter(({ name }) => name !== step.snapshot);
    }
    return outcome;
  }

  close(): void {
    this.closed = true;
  }

  async #answer<T>(method: string, uuid: string | undefined, answer: (vm: FakeVm) => T): Promise<T> {
    const called = this.vms.get(uuid ?? '');
    const call = called === undefined ? method : `${method} ${called.vm.name}`;
    this.calls.push(call);
    if (this.#died.signal.aborted || this.closed) {
      throw new Failure('lost');
    }
    await Promise.race([this.#hanging.get(call)?.promise, this.#death(call)]);
    const broken = this.#broken.get(call);
    if (broken !== undefined) {
      throw broken;
    }
    const vm = this.vms.get(uuid ?? '');
    if (uuid !== undefined && vm === undefined) {
      throw new Failure('notFound', { vm: uuid });
    }
    return answer(vm ?? fakeVm('none'));
  }

  #death(call: string): Promise<void> {
    if (!this.#hanging.has(call)) {
      return Promise.resolve();
    }
    return new Promise((_, reject) => {
      this.#died.signal.addEventListener('abort', () => reject(new Failure('lost')));
    });
  }
}

export function fakeVm(name: string, snapshots: readonly string[] = []): FakeVm {
  const made = snapshots.map((snapshot, index) => fakeSnapshot(snapshot, snapshots[index - 1]));
  const current = snapshots.at(-1);
  return {
    vm: {
      uuid: uuidOf(name),
      name,
      power: 'running',
      powerReason: 'other',
      persistent: true,
      managedSave: false,
      memoryBytes: 2 ** 27,
      disks: [
        {
          target: 'vda',
          device: 'disk',
          sourceType: 'file',
          format: 'qcow2',
          source: `/images/${name}.qcow2`,
          readonly: false,
          shareable: false,
        },
      ],
      firmware: 'bios',
      agentChannel: false,
      agentConnected: false,
    },
    snapshots: made,
    ...(current === undefined ? {} : { current }),
  };
}

function configurationOf({ disks }: Vm): Configuration {
  return { disks, hardware: () => ({ xml: '<domain/>\n', items: [] }), needs: () => Promise.resolve({ files: [] }) };
}

export function fakeSnapshot(name: string, parent?: string): Snapshot {
  return {
    name,
    title: name,
    description: '',
    trailers: {},
    ...(parent === undefined ? {} : { parent }),
    createdAt: 1_700_000_000_000,
    state: 'running',
    memory: { location: 'internal' },
    disks: [{ target: 'vda', location: 'internal', deleteInProgress: false }],
    kind: 'memory',
    style: 'internal',
  };
}

export function uuidOf(name: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;
}
