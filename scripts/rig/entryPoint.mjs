// Tells a script that was started from a module that was imported.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param {{ url: string }} meta the asking file's `import.meta` */
export function isEntryPoint(meta) {
  const started = process.argv[1];
  // The checkout may be reached through a link; import.meta never is.
  return started !== undefined && realpathSync(started) === fileURLToPath(meta.url);
}
