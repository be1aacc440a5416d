// Which branch and commit the workspace is at, out of the API of the editor's git extension.
import { type Disposable, DisposableStore } from '../../../base/disposable.js';

/** As much of the git extension's API (version 1) as is read here; a place is a `vscode.Uri`. */
export interface GitApi<Place> {
  readonly repositories: readonly GitRepository[];
  getRepository(place: Place): GitRepository | null;
}

export interface GitRepository {
  readonly state: { readonly HEAD?: { readonly name?: string; readonly commit?: string } | undefined };
}

/** And as much of it as is followed. */
export interface FollowedGit {
  readonly repositories: readonly FollowedRepository[];
  readonly onDidOpenRepository: GitEvent<FollowedRepository>;
}

export interface FollowedRepository {
  readonly state: GitRepository['state'] & { readonly onDidChange: GitEvent<void> };
}

type GitEvent<T> = (listener: (value: T) => unknown) => Disposable;

/**
 * `branch@commit`, the commit in 12 digits; `@commit` without a branch; nothing before the first commit.
 * @param here of the files and folders that the user is in, the most telling first; the first repository counts
 *   otherwise
 */
export function gitHead<Place>(api: GitApi<Place>, here: readonly Place[]): string | undefined {
  const [repository = api.repositories[0]] = here.flatMap((place) => api.getRepository(place) ?? []);
  const head = repository?.state.HEAD;
  return head?.commit === undefined ? undefined : `${head.name ?? ''}@${head.commit.slice(0, 12)}`;
}

/**
 * Tells when another branch is checked out than before, be it in the editor or outside. The first one that is seen in a
 * repository is no switch; neither are commits that are checked out without a branch, as in the middle of a rebase, nor
 * the way back from them.
 */
export function watchBranches(api: FollowedGit, onSwitch: (branch: string) => void): Disposable {
  const store = new DisposableStore();
  const watch = ({ state }: FollowedRepository): void => {
    let last = state.HEAD?.name;
    store.add(
      state.onDidChange(() => {
        const before = last;
        last = state.HEAD?.name ?? last;
        if (before !== undefined && last !== undefined && last !== before) {
          onSwitch(last);
        }
      }),
    );
  };
  api.repositories.forEach(watch);
  store.add(api.onDidOpenRepository(watch));
  return store;
}
