// How an action ended: of the extension or another client.
import type { ModelSnapshot } from '../oracle/model.js';

export type Made = Pick<ModelSnapshot, 'name' | 'title' | 'kind' | 'style'>;

/**
 * | type    | meaning                                                                     |
 * |---------|-----------------------------------------------------------------------------|
 * | done    | it says that all of it is done                                              |
 * | refused | a rule of ours forbids it; nothing may have changed                         |
 * | failed  | anything else: nothing that a history does may end so                       |
 */
export type Outcome =
  | {
      readonly type: 'done';
      /** What it made, renamed or edited. */
      readonly snapshot?: Made;
      /** What keeps the state that a revert left. */
      readonly checkpoint?: Made;
      /** The leaf that some reverts need for other releases' sake, a child of the snapshot that was reverted to. */
      readonly layout?: Made;
    }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'failed'; readonly kind: string; readonly text: string };
