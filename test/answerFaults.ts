// Holds documents of the command line to the shapes of its answers: each fits exactly one, and has no field that this
// one does not name, so that none goes undocumented.
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { documentShapes } from '../scripts/docs/schemas.mjs';
import { answers } from '../src/tables.js';

const shapes = documentShapes({ answers });

/** What is wrong with a document of the command line; none where it is as its shape says. */
export function faultsOf(value: unknown): readonly string[] {
  const tried = Object.entries(shapes).map(([name, shape]) => faultsBy(name, shape, value));
  const fitting = tried.filter((faults) => faults.length === 0).length;
  const [nearest = []] = tried.toSorted((a, b) => a.length - b.length);
  return fitting === 1 ? [] : fitting > 1 ? [`fits ${fitting} shapes`] : nearest;
}

function faultsBy(name: string, shape: v.GenericSchema, value: unknown): readonly string[] {
  const { issues, output } = v.safeParse(shape, value);
  if (issues !== undefined) {
    return issues.map((issue) => `${name}.${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  }
  // A field that the shape does not name is not in the output.
  return isDeepStrictEqual(output, value) ? [] : [`${name} has nothing but ${JSON.stringify(output)}`];
}
