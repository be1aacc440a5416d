// When files were written last, noted before an operation, so that it can be told afterwards whether anybody wrote to
// them. Decides nothing.
import type { LastWrite } from '../plannedMerge.js';
import type { Facts } from '../facts.js';

export function lastWrites(paths: Iterable<string>, facts: Facts): readonly LastWrite[] {
  return [...paths].map((file) => {
    const modifiedAt = lastWrite(file, facts);
    return { file, ...(modifiedAt === undefined ? {} : { modifiedAt }) };
  });
}

/**
 * For certain: of a device, and of what nobody sees, it is not known. Nor where a file system may count whole seconds,
 * in which a second write leaves no trace.
 */
export function isUnwritten(file: string, before: readonly LastWrite[] | undefined, facts: Facts): boolean {
  const now = lastWrite(file, facts);
  const isFine = now !== undefined && !Number.isInteger(now / 1_000);
  return isFine && before?.find((one) => one.file === file)?.modifiedAt === now;
}

function lastWrite(file: string, { files }: Facts): number | undefined {
  const facts = files?.images.get(file);
  return typeof facts === 'object' ? facts.modifiedAt : undefined;
}
