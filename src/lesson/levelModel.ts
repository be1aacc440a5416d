// What a level's own acts lead to, told without a VM: so a teacher learns which checks can come true, and which hold
// before anything was done. It knows neither files nor the doctor. Pure.
import type { Snapshot, SnapshotKind, SnapshotStyle } from '../domain/snapshot.js';
import { activePath, leafFirst, pathTo } from '../domain/snapshotTree.js';
import type { CheckWord } from './levelChecks.js';
import { findSnapshot } from './levelChecks.js';
import type { LessonFacts } from './lessonFacts.js';
import type { LevelAct } from './levelShape.js';

/** What the model tells nothing of. */
export const untold: ReadonlySet<CheckWord> = new Set([
  'bytes',
  'found',
  'file',
  'exported',
  'problem',
  'healthy',
] as const);

/** What a revert to the snapshot restores. */
interface SavedContent {
  readonly blocks: Readonly<Record<number, number>>;
  readonly counter: number;
}

export interface Model {
  readonly facts: LessonFacts;
  readonly kept: ReadonlyMap<string, SavedContent>;
  /** As it was before each operation, with what that was. */
  readonly undo: readonly Model[];
  readonly redo: readonly Model[];
}

export const freshModel: Model = {
  facts: {
    power: 'off',
    snapshots: [],
    busy: false,
    writes: 0,
    measured: 0,
    layers: 1,
    files: [],
    counter: 0,
    blocks: {},
    problems: [],
    kept: [],
    did: [],
    clones: [],
  },
  kept: new Map(),
  undo: [],
  redo: [],
};

/** Why an act cannot be done. */
export type ModelFault = 'noSnapshot' | 'notRunning' | 'notOff' | 'mixedStyles' | 'nothingToUndo';

export function actIn(model: Model, act: LevelAct): Model | ModelFault {
  const { facts } = model;
  const isOn = facts.power === 'running';
  const [word, value] = Object.entries(act)[0] as [keyof LevelAct, unknown];
  const with_ = (change: Partial<LessonFacts>): Model => ({ ...model, facts: { ...facts, ...change } });
  const operation = (did: string, change: Partial<LessonFacts>, kept = model.kept): Model => ({
    facts: withLayers({ ...facts, ...change, did: [...(facts.did ?? []), did] }),
    kept,
    undo: [...model.undo, model],
    redo: [],
  });
  switch (word) {
    case 'power': {
      const action = value as NonNullable<LevelAct['power']>;
      const isStart = action === 'start';
      if (isStart ? facts.power !== 'off' : facts.power === 'off') {
        return isStart ? 'notOff' : 'notRunning';
      }
      const power = action === 'pause' ? 'paused' : action === 'shutDown' || action === 'forceOff' ? 'off' : 'running';
      const hasBooted = isStart || action === 'restart';
      return with_({
        power,
        ...((power === 'off' || hasBooted) && { counter: 0 }),
        did: [...(facts.did ?? []), 'power'],
      });
    }
    case 'create': {
      const { title, kind, style = 'external' } = value as NonNullable<LevelAct['create']>;
      if (kind === 'offline' ? isOn : !isOn) {
        return kind === 'offline' ? 'notOff' : 'notRunning';
      }
      if (facts.snapshots.some((one) => one.style !== style)) {
        return 'mixedStyles';
      }
      const made = madeSnapshot({
        title,
        kind,
        style,
        number: facts.snapshots.length + model.undo.length,
        ...(facts.current !== undefined && { parent: facts.current }),
      });
      const now = { blocks: facts.blocks ?? {}, counter: facts.counter ?? 0 };
      return operation(
        'create',
        { snapshots: [...facts.snapshots, made], current: made.name },
        new Map([...model.kept, [made.name, now]]),
      );
    }
    case 'revert': {
      const { to, after } = value as NonNullable<LevelAct['revert']>;
      const found = findSnapshot(facts, to);
      if (found === undefined) {
        return 'noSnapshot';
      }
      const was = model.kept.get(found.name);
      const power = after ?? (found.kind === 'offline' ? 'off' : found.kind === 'disk' ? 'running' : 'running');
      return operation('revert', {
        power,
        current: found.name,
        blocks: was?.blocks ?? {},
        counter: found.kind === 'memory' && power !== 'off' ? (was?.counter ?? 0) : 0,
      });
    }
    case 'delete':
    case 'deleteBranch': {
      const found = findSnapshot(facts, value as string);
      if (found === undefined) {
        return 'noSnapshot';
      }
      const gone = word === 'delete' ? [found] : leafFirst(facts, found.name);
      return operation('delete', without(facts, new Set(namesOf(gone))));
    }
    case 'rename': {
      const { snapshot, title } = value as NonNullable<LevelAct['rename']>;
      const found = findSnapshot(facts, snapshot);
      return found === undefined
        ? 'noSnapshot'
        : operation('rename', { snapshots: facts.snapshots.map((one) => (one === found ? { ...one, title } : one)) });
    }
    case 'keep': {
      const found = findSnapshot(facts, value as string);
      return found === undefined
        ? 'noSnapshot'
        : with_({ kept: [...(facts.kept ?? []), found.name], did: [...(facts.did ?? []), word] });
    }
    case 'undo':
    case 'redo': {
      const last = model[word].at(-1);
      const back = last && {
        ...last,
        facts: { ...last.facts, did: [...(facts.did ?? []), word] },
        undo: word === 'undo' ? model.undo.slice(0, -1) : [...model.undo, model],
        redo: word === 'undo' ? [...model.redo, model] : model.redo.slice(0, -1),
      };
      return back ?? 'nothingToUndo';
    }
    case 'consolidate':
      return operation('consolidate', without(facts, new Set(namesOf(activePath(facts)))));
    case 'write': {
      const writes = facts.writes + 1;
      const { at = 0, blocks = 128, seed = writes } = value as NonNullable<LevelAct['write']>;
      const written = Array.from({ length: blocks }, (_, index) => [at + index * 16, seed] as const);
      return isOn ? with_({ writes, blocks: { ...facts.blocks, ...Object.fromEntries(written) } }) : 'notRunning';
    }
    case 'count':
      return isOn ? with_({ counter: value as number }) : 'notRunning';
    case 'measure': {
      let piled: Model = model;
      while ((piled.facts.layers ?? 1) <= (value as number)) {
        const next = actIn(piled, {
          create: { title: `Layer ${String(piled.facts.layers ?? 1)}`, kind: isOn ? 'disk' : 'offline' },
        });
        if (typeof next === 'string') {
          return next;
        }
        piled = next;
      }
      return { ...piled, facts: { ...piled.facts, measured: facts.measured + 1 } };
    }
    case 'clone': {
      const { of, ram } = value as NonNullable<LevelAct['clone']>;
      const found = findSnapshot(facts, of);
      // Only one with RAM outside of the image can be forked.
      return found === undefined || (ram === true && (found.kind !== 'memory' || found.style !== 'external'))
        ? 'noSnapshot'
        : operation('clone', { clones: [...(facts.clones ?? []), ram === true ? 'running' : 'off'] });
    }
    case 'discard':
      return with_({ clones: [] });
    case 'prune': {
      const found = (value as NonNullable<LevelAct['prune']>).map((title) => findSnapshot(facts, title)?.name);
      return found.includes(undefined) ? 'noSnapshot' : operation('prune', without(facts, new Set(found as string[])));
    }
    case 'bisect': {
      const { good, bad } = value as NonNullable<LevelAct['bisect']>;
      return [good, bad].every((title) => findSnapshot(facts, title) !== undefined) ? model : 'noSnapshot';
    }
    case 'copyOut':
      return findSnapshot(facts, (value as NonNullable<LevelAct['copyOut']>).of) === undefined ? 'noSnapshot' : model;
    case 'export':
      return model;
    case 'lose':
    case 'find':
      return facts.power === 'off' ? model : 'notOff';
  }
}

function madeSnapshot(made: {
  readonly title: string;
  readonly kind: SnapshotKind;
  readonly style: SnapshotStyle;
  readonly number: number;
  readonly parent?: string;
}): Snapshot {
  const { title, kind, style, number, parent } = made;
  return {
    name: `${title} ${String(number)}`,
    title,
    description: '',
    trailers: {},
    ...(parent !== undefined && { parent }),
    createdAt: number,
    state: kind === 'offline' ? 'off' : 'running',
    memory: { location: kind === 'memory' ? style : 'no' },
    disks: [],
    kind,
    style,
  };
}

/** As many layers as there are snapshots outside the image on the way to the current state. */
function withLayers(facts: LessonFacts): LessonFacts {
  return { ...facts, layers: 1 + activePath(facts).filter(({ style }) => style === 'external').length };
}

/** Children go to the next one above that stays. */
function without(facts: LessonFacts, gone: ReadonlySet<string>): Partial<LessonFacts> {
  const stays = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : namesOf(pathTo(facts, name)).findLast((one) => !gone.has(one));
  const current = stays(facts.current);
  return {
    snapshots: facts.snapshots
      .filter(({ name }) => !gone.has(name))
      .map(({ parent, ...one }) => {
        const above = stays(parent);
        return { ...one, ...(above !== undefined && { parent: above }) };
      }),
    ...(current === undefined ? { current: undefined as never } : { current }),
  };
}

const namesOf = (snapshots: readonly Snapshot[]): readonly string[] => snapshots.map(({ name }) => name);
