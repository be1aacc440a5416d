// A mouse that pulls something.

/** From a press of the mouse on, until it is let go. */
export function onDrag(move: (event: PointerEvent) => void): void {
  const ended = new AbortController();
  addEventListener('pointermove', move, { signal: ended.signal });
  addEventListener('pointerup', () => ended.abort(), { signal: ended.signal });
}
