// Does many things, those of one group one after another, some groups at the same time.

export type ItemOutcome<T, R> =
  | { readonly item: T; readonly kind: 'done'; readonly value: R }
  | { readonly item: T; readonly kind: 'failed'; readonly reason: unknown }
  /** An earlier one of its group failed, so that it was not tried. */
  | { readonly item: T; readonly kind: 'skipped' };

/**
 * Outcomes come in the order of the items.
 * @param atOnce how many groups may be under way at a time
 */
export async function runGrouped<T, R>(
  items: readonly T[],
  groupOf: (item: T) => string,
  atOnce: number,
  run: (item: T) => Promise<R>,
): Promise<readonly ItemOutcome<T, R>[]> {
  const outcomes = new Map<T, ItemOutcome<T, R>>();
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groupOf(item);
    groups.set(group, [...(groups.get(group) ?? []), item]);
  }
  const queue = [...groups.values()];
  const worker = async (): Promise<void> => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      let failed = false;
      for (const item of group) {
        if (failed) {
          outcomes.set(item, { item, kind: 'skipped' });
          continue;
        }
        try {
          outcomes.set(item, { item, kind: 'done', value: await run(item) });
        } catch (reason) {
          outcomes.set(item, { item, kind: 'failed', reason });
          failed = true;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, worker));
  return items.flatMap((item) => outcomes.get(item) ?? []);
}
