// What a person marked stays marked under the name that they give it. By its second alone, as where another tool
// renames it, it could be one of two.
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Facts } from '../../domain/facts.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { PlannedWork } from '../../operations/plan.js';
import type { Persistence } from '../../journal/persistence.js';

/** Good without: never rejects. */
export async function carryMarks(
  { request, steps }: PlannedWork,
  { tree }: Facts,
  { marks }: Pick<Persistence, 'marks'>,
  log: Log,
): Promise<void> {
  const step = steps.find((one) => one.kind === 'redefineAs');
  const was = step && findSnapshot(tree, step.snapshot);
  if (request.kind !== 'rename' || step === undefined || was === undefined) {
    return;
  }
  try {
    for (const kept of [marks.kept, marks.favourite]) {
      const own = (await kept.of(request.vm)).filter(
        ({ name, createdAt }) => name === was.name && createdAt === was.createdAt,
      );
      for (const mark of own) {
        await kept.add(request.vm, { ...mark, name: step.name });
        await kept.forget(request.vm, mark);
      }
    }
  } catch (error) {
    log.warn(`the marks on ${was.name} are known by its second alone: ${asFailure(error).line}`);
  }
}
