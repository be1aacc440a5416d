// How much of the tables and of the cases that take long is run here: those that stand for the others, or all of them.

/** As the deep tier has it; where everybody runs the tests, it is not so. */
export const allRows = process.env['TEST_ROWS'] === 'all';

/** One row of so many, the first among them, or all. */
export function someRows<T>(rows: readonly T[], ofSo = 7): readonly T[] {
  return allRows ? rows : rows.filter((_, at) => at % ofSo === 0);
}

/** A test that takes long and says little of the rest: run where all rows are. */
export function itRarely(title: string, run: () => void | Promise<void>): void {
  if (allRows) {
    it(title, run);
  }
}
