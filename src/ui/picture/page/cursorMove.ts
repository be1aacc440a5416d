// Where a key takes the cursor in the blocks. Pure.

type Place = readonly [row: number, offset: number];

/** Undefined: no key that moves. In bytes; what lies outside of the disk is for the caller to cut. */
export function cursorMove(
  key: string,
  { row, offset }: { readonly row: number; readonly offset: number },
  { cell, page, last }: { readonly cell: number; readonly page: number; readonly last: number },
): Place | undefined {
  const moves: Readonly<Record<string, Place>> = {
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
