// What mouse and keyboard do on the tree, told as what is meant by it. Knows no node.

interface TreeGestures {
  readonly key: (event: KeyboardEvent) => void;
  /** The keyboard came, or went. */
  readonly keyboard: () => void;
  /** The mouse is there; undefined: nowhere on it. */
  readonly point: (event: MouseEvent | undefined) => void;
  readonly press: (event: PointerEvent) => void;
  readonly menu: (event: MouseEvent) => void;
  readonly zoom: (factor: number, event: MouseEvent) => void;
}

export function listenToTree(scroller: HTMLElement, spoken: HTMLElement, gestures: TreeGestures): void {
  spoken.addEventListener('keydown', gestures.key);
  for (const change of ['focus', 'blur'] as const) {
    spoken.addEventListener(change, gestures.keyboard);
  }
  scroller.addEventListener('pointerleave', () => gestures.point(undefined));
  scroller.addEventListener('pointermove', gestures.point);
  scroller.addEventListener('pointerdown', gestures.press);
  scroller.addEventListener('dblclick', gestures.menu);
  scroller.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    gestures.menu(event);
  });
  scroller.addEventListener(
    'wheel',
    (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        gestures.zoom(Math.exp(-event.deltaY / 300), event);
      }
    },
    { passive: false },
  );
}

/** From a press of the mouse on, until it is let go. */
export function onDrag(move: (event: PointerEvent) => void): void {
  const ended = new AbortController();
  addEventListener('pointermove', move, { signal: ended.signal });
  addEventListener('pointerup', () => ended.abort(), { signal: ended.signal });
}
