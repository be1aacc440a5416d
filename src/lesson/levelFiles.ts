// Level files on the disk, as their authors write them. Reads files of a bounded size alone.
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { t } from '@vscode/l10n';
import { readFileAtMost } from '../base/readFileAtMost.js';
import { displayLine } from '../domain/plainText.js';
import { longestYaml, readYaml, type FileFault, type FileProblem } from '../lab/readYaml.js';
import { type Level, levelShape, type LevelAct } from './levelShape.js';
import type { FilePath } from '../lab/shapeParts.js';
import { allHold, holds } from './levelChecks.js';
import { actIn, freshModel, type Model, type ModelFault, untold } from './levelModel.js';
import { textsOf } from './levelText.js';

/** A character takes four bytes at most. */
const mostBytes = longestYaml * 4;

/** What cannot be read, is no file, or is too large is a level with that problem: others beside it are read. */
export async function readLevelFile(path: string): Promise<ReadLevel> {
  let read: Buffer;
  try {
    // A problem may quote the file: a link of somebody else's shows none of ours.
    const [folder, file] = await Promise.all([realpath(dirname(path)), realpath(path)]);
    if (!file.startsWith(join(folder, '/'))) {
      return withProblem(t('{0} is a link that leads out of its folder.', displayLine(path)));
    }
    read = await readFileAtMost(path, mostBytes + 1);
  } catch (error) {
    return withProblem(
      t(
        '{0} cannot be read: {1}',
        displayLine(path),
        displayLine(error instanceof Error ? error.message : String(error)),
      ),
    );
  }
  return read.length > mostBytes
    ? withProblem(t('{0} is not a level: it is too large, or not a file.', displayLine(path)))
    : readLevel(read.toString('utf8'));
}

function withProblem(message: string): ReadLevel {
  return { problems: [{ line: 1, column: 1, endLine: 1, endColumn: 1, message }], problemsOf: () => [] };
}

/**
 * The text of a level file → the level, or what is wrong with it and where: its shape, and whether its steps can come
 * true. Pure; it touches no VM.
 */
interface ReadLevel {
  /** Absent where its shape is wrong: it cannot be given then. */
  readonly level?: Level;
  readonly problems: readonly FileProblem[];
  /** Where in the text each of these is. */
  readonly problemsOf: (faults: readonly FileFault[]) => readonly FileProblem[];
}

export function readLevel(text: string): ReadLevel {
  const { value, problems, problemsOf } = readYaml(text, levelShape);
  return value === undefined
    ? { problems, problemsOf }
    : {
        level: value,
        problemsOf,
        problems: problemsOf(levelFaults(value)).toSorted((a, b) => a.line - b.line || a.column - b.column),
      };
}

/**
 * What a shape does not tell of a level: that its steps can be done and come true, that none is done before it begins,
 * that no translation is missing. Pure.
 */
function levelFaults(level: Level): readonly FileFault[] {
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
