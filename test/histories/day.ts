// Random days: what a person does with one VM, with the settings that everybody has. Snapshots, reverts with a
// checkpoint, what is taken back and done again, deletes, and what the guest writes between them.
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

type Step = 'write' | 'create' | 'revert' | 'undo' | 'redo' | 'delete';

/** What cannot be taken back is tried now and then all the same: that it is refused, and nothing changes. */
const vainShare = 0.05;

/** A third of the days have two disks. */
const twoDisksShare = 0.33;

/** Few, so that most are written again and again. */
const blocks = 64;

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
  ]);
  const label = (): Label => `s${String(fresh())}`;
  switch (what) {
    case 'write':
      return model.power === 'running' && random.chance(0.3)
        ? { do: 'ram', counter: fresh(), kib: random.int(0, 64) }
        : {
            do: 'write',
            disk: random.int(0, model.disks.length - 1),
            blocks: Array.from({ length: random.int(1, 6) }, () => [random.int(0, blocks - 1), fresh()] as const),
          };
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
    case 'undo':
      return { do: 'undo', back: 0, as: label() };
    case 'redo':
      return { do: 'redo', as: label() };
    case 'delete':
      return { do: 'delete', snapshot: labels.get(deleted(random, model))!, scope: 'one' };
  }
}

/** Any; the oldest sooner, for that is what people tidy up. */
function deleted(random: Random, model: Model): string {
  const names = [...model.snapshots.keys()];
  return random.chance(0.3) ? names[0]! : random.pick(names);
}
