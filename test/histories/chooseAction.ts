// Chooses what is done next with a VM, from what the model says that it is. Prefers what makes interesting trees to
// what is refused anyway; whether it is refused, the extension decides.
import { type Model, naturalPower } from '../oracle/model.js';
import type {
  AbandonAction,
  After,
  DeleteScope,
  ForeignAction,
  GuestAction,
  Label,
  Operation,
  Power,
  PowerAction,
  Request,
  SnapshotStyle,
} from './action.js';
import type { Random } from './random.js';

export interface Scene {
  readonly model: Model;
  readonly style: SnapshotStyle;
  /** By libvirt's name. */
  readonly labels: ReadonlyMap<string, Label>;
  /**
   * A VM that stayed paused while its RAM was written to a file cannot have it written once more before it was resumed:
   * "paused due to previous migration", measured with QEMU 7.2. Nothing that libvirt tells says so.
   */
  readonly savedPaused: boolean;
  /** Other tools than ours and libvirt's snapshot calls are used on the VM and its images too. */
  readonly wild: boolean;
  /** No VM is made of this one: nobody moves below such a VM what it stands on. */
  readonly alone: boolean;
  /** Counts up: makes labels, titles and seeds that were never used. */
  readonly fresh: () => number;
}

type Sort = 'create' | 'revert' | 'delete' | 'rename' | 'power' | 'virsh' | 'foreign';

/** Forks run. */
const mostChildren = 2;

/** In blocks. Few clusters are written again and again, for that is where layers and copies can go wrong. */
const hotBlocks = 48;
const allBlocks = 4096;

/** What the guest does before the next operation; nothing when it does not run. */
export function chooseWrites(random: Random, { model, fresh }: Scene): readonly GuestAction[] {
  if (model.power !== 'running' || random.chance(0.15)) {
    return [];
  }
  const actions: GuestAction[] = [];
  for (const disk of model.disks.keys()) {
    if (random.chance(0.7)) {
      const blocks = Array.from({ length: random.int(1, 10) }, () => {
        const block = random.chance(0.8) ? random.int(0, hotBlocks - 1) : random.int(0, allBlocks - 1);
        return [block, fresh()] as const;
      });
      actions.push({ do: 'write', disk, blocks });
    }
  }
  return random.chance(0.4) ? [...actions, { do: 'ram', counter: fresh(), kib: random.int(0, 64) }] : actions;
}

/** Several, of one kind: the runner takes the first that can be done, and the first of all if none can. */
export function chooseOperation(random: Random, scene: Scene): readonly Operation[] {
  const { model } = scene;
  const count = model.snapshots.size;
  const sort = random.weighted<Sort>([
    ['create', count < 3 ? 40 : count < 8 ? 22 : 4],
    ['revert', count === 0 ? 0 : 28],
    ['delete', count === 0 ? 0 : count < 4 ? 8 : count < 8 ? 16 : 35],
    ['rename', count === 0 ? 0 : 8],
    ['power', model.power === 'running' ? 9 : 22],
    ['virsh', 11],
    ['foreign', !scene.wild ? 0 : model.power === 'off' ? 90 : 40],
  ]);
  switch (sort) {
    case 'create':
      return [create(random, scene)];
    case 'revert':
      return some(random, scene).map((to) => revert(random, scene, to));
    case 'delete': {
      const parents = [...model.snapshots.keys()].filter((name) => model.children(name).length > 0);
      const scope = random.weighted<DeleteScope>([
        ['one', 75],
        ['withDescendants', 15],
        ['descendants', parents.length === 0 ? 0 : 10],
      ]);
      const from = scope === 'descendants' ? parents : undefined;
      return some(random, scene, from).map((snapshot) => ({ do: 'delete', snapshot, scope }));
    }
    case 'rename':
      return some(random, scene).map((snapshot) =>
        random.chance(0.6)
          ? { do: 'rename', snapshot, title: title(random, scene) }
          : { do: 'describe', snapshot, title: title(random, scene), text: random.pick(['', 'a line', 'two\nlines']) },
      );
    case 'power':
      return [{ do: 'power', action: random.pick(powerActions[model.power]) }];
    case 'virsh':
      return virsh(random, scene);
    case 'foreign':
      return foreign(random, scene);
  }
}

/** The last one sooner; of earlier ones that which can be. */
export function chooseUndo(random: Random, { fresh }: Scene): readonly Operation[] {
  const as = `s${String(fresh())}`;
  const backs = random.chance(0.6) ? [0, 1, 2] : random.shuffled([0, 1, 2]);
  return backs.map((back) => ({ do: 'undo', back, as }));
}

/** @param children VMs made of it that are there */
export function chooseChild(random: Random, scene: Scene, children: ReadonlySet<Label>): readonly Operation[] {
  const { model, style, fresh } = scene;
  if (children.size >= mostChildren || (children.size > 0 && random.chance(0.35))) {
    return [{ do: 'throwAway', child: random.pick([...children]) }];
  }
  const as = `c${String(fresh())}`;
  const way = style === 'external' && random.chance(0.8) ? 'linked' : 'full';
  const clones = some(random, scene).map((of): Operation => ({ do: 'cloneHere', as, of, way }));
  const present: readonly Operation[] =
    model.power === 'off'
      ? [{ do: 'cloneHere', as, way }]
      : model.power === 'running' && style === 'external'
        ? [{ do: 'fork', as }]
        : [];
  return random.chance(0.5) ? [...present, ...clones] : [...clones, ...present];
}

/** What an editor was at when it died; nothing where there is no snapshot to be at. */
export function abandoned(random: Random, scene: Scene): AbandonAction | undefined {
  const [snapshot] = some(random, scene);
  if (snapshot === undefined) {
    return undefined;
  }
  const request: Request = random.chance(0.6)
    ? { do: 'revert', to: snapshot, after: random.pick(['asSnapshot', 'running', 'off']) }
    : { do: 'delete', snapshot, scope: random.pick(['one', 'withDescendants']) };
  return { do: 'abandon', request, step: random.int(0, 5), moment: random.pick(['before', 'after']) };
}

const powerActions: Readonly<Record<Power, readonly PowerAction[]>> = {
  off: ['start'],
  paused: ['resume', 'resume', 'forceOff'],
  running: ['pause', 'forceOff', 'shutDown', 'restart'],
};

function create(random: Random, scene: Scene): Operation {
  const { model, style, fresh, savedPaused } = scene;
  const as = `s${String(fresh())}`;
  const base = { do: 'create', as, title: title(random, scene) } as const;
  if (model.power === 'off') {
    return { ...base, kind: 'offline' };
  }
  if (style === 'internal' || (random.chance(0.5) && !savedPaused)) {
    return { ...base, kind: 'memory', ...(style === 'external' && random.chance(0.4) ? { live: true } : {}) };
  }
  return { ...base, kind: 'disk' };
}

function revert(random: Random, { model, labels, fresh, savedPaused }: Scene, to: Label): Operation {
  const after = random.weighted<After>([
    ['asSnapshot', 40],
    ['asBefore', 15],
    ['running', 25],
    ['paused', 8],
    ['off', 12],
  ]);
  const target = [...model.snapshots.values()].find(({ name }) => labels.get(name) === to)!;
  // A VM that stays off for long writes nothing, and a history without writes proves little.
  const awake = naturalPower(target) === 'off' && after === 'asSnapshot' && random.chance(0.5) ? 'running' : after;
  const keeps = random.chance(0.35) && !savedPaused;
  return { do: 'revert', to, after: awake, ...(keeps ? { checkpoint: `s${String(fresh())}` } : {}) };
}

/** Only what does not make virsh itself lose data: it looks at less than the extension does. */
function virsh(random: Random, { model, style, labels, fresh }: Scene): readonly Operation[] {
  const leaves = [...model.snapshots.values()].filter(({ name }) => model.children(name).length === 0);
  const kind = model.power === 'off' ? 'offline' : style === 'internal' ? 'memory' : 'disk';
  const actions: Operation[] = [
    ...(model.saved === undefined ? [{ do: 'virshCreate', as: `s${String(fresh())}`, kind } as const] : []),
    { do: 'virshPower', action: random.pick(virshPower[model.power]) },
  ];
  if (style === 'internal' && leaves.length > 0) {
    actions.push({ do: 'virshDelete', snapshot: labels.get(random.pick(leaves).name)! });
  }
  return [random.pick(actions)];
}

/** Those that the VM's state allows, in any order. */
function foreign(random: Random, scene: Scene): readonly Operation[] {
  const { model, style, fresh, alone } = scene;
  const disk = random.int(0, model.disks.length - 1);
  const as = `f${String(fresh())}`;
  const other = style === 'internal' ? 'external' : 'internal';
  const kind = model.power === 'off' ? 'offline' : other === 'internal' ? 'memory' : 'disk';
  const ofSnapshots = some(random, scene).flatMap((label): readonly ForeignAction[] => [
    { do: 'virshForget', snapshot: label },
    ...(style === 'external'
      ? [
          ...(!alone
            ? [{ do: 'clone', as, of: label, disk, where: random.chance(0.5) ? 'here' : 'elsewhere' } as const]
            : []),
          { do: 'commitPast', snapshot: label, disk } as const,
        ]
      : []),
  ]);
  // The VM stands on all that its own line froze.
  const path = model.activePath();
  const aside = some(
    random,
    scene,
    [...model.snapshots.keys()].filter((name) => !path.has(name)),
  );
  const replaced = (style === 'external' ? aside : []).flatMap((snapshot): readonly ForeignAction[] => [
    { do: 'replace', snapshot, disk, time: 'new' },
    { do: 'replace', snapshot, disk, time: 'old' },
    { do: 'copyOver', snapshot, disk, larger: random.chance(0.5) },
    { do: 'moveAway', snapshot, disk },
  ]);
  const ofPower: readonly Operation[] =
    model.power === 'off'
      ? [
          { do: 'tag', as, disk },
          { do: 'virshRename', name: `h${as}` },
          { do: 'virshEdit' },
          { do: 'moveLayer', disk, depth: random.int(0, 2) },
          // Much of what a history has made is gone after it.
          ...(random.chance(0.5)
            ? [
                {
                  do: 'redefine',
                  on: random.pick(['present', 'base'] as const),
                  uuid: random.pick(['same', 'new'] as const),
                } as const,
              ]
            : []),
        ]
      : [
          { do: 'virshCommit', disk },
          // It stands in the way of nearly all that comes after it.
          ...(random.chance(0.1) ? [{ do: 'virshCheckpoint', as } as const] : []),
        ];
  const mixed: readonly Operation[] = random.chance(0.3)
    ? [{ do: 'virshCreate', as: `s${String(fresh())}`, kind, style: other }]
    : [];
  const ofDisks: readonly Operation[] = [
    { do: 'resize', disk },
    { do: 'plug', as, where: model.power === 'off' ? 'config' : random.pick(['live', 'config', 'both']) },
    { do: 'unplug' },
  ];
  const found = random.shuffled([...ofSnapshots, ...replaced, ...ofPower, ...ofDisks, ...mixed]);
  // One sort as soon as another, however many of it there are.
  const sorts = random.shuffled([...new Set(found.map((one) => one.do))]);
  return sorts.flatMap((sort) => found.filter((one) => one.do === sort));
}

const virshPower = {
  off: ['start'],
  paused: ['forceOff', 'resume'],
  running: ['forceOff', 'pause', 'save'],
} as const;

/** A few snapshots in any order, those near the current one sooner. */
function some(random: Random, { model, labels }: Scene, from = [...model.snapshots.keys()]): readonly Label[] {
  const [first, second] = [random.shuffled(from), random.shuffled(from)];
  const path = model.activePath();
  const near = first.filter((name) => path.has(name));
  const order = random.chance(0.3) ? [...near, ...second] : second;
  return [...new Set(order)].slice(0, 4).map((name) => labels.get(name)!);
}

/** Mostly titles that are names too; sometimes such that no name can hold. */
function title(random: Random, { fresh }: Scene): string {
  const number = String(fresh());
  return random.weighted([
    [`t${number}`, 60],
    [`Before the change, no. ${number}`, 20],
    [`später ${number} 🙂`, 10],
    [`${number}.qcow2`, 10],
  ]);
}
