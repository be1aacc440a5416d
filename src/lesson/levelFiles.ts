// Level files on the disk, as their authors write them. Reads files of a bounded size alone.
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { t } from '@vscode/l10n';
import { readFileAtMost } from '../base/readFileAtMost.js';
import { displayLine } from '../domain/plainText.js';
import { longestYaml } from '../lab/readYaml.js';
import { type ReadLevel, readLevel } from './readLevel.js';

/** A character takes four bytes at most. */
const mostBytes = longestYaml * 4;

/** What cannot be read, is no file, or is too large is a level with that problem: others beside it are read. */
export async function readLevelFile(path: string): Promise<ReadLevel> {
  let read: Buffer;
  try {
    // A problem may quote the file: a link of somebody else's shows none of ours.
    const [folder, file] = await Promise.all([realpath(dirname(path)), realpath(path)]);
    if (!file.startsWith(join(folder, '/'))) {
      return withProblem(t('{0} is a link that leads out of its folder.', displayLine(path)));
    }
    read = await readFileAtMost(path, mostBytes + 1);
  } catch (error) {
    return withProblem(
      t(
        '{0} cannot be read: {1}',
        displayLine(path),
        displayLine(error instanceof Error ? error.message : String(error)),
      ),
    );
  }
  return read.length > mostBytes
    ? withProblem(t('{0} is not a level: it is too large, or not a file.', displayLine(path)))
    : readLevel(read.toString('utf8'));
}

function withProblem(message: string): ReadLevel {
  return { problems: [{ line: 1, column: 1, endLine: 1, endColumn: 1, message }], problemsOf: () => [] };
}
