// Where a key takes the cursor in the blocks. Pure.

type CursorPlace = readonly [row: number, offset: number];

/** Undefined: no key that moves. In bytes; what lies outside of the disk is for the caller to cut. */
export function cursorMove(
  key: string,
  { row, offset }: { readonly row: number; readonly offset: number },
  { cell, page, last }: { readonly cell: number; readonly page: number; readonly last: number },
): CursorPlace | undefined {
  const moves: Readonly<Record<string, CursorPlace>> = {
    ArrowLeft: [row, offset - cell],
    ArrowRight: [row, offset + cell],
    ArrowUp: [row - 1, offset],
    ArrowDown: [row + 1, offset],
    PageUp: [row, offset - page],
    PageDown: [row, offset + page],
    Home: [row, 0],
    End: [row, last],
  };
  return moves[key];
}
