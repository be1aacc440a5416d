// What a shape does not tell of a level: that its steps can be done and come true, that none is done before it begins,
// that no translation is missing. Pure.
import { t } from '@vscode/l10n';
import type { FileFault } from '../lab/readYaml.js';
import type { FilePath } from '../lab/shapeParts.js';
import { allHold, holds } from './levelChecks.js';
import { actIn, freshModel, type Model, type ModelFault, untold } from './levelModel.js';
import type { Level, LevelAct } from './levelShape.js';
import { textsOf } from './levelText.js';

export function levelFaults(level: Level): readonly FileFault[] {
  const faults: FileFault[] = [...translationFaults(level), ...goalFaults(level), ...fileFaults(level)];
  let model = doAll(freshModel, level.start ?? [], ['start'], faults);
  const begun = model?.facts.did?.length ?? 0;
  for (const [at, step] of level.steps.entries()) {
    const { check, do: acts } = step;
    const path = ['steps', at];
    if ((check === undefined) !== (acts === undefined)) {
      faults.push({ path, message: t('A step has both “do” and “check”, or neither.') });
      return faults;
    }
    if (check === undefined || acts === undefined || model === undefined) {
      continue;
    }
    const before = model.facts;
    if (Object.keys(check).every((word) => !untold.has(word as never)) && allHold(check, before, before, level.goal)) {
      faults.push({ path: [...path, 'check'], on: 'key', message: t('This already holds when the step begins.') });
    }
    model = doAll(model, acts, [...path, 'do'], faults);
    for (const [word, isSo] of model === undefined ? [] : holds(check, model.facts, before, level.goal)) {
      if (!isSo && !untold.has(word)) {
        faults.push({
          path: [...path, 'check', word],
          on: 'key',
          message: t('“{0}” does not hold after the step is done.', word),
        });
      }
    }
  }
  if (model === undefined) {
    return faults;
  }
  if (level.goal !== undefined && !allHold({ goal: true }, model.facts, model.facts, level.goal)) {
    faults.push({
      path: ['goal'],
      on: 'key',
      message: t('After the last step, the snapshots are not those of the goal.'),
    });
  }
  const own = (model.facts.did?.length ?? 0) - begun;
  if (level.golf?.steps !== undefined && own < level.golf.steps) {
    faults.push({ path: ['golf', 'steps'], message: t('The steps of the level need fewer operations: {0}.', own) });
  }
  return faults;
}

/** Undefined where one of them cannot be done: nothing is known of what comes after. */
function doAll(
  model: Model | undefined,
  acts: readonly LevelAct[],
  path: FilePath,
  faults: FileFault[],
): Model | undefined {
  let now = model;
  for (const [at, act] of acts.entries()) {
    const next = now && actIn(now, act);
    if (typeof next === 'string') {
      faults.push({ path: [...path, at], message: cannotText(next) });
      return undefined;
    }
    now = next;
  }
  return now;
}

function cannotText(fault: ModelFault): string {
  switch (fault) {
    case 'noSnapshot':
      return t('There is no such snapshot at this point.');
    case 'notRunning':
      return t('The VM does not run at this point.');
    case 'notOff':
      return t('The VM is not off at this point.');
    case 'mixedStyles':
      return t('The VM has snapshots of the other style at this point.');
    case 'nothingToUndo':
      return t('There is nothing to undo or redo at this point.');
  }
}

function fileFaults({ files = [], start = [], steps }: Level): readonly FileFault[] {
  const names = new Set(files.map(({ name }) => name));
  const lists = [
    [['start'], start] as const,
    ...steps.map(({ do: acts = [] }, at) => [['steps', at, 'do'], acts] as const),
  ];
  return lists.flatMap(([list, acts]) =>
    acts.flatMap(({ bisect, copyOut }, at) => {
      const file = bisect?.file ?? copyOut?.file;
      const path = [...list, at, bisect === undefined ? 'copyOut' : 'bisect', 'file'];
      return file === undefined || names.has(file) ? [] : [{ path, message: t('The level has no file “{0}”.', file) }];
    }),
  );
}

function goalFaults({ goal }: Level): readonly FileFault[] {
  const titles = new Set(goal?.snapshots.map(({ title }) => title));
  const named = [
    ...(goal?.snapshots ?? []).map(({ below }, at) => [['goal', 'snapshots', at, 'below'], below] as const),
    [['goal', 'current'], goal?.current] as const,
  ];
  return named.flatMap(([path, title]) =>
    title === undefined || titles.has(title) ? [] : [{ path, message: t('The goal has no snapshot “{0}”.', title) }],
  );
}

/** A language that one text has, all have. */
function translationFaults(level: Level): readonly FileFault[] {
  const texts = textsOf(level);
  const languages = new Set(texts.flatMap(({ text }) => (typeof text === 'string' ? [] : Object.keys(text))));
  return texts.flatMap(({ path, text }) => {
    const missing = [...languages].filter((one) => typeof text === 'string' || !Object.hasOwn(text, one));
    return missing.length === 0
      ? []
      : [{ path, on: 'key' as const, message: t('Missing translation: {0}', missing.join(', ')) }];
  });
}
