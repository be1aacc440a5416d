// Whether a question of ours stands open: somebody types into it, and the keyboard is not taken from it. Asks nothing
// itself.

let open = 0;

/** To be handed each box, list and dialog as it opens; gives its answer. */
export async function whileModalOpen<T>(answer: Thenable<T>): Promise<T> {
  open += 1;
  try {
    return await answer;
  } finally {
    open -= 1;
  }
}

export function isAsking(): boolean {
  return open > 0;
}
