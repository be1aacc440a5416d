// Level files on the disk, as their authors write them. Reads regular files of a bounded size alone.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { t } from '@vscode/l10n';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { longestYaml } from '../lab/readYaml.js';
import { type ReadLevel, readLevel } from './readLevel.js';

/** What is no file, or too large, is a level with that problem. @throws Failure `notFound` */
export async function readLevelFile(path: string): Promise<ReadLevel> {
  // A pipe without a writer would block.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Failure('notFound', { doing: 'read the level', path }, { cause: error });
  });
  try {
    const stat = await file.stat();
    // A character takes four bytes at most.
    if (!stat.isFile() || stat.size > longestYaml * 4) {
      const message = t('{0} is not a level: it is too large, or not a file.', displayLine(path));
      return {
        problems: [{ line: 1, column: 1, endLine: 1, endColumn: 1, message }],
        problemsOf: () => [],
      };
    }
    return readLevel((await file.readFile()).toString('utf8'));
  } finally {
    await file.close();
  }
}
