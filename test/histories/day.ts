// Random days: what a person does with one VM, with the settings that everybody has. Snapshots, reverts with a
// checkpoint, what is taken back and done again, deletes, disks that grow, come and go, and what the guest writes
// between them.
import { type Model, naturalPower } from '../oracle/model.js';
import type { Action, Label, Script, SnapshotStyle } from './action.js';
import type { Next } from './episode.js';
import type { Generated } from './generated.js';
import type { History } from './history.js';
import { type Random, seededRandom } from './random.js';

export interface DayMode {
  readonly style: SnapshotStyle;
  readonly power: 'off' | 'running';
}

export const dayModes: readonly DayMode[] = (['internal', 'external'] as const).flatMap((style) =>
  (['off', 'running'] as const).map((power) => ({ style, power })),
);

export const stepsOfDay = 40;

type Step = 'write' | 'create' | 'revert' | 'undo' | 'redo' | 'delete' | 'grow' | 'addDisk' | 'removeDisk';

/** What cannot be taken back is tried now and then all the same: that it is refused, and nothing changes. */
const vainShare = 0.05;

/** A third of the days have two disks. */
const twoDisksShare = 0.33;

/** Few, so that most are written again and again. */
const blocks = 64;
const blockBytes = 4096;
const mebibyte = 1024 ** 2;
/** No disk grows further. */
const mostMiB = 12;

export function day(seed: number, { style, power }: DayMode, steps = stepsOfDay): Generated {
  const random = seededRandom(seed);
  const base: Omit<Script, 'actions'> = {
    style,
    disks: random.chance(twoDisksShare) ? ['qcow2', 'qcow2'] : ['qcow2'],
    isDay: true,
  };
  let last = 0;
  let left = steps;
  const fresh = (): number => ++last;
  const next: Next = (history) => {
    const { model } = history;
    if (left === 0) {
      return Promise.resolve(undefined);
    }
    if (power === 'running' && model.power !== 'running') {
      return Promise.resolve({ do: 'power', action: model.power === 'paused' ? 'resume' : 'start' });
    }
    left--;
    return Promise.resolve(step(random, { history, power, style, fresh }));
  };
  return { base, next };
}

interface Scene extends DayMode {
  readonly history: History;
  readonly fresh: () => number;
}

function step(random: Random, scene: Scene): Action {
  const { history, style, fresh } = scene;
  const { model, labels } = history;
  const may = history.mayTakeBack;
  const count = model.snapshots.size;
  const what = random.weighted<Step>([
    ['write', 25],
    ['create', count < 3 ? 25 : count < 8 ? 15 : 4],
    ['revert', count === 0 ? 0 : 20],
    ['undo', may.undo ? 20 : random.chance(vainShare) ? 20 : 0],
    ['redo', may.redo ? 20 : random.chance(vainShare) ? 20 : 0],
    ['delete', count < 2 ? 0 : count < 8 ? 8 : 25],
    ['grow', history.sizeOf(0) < mostMiB * mebibyte ? 6 : 0],
    ['addDisk', model.power === 'off' && history.added.length < 2 ? 5 : 0],
    ['removeDisk', model.power === 'off' && history.added.length > 0 ? 4 : 0],
  ]);
  const label = (): Label => `s${String(fresh())}`;
  switch (what) {
    case 'write':
      return model.power === 'running' && random.chance(0.3)
        ? { do: 'ram', counter: fresh(), kib: random.int(0, 64) }
        : written(random, scene);
    case 'create': {
      const as = label();
      const kind = model.power === 'off' ? 'offline' : style === 'internal' || random.chance(0.7) ? 'memory' : 'disk';
      return { do: 'create', as, title: as, kind };
    }
    case 'revert': {
      const to = random.pick([...model.snapshots.keys()]);
      const wakes = scene.power === 'running' && naturalPower(model.snapshots.get(to)!) === 'off';
      return { do: 'revert', to: labels.get(to)!, after: wakes ? 'running' : 'asSnapshot', checkpoint: label() };
    }
    case 'grow':
      return { do: 'grow', disk: 0, mib: history.sizeOf(0) / mebibyte + random.int(1, 2) };
    case 'addDisk':
    case 'removeDisk':
      return { do: what };
    case 'undo':
      return { do: 'undo', back: 0, as: label() };
    case 'redo':
      return { do: 'redo', as: label() };
    case 'delete':
      return { do: 'delete', snapshot: labels.get(deleted(random, model))!, scope: 'one' };
  }
}

/**
 * At the beginning of a disk; once it has grown, sometimes up to its end. The BIOS of a guest that runs knows the disk
 * as it was at its start.
 */
function written(random: Random, { history, fresh }: Scene): Action {
  const disk = random.int(0, history.model.disks.length - 1);
  const grown = history.model.sizes[disk]! / blockBytes;
  const end = history.sizeOf(disk) / blockBytes;
  const block = (): number =>
    grown > 0 && history.model.power === 'off' && random.chance(0.5)
      ? random.int(end - grown, end - 1)
      : random.int(0, blocks - 1);
  return { do: 'write', disk, blocks: Array.from({ length: random.int(1, 6) }, () => [block(), fresh()] as const) };
}

/** Any; the oldest sooner, for that is what people tidy up. */
function deleted(random: Random, model: Model): string {
  const names = [...model.snapshots.keys()];
  return random.chance(0.3) ? names[0]! : random.pick(names);
}
