// Which branch and commit the workspace is at, out of the API of the editor's git extension. Knows nothing of how that
// is come by.

/** As much of the git extension's API (version 1) as is read here; a place is a `vscode.Uri`. */
export interface GitApi<Place> {
  readonly repositories: readonly GitRepository[];
  getRepository(place: Place): GitRepository | null;
}

export interface GitRepository {
  readonly state: { readonly HEAD?: { readonly name?: string; readonly commit?: string } | undefined };
}

/**
 * `branch@commit`, the commit in 12 digits; `@commit` without a branch; nothing before the first commit.
 * @param here of the files and folders that the user is in, the most telling first; the first repository counts otherwise
 */
export function gitHead<Place>(api: GitApi<Place>, here: readonly Place[]): string | undefined {
  const [repository = api.repositories[0]] = here.flatMap((place) => api.getRepository(place) ?? []);
  const head = repository?.state.HEAD;
  return head?.commit === undefined ? undefined : `${head.name ?? ''}@${head.commit.slice(0, 12)}`;
}
