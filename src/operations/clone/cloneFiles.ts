// What the files of a clone are called: beside those that they are made of, after the clone and the disk.
import { listedFiles } from '../../domain/chains/folderNames.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { CloneDisk } from './cloneDisks.js';

export interface CloneFile extends CloneDisk {
  readonly file: string;
}

export function cloneFiles(
  name: string,
  disks: readonly CloneDisk[],
  facts: Facts,
): readonly CloneFile[] | RefusedDecision {
  const taken = new Set(listedFiles(facts));
  const made: CloneFile[] = [];
  for (const disk of disks) {
    const folder = folderOf(disk.from);
    const can = facts.files?.canAct.get(folder);
    if (can !== 'yes') {
      return can === undefined
        ? refuse('notAllSeen', { vm: facts.vm.name, fact: folder })
        : refuse('filesOutOfReach', { folder, why: can.why });
    }
    const file = `${folder}/${name}.${disk.target}.qcow2`;
    if (/[,\p{Cc}\p{Cs}]/u.test(file)) {
      return refuse('unsafePath', { disk: disk.target, file });
    }
    if (taken.has(file)) {
      return refuse('fileTaken', { file });
    }
    made.push({ ...disk, file });
  }
  return made;
}
