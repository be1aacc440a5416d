// What the doctor has to look at on the hypervisor's host. Knows no finding, and reads nothing.
import { configuredFiles, type RequiredFiles } from '../operations/requiredFacts.js';
import { movedFiles } from '../domain/chains/movedFiles.js';
import { stateCopies } from '../domain/chains/stateCopies.js';
import { orphanCandidates } from '../domain/chains/orphans.js';
import { actingFolder } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { snapshotableDisks, xmlChain } from '../domain/vm.js';

/**
 * Every file that the VM and its snapshots name, and their folders. Asked again when the folders were listed, it names
 * what in them may be left over from this VM's snapshots as well.
 *
 * @param facts with the frozen disks of all snapshots
 */
export function factsToExamine(facts: Facts): RequiredFiles {
  const { vm, tree, frozenDisks, capabilities } = facts;
  if (capabilities.driver !== 'qemu') {
    return { images: [], files: [], folders: [] };
  }
  const images = new Set(snapshotableDisks(vm).flatMap(xmlChain));
  movedFiles(facts)
    .filter(({ found }) => !found.endsWith('.mem'))
    .forEach(({ found }) => images.add(found));
  const files = new Set(vm.nvram === undefined ? [] : [vm.nvram]);
  configuredFiles(facts).forEach((file) => images.add(file));
  const sums = new Set<string>();
  const candidates = orphanCandidates(facts);
  candidates.images.forEach((file) => images.add(file));
  candidates.files.forEach((file) => files.add(file));
  for (const snapshot of tree.snapshots) {
    const taking = new Set(snapshot.disks.filter(({ location }) => location !== 'no').map(({ target }) => target));
    for (const { target, source } of frozenDisks?.get(snapshot.name) ?? []) {
      if (source !== undefined && taking.has(target)) {
        images.add(source);
      }
    }
    if (snapshot.memory.file !== undefined) {
      files.add(snapshot.memory.file);
    }
    stateCopies(vm, snapshot).forEach((copy) => sums.add(copy));
  }
  sums.forEach((copy) => files.add(copy));
  const absolute = (paths: ReadonlySet<string>): readonly string[] => [...paths].filter((path) => path.startsWith('/'));
  return {
    images: absolute(images),
    files: absolute(files),
    sums: absolute(sums),
    folders: [...new Set([...absolute(images), ...absolute(files)].map((file) => actingFolder(file, facts)))],
  };
}
