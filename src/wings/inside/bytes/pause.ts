// Readers of large or hostile disks let the rest of the process have its turn: what a cache answers never waits by
// itself.
const longestTurnMs = 8;

let turnBegan = 0;
let next: Promise<void> | undefined;

/** Waits for the next turn of the event loop where this one has been long. All who wait go on in the same. */
export async function pauseIfLong(): Promise<void> {
  if (performance.now() - turnBegan < longestTurnMs) {
    return;
  }
  next ??= new Promise((resolve) =>
    setImmediate(() => {
      next = undefined;
      turnBegan = performance.now();
      resolve();
    }),
  );
  await next;
}
