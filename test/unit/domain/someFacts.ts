// Situations to decide in, written as short as they can be told.
import type { Capabilities } from '../../../src/domain/capabilities.js';
import { versionOf } from '../../../src/domain/capabilities.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { CannotAct, FileFacts, ImageFacts, Observation } from '../../../src/domain/hostFiles.js';
import type { Decision, Plan } from '../../../src/operations/plan.js';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import type { Refusal } from '../../../src/domain/refusal.js';
import {
  kindOf,
  styleOf,
  type Location,
  type Snapshot,
  type SnapshotDisk,
  type SnapshotState,
  type SnapshotTree,
} from '../../../src/domain/snapshot.js';
import type { Before } from '../../../src/domain/origin.js';
import type { Vm, VmDisk } from '../../../src/domain/vm.js';

export const now = 1_800_000_000_000;
export const ref = { connection: 'qemu:///system', uuid: '11111111-2222-3333-4444-555555555555' };

export function disk(target: string, source: string | undefined, more: Partial<VmDisk> = {}): VmDisk {
  return {
    target,
    device: 'disk',
    sourceType: 'file',
    format: 'qcow2',
    readonly: false,
    shareable: false,
    ...(source === undefined ? {} : { source }),
    ...more,
  };
}

export function vm(more: Partial<Vm> = {}): Vm {
  return {
    uuid: ref.uuid,
    name: 'web',
    power: 'running',
    powerReason: 'other',
    persistent: true,
    managedSave: false,
    memoryBytes: 1024 ** 3,
    disks: [disk('vda', '/img/web.qcow2')],
    firmware: 'bios',
    agentChannel: true,
    agentConnected: true,
    ...more,
  };
}

/** By default the newest that was measured. */
export function capabilities(major = 12, minor = 8, more: Partial<Capabilities> = {}): Capabilities {
  const libvirt = versionOf(major, minor);
  return {
    driver: 'qemu',
    libvirt,
    hypervisor: versionOf(7, 2),
    hostname: 'here',
    readOnly: false,
    externalRevert: libvirt >= versionOf(9, 9),
    externalDelete: libvirt >= versionOf(9, 0),
    ...more,
  };
}

/** The facts before a plan that rests on nothing. */
export const before: Before = { power: 'off', powerReason: 'other', managedSave: false, disks: [], snapshots: [] };

export interface Told {
  readonly parent?: string;
  readonly state?: SnapshotState;
  readonly memory?: Location;
  readonly memoryFile?: string;
  readonly disks?: readonly (Partial<SnapshotDisk> & { readonly target: string })[];
  /** The overlay of `vda`. */
  readonly revertFile?: string;
  readonly createdAt?: number;
  readonly title?: string;
  readonly quiesced?: boolean;
}

export function snapshot(name: string, told: Told): Snapshot {
  const { state = 'running', memory = 'no', memoryFile, parent, createdAt = 0, title = name } = told;
  const disks = (told.disks ?? []).map((own) => ({ location: 'no' as const, deleteInProgress: false, ...own }));
  return {
    name,
    title,
    description: '',
    trailers: told.quiesced === true ? { consistency: 'quiesced' } : {},
    createdAt,
    state,
    memory: { location: memory, ...(memoryFile === undefined ? {} : { file: memoryFile }) },
    disks,
    kind: kindOf(state, memory),
    style: styleOf(memory, disks),
    ...(parent === undefined ? {} : { parent }),
    ...(told.revertFile === undefined
      ? {}
      : {
          revertDisks: [{ target: 'vda', location: 'external', file: told.revertFile, deleteInProgress: false }],
        }),
  };
}

/** As one that we have taken. */
export function ours(one: Snapshot): Snapshot {
  return { ...one, trailers: { ...one.trailers, createdBy: 'virt-rewind' } };
}

/** Disks and RAM inside the image. */
export function internal(name: string, parent?: string, more: Told = {}): Snapshot {
  return snapshot(name, {
    memory: more.state === 'off' ? 'no' : 'internal',
    disks: [{ target: 'vda', location: 'internal' }],
    ...(parent === undefined ? {} : { parent }),
    ...more,
  });
}

/** Disk-only, with the overlay that libvirt would make: `/img/web.<name>`. */
export function external(name: string, parent?: string, more: Told = {}): Snapshot {
  return snapshot(name, {
    state: 'disk-snapshot',
    disks: [{ target: 'vda', location: 'external', file: `/img/web.${name}` }],
    ...(parent === undefined ? {} : { parent }),
    ...more,
  });
}

export function tree(snapshots: readonly Snapshot[], current?: string): SnapshotTree {
  return { snapshots, ...(current === undefined ? {} : { current }) };
}

/** `{ a: '/img/web.qcow2' }`: what each snapshot froze of `vda`. */
export function frozen(files: Readonly<Record<string, string>>): NonNullable<Facts['frozenDisks']> {
  return new Map(Object.entries(files).map(([name, file]) => [name, [disk('vda', file)]]));
}

/** An image of 1 MiB, an overlay with nothing inside if `backing` is told. */
export function image(backing?: string, more: Partial<ImageFacts> = {}): ImageFacts {
  return {
    format: 'qcow2',
    bytes: 2 ** 20,
    allocatedBytes: 2 ** 20,
    virtualBytes: 2 ** 30,
    ...(backing === undefined ? {} : { backing: { file: backing, format: 'qcow2' }, tags: [] }),
    ...more,
  };
}

interface Looked {
  readonly images?: Readonly<Record<string, Observation<ImageFacts>>>;
  readonly files?: Readonly<Record<string, Observation<FileFacts>>>;
  readonly free?: Readonly<Record<string, number>>;
  /** By default all can be done in `/img`. */
  readonly canAct?: Readonly<Record<string, 'yes' | CannotAct>>;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

export function looked({ images, files, free, canAct = { '/img': 'yes' }, lists }: Looked): FileFactsByPath {
  const map = <T>(of: Readonly<Record<string, T>> = {}): ReadonlyMap<string, T> => new Map(Object.entries(of));
  return { images: map(images), files: map(files), freeBytes: map(free), canAct: map(canAct), lists: map(lists) };
}

/** Configured as it was in each snapshot, unless told otherwise. */
export function facts(more: Partial<Facts> = {}): Facts {
  const same = { xml: '', items: [] };
  const then = new Map((more.tree?.snapshots ?? []).map(({ name }) => [name, same]));
  return { vm: vm(), tree: tree([]), capabilities: capabilities(), now, hardware: { now: same, then }, ...more };
}

type Asked<T extends OperationRequest['kind']> = Omit<Extract<OperationRequest, { kind: T }>, 'type' | 'vm'>;

export const ask = {
  create: (more: Partial<Asked<'create'>> = {}): OperationRequest => ({
    kind: 'create',
    vm: ref,
    snapshotKind: 'auto',
    title: 'new',
    ...more,
  }),
  revert: (name: string, after: Asked<'revert'>['after'] = 'asSnapshot'): OperationRequest => ({
    kind: 'revert',
    vm: ref,
    snapshot: name,
    after,
  }),
  remove: (name: string, scope: Asked<'delete'>['scope'] = 'one'): OperationRequest => ({
    kind: 'delete',
    vm: ref,
    snapshot: name,
    scope,
  }),
  describe: (name: string, title: string, description = ''): OperationRequest => ({
    kind: 'describe',
    vm: ref,
    snapshot: name,
    title,
    description,
  }),
  power: (action: Asked<'power'>['action']): OperationRequest => ({ kind: 'power', vm: ref, action }),
};

/** The plan, or an error that says why there is none. */
export function planned(request: OperationRequest, inWhat: Facts): Plan {
  const decision = planOperation(request, inWhat);
  if (decision.kind !== 'plan') {
    throw new Error(`refused: ${decision.refusal.reason} ${JSON.stringify(decision.refusal.facts)}`);
  }
  return decision;
}

/** The refusal, or an error that shows the plan. */
export function refused(request: OperationRequest, inWhat: Facts): Refusal {
  const decision = planOperation(request, inWhat);
  if (decision.kind !== 'refusal') {
    throw new Error(`planned: ${JSON.stringify(decision.steps)}`);
  }
  return decision.refusal;
}

/** `ok`, or the reason of the refusal: for tables. */
export function verdict(decision: Decision): string {
  return decision.kind === 'plan' ? 'ok' : decision.refusal.reason;
}

/** A small generator of equally spread numbers below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

/** The steps in a few words each: a delete is the snapshot's name alone. For tables. */
export function shortSteps({ steps }: Pick<Plan, 'steps'>): string {
  return steps
    .map((step) => {
      const disks = 'disks' in step ? (step.disks ?? []).map((one) => ('file' in one ? one.file : '')).join(',') : '';
      if (step.kind === 'blockCommit') {
        return `${step.top}→${step.base}`;
      }
      if (step.kind === 'commitImages') {
        return `off ${step.disks.map(({ top, base }) => `${top}→${base}`).join(',')}`;
      }
      return step.kind === 'deleteSnapshot'
        ? step.snapshot
        : step.kind === 'forgetSnapshot'
          ? `forget ${step.snapshot}`
          : step.kind === 'trashFiles'
            ? `trash ${step.files.join(',')}`
            : step.kind === 'removeFiles'
              ? `rm ${step.files.join(',')}`
              : step.kind === 'makeCurrent'
                ? `${step.snapshot}=${disks}`
                : step.kind === 'redefineAs'
                  ? `${step.snapshot}→${step.name}`
                  : step.kind === 'reparent'
                    ? `${step.snapshot}^${step.parent ?? ''}`
                    : step.kind === 'copyFile'
                      ? `cp ${step.from} ${step.to}`
                      : 'snapshot' in step
                        ? `${step.kind} ${step.snapshot}`
                        : step.kind;
    })
    .join(' ');
}
