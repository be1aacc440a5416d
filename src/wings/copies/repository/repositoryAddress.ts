// Where a repository of restic's is, as people give it. Pure but for the folder that a relative path begins in.
import { resolve } from 'node:path';

/** restic runs in another folder, so a folder is told in full. */
export function repositoryOf(text: string): string {
  return isRemote(text) ? text : resolve(text.replace(/^local:/u, ''));
}

export function isRemote(repository: string): boolean {
  return /^(b2|sftp|s3|gs|azure|swift|rest|rclone):/u.test(repository);
}

/** With the password that the environment of one of our own has: everybody reads its arguments. */
export function withPassword(given: string, { VIRT_REWIND_REPOSITORY: whole = '' }: NodeJS.ProcessEnv): string {
  return withoutPassword(whole) === given ? whole : given;
}

/** As it is shown and remembered: an address may have one, and an option of rclone's. Also of a message with it. */
export function withoutPassword(repository: string): string {
  return (
    repository
      // The host begins after the last @ of both parts before the first slash.
      .replaceAll(/(\/\/[^/:\s]*):[^/\s]*@/gu, '$1:***@')
      .replaceAll(/([,:]\w*(?:pass|secret|key|token)\w*=)(?:"[^"]*"|'[^']*'|[^,:\s]*)/giu, '$1***')
  );
}
