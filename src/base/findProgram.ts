// Where a program is: on the PATH, or where distributions put it, for an editor that was started with a short one.
import { access, constants } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

const usualFolders = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];

/** Undefined where it is not installed. */
export async function findProgram(name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = [...(environment['PATH'] ?? '').split(':').filter(isAbsolute), ...usualFolders];
  for (const folder of folders) {
    const program = join(folder, name);
    if (await isProgram(program)) {
      return program;
    }
  }
  return undefined;
}

export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not in this folder, or not for us; another may have it.
    return false;
  }
}
