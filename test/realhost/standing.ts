// How far the table is: on the disk, for the host may fall in the middle of it.
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { deserialize, serialize } from 'node:v8';
import type { OracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import type { ModelState } from '../oracle/model.js';

/** A VM at the moment at which its host was reset. */
export interface Fallen {
  readonly name: string;
  readonly what: string;
  readonly guest: OracleGuest;
  readonly before: ModelState;
  readonly after: ModelState;
}

export interface Standing {
  right: number;
  /** What went wrong, each with its reason. */
  readonly wrong: string[];
  untried: number;
  /** Groups that have ended. */
  readonly done: string[];
  /** How often the host was reset. */
  resets: number;
  /** Present while the host falls. */
  fallen?: readonly Fallen[];
}

const file = '/var/lib/virt-rewind-table';

export function readStanding(): Standing {
  return existsSync(file)
    ? (deserialize(readFileSync(file)) as Standing)
    : { right: 0, wrong: [], untried: 0, done: [], resets: 0 };
}

/** Resolves when it is on the disk. */
export async function keepStanding(standing: Standing): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(serialize(standing));
    await handle.sync();
  } finally {
    await handle.close();
  }
}
