// The text of a lab file → what it says, or what is wrong with it and where. Pure; it looks at no file and no VM.
import type { Lab } from './labFile.js';
import { checkLab } from './labChecks.js';
import { labShape } from './labShape.js';
import { type FileProblem, readYaml } from './readYaml.js';
import type { FilePath } from './shapeParts.js';

interface ReadLab {
  /** Absent where anything is wrong. */
  readonly lab?: Lab;
  readonly problems: readonly FileProblem[];
  /** Where a key stands or, without one of the VM's, the VM itself. From 1. */
  readonly positionOf: (path: FilePath) => FileProblem;
}

export function readLab(text: string): ReadLab {
  const { value, problems, positionOf, problemsOf } = readYaml(text, labShape);
  if (value === undefined) {
    return { problems, positionOf };
  }
  const made = checkLab(value);
  return Array.isArray(made)
    ? { problems: problemsOf(made), positionOf }
    : { lab: made as Lab, problems: [], positionOf };
}
