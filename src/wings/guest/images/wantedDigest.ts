// What an image of the catalogue must be: its digest, out of a file of checksums, whose signature gpgv checks where
// that and the keys are on this computer.
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { findProgram } from '../../../base/findProgram.js';
import { runHere } from '../../../base/hostProgram.js';
import { guestFailure } from '../guestFailure.js';
import type { CatalogueImage } from './catalogue.js';
import { readAddress } from './openAddress.js';
import { readChecksum } from './readChecksum.js';

const mostSumsBytes = 1024 * 1024;
const mostSignatureBytes = 64 * 1024;
const mostCheckMs = 60_000;

export interface WantedDigest {
  /** SHA-256 or SHA-512, by its length. */
  readonly digest: string;
  /** What is missing here to check the signature of the checksums: a program, or the file of keys. */
  readonly unchecked?: string;
}

/** @throws Failure */
export async function wantedDigest(
  { address, sums, digest, signature, keyring }: CatalogueImage,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv,
): Promise<WantedDigest> {
  if (digest !== undefined || sums === undefined) {
    return { digest: digest ?? '' };
  }
  const text = await readAddress(sums, mostSumsBytes, { signal });
  const signed =
    signature === undefined || keyring === undefined
      ? undefined
      : await checkSignature({ text, sums, signature, keyring }, signal, environment);
  const file = fileOf(address);
  const found = readChecksum(text.toString('utf8'), file);
  if (found === undefined) {
    throw guestFailure('noChecksum', { address: sums, file });
  }
  return { digest: found, ...(signed !== undefined && { unchecked: signed }) };
}

/** As the file of checksums has it; where it is not escaped well, as it stands. */
function fileOf(address: string): string {
  const name = posix.basename(new URL(address).pathname);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

interface SignedText {
  readonly text: Buffer;
  readonly sums: string;
  readonly signature: string;
  readonly keyring: string;
}

/** @returns what is missing */
async function checkSignature(
  { text, sums, signature, keyring }: SignedText,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv,
): Promise<WantedDigest['unchecked']> {
  const program = await findProgram('gpgv', environment);
  if (program === undefined) {
    return 'gpgv';
  }
  try {
    await access(keyring, constants.R_OK);
  } catch {
    return keyring;
  }
  const signed = await readAddress(signature, mostSignatureBytes, { signal });
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  try {
    await writeFile(join(folder, 'sums'), text);
    await writeFile(join(folder, 'signature'), signed);
    const args = ['--keyring', keyring, 'signature', 'sums'];
    const { exit } = await runHere({ program, args, environment, folder, atMostMs: mostCheckMs }, signal);
    signal.throwIfAborted();
    if (exit !== 0) {
      throw guestFailure('wrongSignature', { address: sums });
    }
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
