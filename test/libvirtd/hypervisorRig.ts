// A hypervisor of ours on a private daemon, and short ways to say what its steps shall do.
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import type { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import type { Hypervisor, RunOptions, StepOutcome } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { element, writeXml, type XmlElement } from '../../src/driver/xml/xmlTree.js';
import { silentLog } from '../silentLog.js';
import { Failure, type FailureKind } from '../../src/domain/failure.js';
import type { Step } from '../../src/steps/step.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { snapshotableDisks, type Vm } from '../../src/domain/vm.js';

export type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;
export type Guest = Awaited<ReturnType<typeof defineTestGuest>>;
export type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

export interface HypervisorRig {
  readonly daemon: Daemon;
  /** Opens another one; all are closed at the end. */
  open(uri?: string, patience?: number): Promise<Hypervisor>;
  virsh(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

export async function startHypervisorRig(
  options: Parameters<typeof startPrivateDaemon>[0] = {},
): Promise<HypervisorRig> {
  const daemon = await startPrivateDaemon(options);
  const opened: Hypervisor[] = [];
  return {
    daemon,
    open: async (uri = daemon.uri, patience = 60_000) => {
      const open = libvirtHypervisor(silentLog, daemon.env, { patience });
      const hypervisor = await open(uri, new AbortController().signal);
      opened.push(hypervisor);
      return hypervisor;
    },
    virsh: async (...args) => {
      const { code, stdout, stderr } = await daemon.virsh(args);
      if (code !== 0) {
        throw new Error(`virsh ${args.join(' ')}: ${stderr.trim()}`);
      }
      return stdout.trimEnd();
    },
    stop: async () => {
      for (const hypervisor of opened) {
        hypervisor.close();
      }
      await daemon.stop();
    },
  };
}

/** One VM, and what is done to it. Each step gets the VM as it is read right before. */
export class Subject {
  constructor(
    readonly hypervisor: Hypervisor,
    readonly uuid: string,
  ) {}

  static async named(hypervisor: Hypervisor, name: string): Promise<Subject> {
    const head = (await hypervisor.listVms()).find((vm) => vm.name === name);
    if (head === undefined) {
      throw new Error(`there is no VM ${name}`);
    }
    return new Subject(hypervisor, head.uuid);
  }

  read(): Promise<Vm> {
    return this.hypervisor.readVm(this.uuid);
  }

  async run(step: Step, options: Partial<RunOptions> = {}): Promise<StepOutcome> {
    return this.#runOn(await this.read(), step, options);
  }

  /** Unless `change` says otherwise: internal, and offline or with memory as the VM is off or not. */
  async create(
    name: string,
    change: Partial<CreateStep> = {},
    options: Partial<RunOptions> = {},
  ): Promise<StepOutcome> {
    return this.createOf(await this.read(), name, change, options);
  }

  /** Without a look at the VM before. */
  createOf(
    vm: Vm,
    name: string,
    change: Partial<CreateStep> = {},
    options: Partial<RunOptions> = {},
  ): Promise<StepOutcome> {
    const kind = change.snapshotKind ?? (vm.power === 'off' ? 'offline' : 'memory');
    return this.#runOn(vm, { ...createStep(vm, name), snapshotKind: kind, ...change }, options);
  }

  #runOn(vm: Vm, step: Step, options: Partial<RunOptions>): Promise<StepOutcome> {
    return this.hypervisor.run(vm, step, {
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...options,
    });
  }

  revert(snapshot: string, to: 'asSnapshot' | 'running' | 'paused' = 'asSnapshot'): Promise<StepOutcome> {
    return this.run({ kind: 'revert', snapshot, to });
  }

  delete(snapshot: string, options: Partial<RunOptions> = {}): Promise<StepOutcome> {
    return this.run({ kind: 'deleteSnapshot', snapshot }, options);
  }

  power(action: Extract<Step, { kind: 'power' }>['action'], options: Partial<RunOptions> = {}): Promise<StepOutcome> {
    return this.run({ kind: 'power', action }, options);
  }

  async snapshot(name: string): Promise<Snapshot> {
    const [found] = await this.hypervisor.readSnapshots(this.uuid, [name]);
    if (found === undefined) {
      throw new Error(`there is no snapshot ${name}`);
    }
    return found;
  }
}

/** A VM without an operating system: it runs, and never does what a guest is asked for. Returns its name. */
export async function defineDeafGuest(
  daemon: Daemon,
  name: string,
  devices: readonly XmlElement[] = [],
): Promise<string> {
  const xml = writeXml(
    element('domain', { type: 'qemu' }, [
      element('name', {}, [name]),
      element('memory', { unit: 'MiB' }, ['32']),
      element('os', {}, [element('type', { arch: 'x86_64', machine: 'pc' }, ['hvm'])]),
      element('features', {}, [element('acpi')]),
      element('devices', {}, [...devices, element('memballoon', { model: 'none' })]),
    ]),
  );
  await withXmlFile(xml, (file) => virshOk(daemon.virsh, 'define', file));
  return name;
}

/** Internal, offline, of all disks that can take part. */
export function createStep(vm: Pick<Vm, 'disks'>, name: string): CreateStep {
  return {
    kind: 'createSnapshot',
    name,
    description: '',
    snapshotKind: 'offline',
    style: 'internal',
    quiesce: false,
    disks: snapshotableDisks(vm).map(({ target }) => ({ target })),
  };
}

/** For assert.rejects: a Failure of this kind. */
export function failure(kind: FailureKind): (error: unknown) => true {
  return (error) => {
    if (!(error instanceof Failure) || error.kind !== kind) {
      const got = error instanceof Failure ? `${error.kind} (${JSON.stringify(error.details)})` : String(error);
      throw new Error(`expected a failure of kind ${kind}, got ${got}`, { cause: error });
    }
    return true;
  };
}
