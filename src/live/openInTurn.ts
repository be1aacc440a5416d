// Opens a few connections at once: each is a program, a login and some calls, and there may be a thousand. One that
// takes long holds no other up.
import type { Clock } from '../base/clock.js';
import type { OpenHypervisor } from '../driver/hypervisor.js';

const mostAtOnce = 16;
const holdsUpMs = 1_000;

export function openInTurn(open: OpenHypervisor, clock: Clock): OpenHypervisor {
  let free = mostAtOnce;
  const waiting: (() => void)[] = [];
  const takeTurn = (): void => {
    const next = free > 0 ? waiting.shift() : undefined;
    if (next !== undefined) {
      free -= 1;
      next();
    }
  };
  return async (...asked) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      takeTurn();
    });
    let isOver = false;
    const endTurn = (): void => {
      if (!isOver) {
        isOver = true;
        free += 1;
        takeTurn();
      }
    };
    const timer = clock.setTimer(holdsUpMs, endTurn);
    try {
      return await open(...asked);
    } finally {
      timer.dispose();
      endTurn();
    }
  };
}
