// Whether a file of this computer can be got at, before something is tried with it. Knows nothing of the editor.
import { access } from 'node:fs/promises';

/** @param mode as `access` takes it: `constants.F_OK` asks whether it is there, `constants.R_OK` whether it can be read */
export async function fileProblem(path: string, mode: number): Promise<'missing' | 'denied' | undefined> {
  try {
    await access(path, mode);
    return undefined;
  } catch (error) {
    // A folder that may not be searched hides whether the file is there.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'denied';
  }
}
