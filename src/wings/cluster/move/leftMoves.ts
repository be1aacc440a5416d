// Moves of a VM that broke off: each is finished or undone before anything else is done with it.
import type { Log } from '../../../base/log.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { MoveFault } from '../moveFault.js';
import { endMove, type MoveEnd } from './endMove.js';
import { MoveStore } from './moveStore.js';

/** @param vm its name or UUID. @throws MoveFault `busy`, and what `endMove` throws */
export async function endLeftMoves(
  engine: EnginePort,
  vm: string,
  { folder, log }: { readonly folder: string; readonly log: Log },
): Promise<readonly MoveEnd[]> {
  const store = new MoveStore(folder, log);
  const ends: MoveEnd[] = [];
  for (const { id } of await store.of(vm)) {
    const open = await store.lock(id);
    if (open === 'busy') {
      throw new MoveFault({ kind: 'busy' });
    }
    if (open !== 'gone') {
      try {
        ends.push(await endMove(engine, open));
      } finally {
        await open.leave();
      }
    }
  }
  return ends;
}
