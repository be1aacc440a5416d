// Whether a VM or a snapshot names a file, by whatever path: what anybody names is nobody's leftover. Decides nothing.
import { wholeChain } from './backingChain.js';
import { namedFiles } from './fileUse.js';
import { movedFiles } from './movedFiles.js';
import { identitiesOf } from './samePath.js';
import { stateFiles } from './stateCopies.js';
import type { Facts } from '../facts.js';

/** Made once for the same facts. */
const known = new WeakMap<Facts, ReadonlySet<string>>();

/**
 * As far as files were seen: another way of writing a path counts always, a link to the same file only where both were
 * looked at.
 */
export function isClaimed(path: string, facts: Facts): boolean {
  const claims = known.get(facts) ?? new Set(claimedPaths(facts).flatMap((one) => identities(one, facts)));
  known.set(facts, claims);
  return identities(path, facts).some((one) => claims.has(one));
}

export function claimedPaths(facts: Facts): readonly string[] {
  return [...ownClaims(facts), ...(facts.otherVms ?? []).flatMap(({ files }) => files)];
}

/** All that the VM, its snapshots, its next start and its saved state name, with what that rests on. */
export function ownClaims(facts: Facts): ReadonlySet<string> {
  const { vm, frozenDisks, configured = [] } = facts;
  const disks = [...vm.disks, ...configured, ...[...(frozenDisks?.values() ?? [])].flat()];
  return new Set([
    ...namedFiles(facts),
    ...disks.flatMap((disk) => wholeChain(disk, facts)),
    ...stateFiles(vm),
    ...(vm.savedDisks ?? []).map(({ file }) => file),
    ...(vm.mentions ?? []),
    ...movedFiles(facts).map(({ found }) => found),
  ]);
}

function identities(path: string, { files }: Facts): readonly string[] {
  return identitiesOf(path, files?.images.get(path) ?? files?.files.get(path));
}
