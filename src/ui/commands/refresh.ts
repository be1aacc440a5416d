// virtRewind.refresh: reads everything again, or what a caller names. From the view it always means everything: the
// button above the view hands in whatever row has the focus.
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { targetVm } from './targets.js';

export async function refresh(run: CommandRun): Promise<void> {
  const { vm, connection } = givenTo(run.call);
  if (vm !== undefined) {
    const view = await targetVm(run, '');
    await run.inventory.refresh({ vm: view.ref });
  } else {
    await run.inventory.refresh(connection === undefined ? undefined : { connection });
  }
}
