// The files of other VMs under the names by which this VM knows them.
import { namedFiles } from '../../domain/chains/fileUse.js';
import { pathsByIdentity } from '../../domain/chains/samePath.js';
import type { Facts, OtherVm } from '../../domain/facts.js';
import type { ReadVm } from '../../live/otherVmFacts.js';
/** Rules compare paths as text: files of other VMs get the names by which this one knows them too. */
export function withOwnPaths(facts: Facts, others: readonly ReadVm[]): Facts {
  if (others.length === 0) {
    return facts;
  }
  const own = ownPaths(facts);
  const otherVms = others.map((other): OtherVm => {
    const namesOf = (file: string): readonly string[] => [
      ...new Set([file, ...(other.identities.get(file) ?? []).flatMap((identity) => own.get(identity) ?? [])]),
    ];
    const { files, writes = [], below = [], froze = [] } = other;
    return {
      ...withoutIdentities(other),
      files: [...new Set(files.flatMap(namesOf))],
      writes: writes.flatMap(namesOf),
      below: below.flatMap((one) => namesOf(one.file).map((file) => ({ ...one, file }))),
      froze: froze.flatMap((one) => namesOf(one.file).map((file) => ({ ...one, file }))),
    };
  });
  return { ...facts, otherVms };
}

export function ownPaths(facts: Facts): ReadonlyMap<string, readonly string[]> {
  const { files } = facts;
  return pathsByIdentity([...namedFiles(facts), ...pathsOf(files)], files);
}

function pathsOf(files: Facts['files']): readonly string[] {
  return files === undefined ? [] : [...files.images.keys(), ...files.files.keys()];
}

export function withoutIdentities({ identities: _, ...other }: ReadVm): OtherVm {
  return other;
}
