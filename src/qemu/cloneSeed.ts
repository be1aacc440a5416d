// The seed of a clone: the CD-ROM that cloud-init reads in it, made of the one that its original has.
import { hostKeyIn, type SeedTexts, writeCloneSeed } from '../domain/cloudSeed.js';
import { newHostKey } from '../base/hostKey.js';
import { isoImage, readIsoImage } from './isoImage.js';

export const seedLabel = 'cidata';

/** @returns the same bytes where it is no seed of ours */
export function cloneSeed(bytes: Uint8Array, own: Omit<Parameters<typeof writeCloneSeed>[1], 'hostKey'>): Uint8Array {
  const seed = readSeed(bytes);
  if (seed === undefined) {
    return bytes;
  }
  const files = [...writeCloneSeed(seed, { ...own, hostKey: newHostKey() })];
  return isoImage(
    seedLabel,
    files.map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) })),
  );
}

/** The public host key that it gives the guest. */
export function hostKeyOf(bytes: Uint8Array): string | undefined {
  const seed = readSeed(bytes);
  return seed && hostKeyIn(seed);
}

function readSeed(bytes: Uint8Array): SeedTexts | undefined {
  const files = readIsoImage(bytes, seedLabel);
  return files && new Map(files.map(({ name, bytes: text }) => [name, new TextDecoder().decode(text)]));
}
