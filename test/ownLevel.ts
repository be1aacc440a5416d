// The levels that come with the program, as their files say them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { levelIds } from '../scripts/build.mjs';
import { root } from '../scripts/rig/root.mjs';
import { type LevelStep, type NamedLevel } from '../src/lesson/levelShape.js';
import { readLevel } from '../src/lesson/levelFiles.js';

export function ownLevel(id: string): NamedLevel {
  const { level, problems } = readLevel(readFileSync(join(root, `levels/${id}.level.yaml`), 'utf8'));
  if (level === undefined || problems.length > 0) {
    throw new Error(`${id}: ${JSON.stringify(problems)}`);
  }
  return { id, level };
}

export const ownLevelIds = levelIds();

/** The whole lesson. */
export const lesson = ownLevel('lesson');
export const lessonSteps: readonly LevelStep[] = lesson.level.steps;
