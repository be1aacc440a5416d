// The text of a level file → the level, or what is wrong with it and where: its shape, and whether its steps can come
// true. Pure; it touches no VM.
import { readYaml, type FileFault, type FileProblem } from '../lab/readYaml.js';
import { levelFaults } from './levelFaults.js';
import { type Level, levelShape } from './levelShape.js';

export interface ReadLevel {
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
