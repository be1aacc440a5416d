// `branch@commit` of a workspace, as a snapshot keeps it. Knows no git.

/** Undefined where none was checked out, or none is known. A branch may have an @ in its name, a commit has none. */
export function branchOf(reference: string | undefined): string | undefined {
  const branch = reference?.replace(/@[^@]*$/u, '') ?? '';
  return branch === '' ? undefined : branch;
}
