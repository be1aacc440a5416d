// Files as they were made: another one that came in the place of one of them is somebody's, and stays.
import type { MadeFile, NewOverlay, OnMade } from '../../domain/hostFiles.js';
import type { GoingFiles } from '../../steps/step.js';
import type { StepContext } from './stepContext.js';

type OnFiles = Pick<StepContext, 'files' | 'log'>;

/** `made` grows by the overlay. */
export async function createOverlay(
  files: StepContext['files'],
  overlay: NewOverlay,
  made: MadeFile[],
  onMade?: OnMade,
): Promise<void> {
  const own: MadeFile[] = [];
  await files.createOverlay(overlay, async (one) => {
    own.push(one);
    await onMade?.(one);
  });
  made.push(own.findLast(({ path }) => path === overlay.file) ?? { path: overlay.file });
}

/** After an operation that did not come about: nobody can have written to them. Never rejects. */
export async function removeMade({ files, log }: OnFiles, made: readonly MadeFile[]): Promise<void> {
  for (const { path, identity } of made) {
    const going = { files: [path], ...(identity === undefined ? {} : { identities: { [path]: identity } }) };
    await removeThose({ files, log }, going).catch((reason: unknown) => log.warn(`${path} stays: ${String(reason)}`));
  }
}

/** Idempotent: what is not there is as good as removed, and what is another file by now is somebody's. */
export async function removeThose(
  { files, log }: OnFiles,
  { files: going, identities = {} }: GoingFiles,
): Promise<void> {
  for (const file of going) {
    const own = identities[file];
    if (own === undefined || own === (await files.identity(file))) {
      await files.remove(file);
    } else {
      log.info(`${file} is not the file that was made, or is gone, and stays as it is`);
    }
  }
}
