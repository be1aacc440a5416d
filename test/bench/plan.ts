// How much processor time a decision takes for a VM with many snapshots, when everything that it rests on was read
// already. Nothing is asked of anybody: no daemon, no file.
import type { OperationRequest } from '../../src/domain/operation.js';
import type { ImageFacts } from '../../src/domain/hostFiles.js';
import type { OtherVm, Facts } from '../../src/domain/facts.js';
import { planOperation } from '../../src/operations/decide/planOperation.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { VmDisk } from '../../src/domain/vm.js';
import { median, processorMs, remark, report } from './measure.js';
import { ask, capabilities, disk, image, looked, snapshot, tree, vm } from '../unit/domain/someFacts.js';

const count = 200;
const limitMs = 20;
const rounds = 25;
const targets = ['vda', 'vdb'] as const;
const others = 10;

const nameOf = (index: number): string => `step-${index}`;
const baseOf = (target: string): string => `/img/web-${target}.qcow2`;
/** What libvirt makes over the file that the snapshot froze. */
const overlayOf = (target: string, index: number): string => `/img/web-${target}.${nameOf(index)}`;

/**
 * As libvirt and the images tell it: each chain in full, in the XML of every snapshot and in the images' own headers.
 * The first child of a snapshot froze the overlay that this one made; each other came after a revert, on one of its
 * own.
 */
function situationOf(style: 'internal' | 'external', parentOf: (index: number) => number, release: number): Facts {
  const frozenBy = (target: string, index: number): string => {
    const parent = parentOf(index);
    return style === 'internal' || parent < 0
      ? baseOf(target)
      : parentOf(index - 1) === parent
        ? `/img/web-${target}.${1_700_000_000 + index}`
        : overlayOf(target, parent);
  };
  const below = (target: string, index: number): readonly string[] => {
    const files = [frozenBy(target, index)];
    for (let at = style === 'internal' ? -1 : parentOf(index); at >= 0; at = parentOf(at)) {
      files.push(frozenBy(target, at));
    }
    return files;
  };
  const snapshots = Array.from({ length: count }, (_, index): Snapshot => {
    const parent = parentOf(index);
    return snapshot(nameOf(index), {
      ...(parent < 0 ? {} : { parent: nameOf(parent) }),
      ...(style === 'external' ? { memoryFile: `/img/web.${nameOf(index)}.mem` } : {}),
      memory: style,
      disks: targets.map((target) => ({
        target,
        location: style,
        ...(style === 'external' ? { file: overlayOf(target, index) } : {}),
      })),
      createdAt: 1_700_000_000_000 + index * 60_000,
    });
  });
  const tags = style === 'internal' ? snapshots.map(({ name }) => name) : [];
  const images: Record<string, ImageFacts> = {};
  const diskOn = (target: string, layers: readonly string[]): VmDisk => {
    const [source, ...backing] = layers;
    layers.forEach((file, at) => (images[file] ??= image(layers[at + 1], { tags })));
    return disk(target, source, { backing });
  };
  const frozenDisks = new Map(
    snapshots.map(({ name }, index) => [name, targets.map((target) => diskOn(target, below(target, index)))]),
  );
  const last = count - 1;
  const present = targets.map((target) =>
    diskOn(target, [...(style === 'internal' ? [] : [overlayOf(target, last)]), ...below(target, last)]),
  );
  const memories = snapshots.flatMap(({ memory }) => memory.file ?? []);
  return {
    vm: vm({ disks: present }),
    tree: tree(snapshots, nameOf(last)),
    capabilities: capabilities(release),
    now: 1_800_000_000_000,
    blockJobs: [],
    frozenDisks,
    files: looked({
      images,
      files: Object.fromEntries(memories.map((file) => [file, { bytes: 2 ** 28, allocatedBytes: 2 ** 28 }])),
      free: { '/img': 2 ** 40 },
      lists: { '/img': [...Object.keys(images), ...memories].map((file) => file.slice('/img/'.length)) },
    }),
    otherVms: Array.from({ length: others }, otherVm),
    autoSnapshots: [],
    agent: 'answers',
  };
}

function otherVm(_: unknown, index: number): OtherVm {
  const files = Array.from({ length: count }, (_unused, layer) => `/img/other-${index}.${nameOf(layer)}`);
  return { uuid: `${index}`, name: `other-${index}`, files, unread: [] };
}

/** Nothing of it has been thought about: neither its tree nor who rests on what, nor who else uses it. */
function fresh(facts: Facts): Facts {
  const { tree: read, files, otherVms } = facts;
  return { ...facts, tree: { ...read }, ...(files && { files: { ...files } }), otherVms: [...(otherVms ?? [])] };
}

function decide(request: OperationRequest, facts: Facts): void {
  const decision = planOperation(request, facts);
  if (decision.kind === 'refusal') {
    throw new Error(`refused: ${decision.refusal.reason}`);
  }
}

const chain = (index: number): number => index - 1;
/** Each has three children. */
const wide = (index: number): number => (index === 0 ? -1 : Math.floor((index - 1) / 3));
const middle = nameOf(count / 2);
const checkpoint = (name: string): OperationRequest =>
  ({ ...ask.revert(name), checkpointFirst: true }) as OperationRequest;

interface Layout {
  readonly what: string;
  readonly facts: Facts;
  readonly requests: Readonly<Record<string, OperationRequest>>;
}

const layouts: readonly Layout[] = [
  {
    what: 'internal chain',
    facts: situationOf('internal', chain, 12),
    requests: {
      create: ask.create({ title: 'one more' }),
      'revert with a checkpoint': checkpoint(middle),
      'delete one': ask.remove(middle),
      'delete with descendants': ask.remove(nameOf(0), 'withDescendants'),
    },
  },
  ...([12, 9] as const).flatMap((release): readonly Layout[] => {
    const doneBy = release === 12 ? 'by libvirt' : 'by us';
    return [
      {
        what: `external chain, ${doneBy}`,
        facts: situationOf('external', chain, release),
        requests: {
          create: ask.create({ title: 'one more' }),
          'revert with a checkpoint': checkpoint(middle),
          'revert to the first': ask.revert(nameOf(0)),
          'delete one': ask.remove(middle),
          'delete with descendants': ask.remove(nameOf(0), 'withDescendants'),
        },
      },
      {
        what: `external wide tree, ${doneBy}`,
        facts: situationOf('external', wide, release),
        requests: {
          create: ask.create({ title: 'one more' }),
          'revert with a checkpoint': checkpoint(nameOf(1)),
          'delete one': ask.remove(nameOf(count - 2)),
          'delete with descendants': ask.remove(nameOf(0), 'withDescendants'),
        },
      },
    ];
  }),
];

for (const { what, facts, requests } of layouts) {
  const times = Object.entries(requests).map(([name, request]) => {
    const first = processorMs(() => decide(request, fresh(facts)));
    const cold = Array.from({ length: rounds }, () => processorMs(() => decide(request, fresh(facts))));
    const warm = Array.from({ length: rounds }, () => processorMs(() => decide(request, facts)));
    return { name, first, cold: median(cold), warm: median(warm) };
  });
  for (const heat of ['cold', 'warm'] as const) {
    report({
      name: `slowest plan over ${count} snapshots, ${what}, ${heat}`,
      ours: Math.max(...times.map((one) => one[heat])),
      baseline: limitMs,
      unit: 'ms',
      goal: 1,
      against: 'the limit',
    });
  }
  const told = times.map(({ name, first, cold, warm }) => {
    const [a, b, c] = [first, cold, warm].map((ms) => ms.toFixed(1));
    return `${name} ${a} / ${b} / ${c}`;
  });
  remark(`Plans, ${what} (ms: the very first, cold, warm): ${told.join('; ')}.`);
}
