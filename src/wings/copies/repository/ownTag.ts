// The tag by which restic's snapshots are known to be ours: anybody can give the others, and only who has the secret of
// our state folder this one. No rule deletes a snapshot without it.
import { createHmac, randomBytes } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, undefinedIfAbsent } from '../../../base/errno.js';
import { newId, ownFolder, readBounded, writeNew } from '../../../journal/durable.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import { orCannotWrite } from '../host/workFolder.js';
import { backupIdOf } from './tags.js';

const secretPattern = /^[\da-f]{64}$/u;

interface TagList {
  readonly tags: readonly string[];
}

export class OwnTags {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** @param id of a backup. @throws CopiesFault `cannotWrite` */
  async tag(id: string): Promise<string> {
    const folder = sessionFolder(this.#environment);
    const secret = await orCannotWrite(folder, async () => (await read(folder)) ?? (await make(folder)));
    return tagOf(id, secret);
  }

  /** Those that we made: none where the secret cannot be read. */
  async filter<T extends TagList>(snapshots: readonly T[]): Promise<readonly T[]> {
    const secret = await read(sessionFolder(this.#environment)).catch(() => undefined);
    return secret === undefined ? [] : snapshots.filter(({ tags }) => tags.includes(tagOf(backupIdOf(tags), secret)));
  }
}

function tagOf(id: string, secret: string): string {
  return `made:${createHmac('sha256', secret).update(id).digest('hex').slice(0, 32)}`;
}

async function read(folder: string): Promise<string | undefined> {
  const bytes = await undefinedIfAbsent(readBounded(promises, fileIn(folder), 1_024));
  const text = bytes?.toString() ?? '';
  return secretPattern.test(text) ? text : undefined;
}

/** Two programs may do this at once: the secret of the first one stays. */
async function make(folder: string): Promise<string> {
  await ownFolder(promises, folder);
  const making = join(folder, `new-${newId()}`);
  await writeNew(promises, making, randomBytes(32).toString('hex'));
  try {
    await link(making, fileIn(folder));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      throw error;
    }
  } finally {
    await rm(making, { force: true });
  }
  const secret = await read(folder);
  if (secret === undefined) {
    throw new Error(`${fileIn(folder)} is none of ours`);
  }
  return secret;
}

function fileIn(folder: string): string {
  return join(folder, 'repository-secret');
}
