// Which facts a request, the doctor and a recovery ask for. Reads nothing, refuses to decide.
import { namedFiles } from '../domain/chains/fileUse.js';
import { actingFolder } from '../domain/chains/overlayFiles.js';
import { factsToExamine } from '../diagnosis/factsToExamine.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Facts } from '../domain/facts.js';
import type { Step } from '../steps/step.js';
import type { InterruptedOperation } from '../operations/interrupted.js';
import { isActive } from '../domain/vm.js';
import {
  type RequiredFiles,
  requiredFiles,
  type RequiredFacts,
  requiredFacts,
  savedRamOf,
} from '../operations/requiredFacts.js';

/** Which facts somebody asks for: the rules of a request, or of something wider. */
export interface FactsRequest {
  readonly needs: RequiredFacts;
  /** Told when the frozen disks are there, which name the files. */
  readonly files: (facts: Facts) => RequiredFiles;
  /** Told once more when the folders were listed, for what is in them. */
  readonly again?: (facts: Facts) => RequiredFiles;
}

export function factsToPlan(request: OperationRequest, known: Facts): FactsRequest {
  return {
    needs: requiredFacts(request, known),
    files: (facts) => {
      const wanted = requiredFiles(request, facts);
      // A file that is to go for good may be named in another way by a snapshot that has nothing else to do with it.
      return request.kind === 'repair' && request.repair.kind === 'removeFiles'
        ? { ...wanted, files: [...new Set([...wanted.files, ...absolute(namedFiles(facts))])] }
        : wanted;
    },
  };
}

function absolute(paths: Iterable<string>): readonly string[] {
  return [...paths].filter((path) => path.startsWith('/'));
}

/** Everything that can be looked at. */
export function factsToDiagnose({ vm, tree, capabilities }: Facts): FactsRequest {
  const isQemu = capabilities.driver === 'qemu';
  const active = isQemu && isActive(vm.power);
  const frozenDisks = isQemu ? tree.snapshots.map(({ name }) => name) : [];
  return {
    needs: {
      blockJobs: active,
      frozenDisks,
      otherVms: isQemu,
      strays: isQemu,
      agent: active && vm.agentChannel,
      configured: active && vm.persistent,
      checkpoints: isQemu,
      written: isQemu,
      savedRam: isQemu ? tree.snapshots.flatMap(savedRamOf) : [],
    },
    files: factsToExamine,
    again: factsToExamine,
  };
}

/**
 * What can have become of an operation that broke off: the files that it was to make or remove are looked at too, and
 * all snapshots, for it may be that none of those that it named is left.
 */
export function factsToRecover({ request, plan }: InterruptedOperation, known: Facts): FactsRequest {
  const { needs } = factsToDiagnose(known);
  return {
    needs,
    files: (facts) => {
      const wanted = requiredFiles(request, facts);
      const { images, files } = filesOf(plan.steps);
      const present = facts.vm.disks.flatMap(({ source }) => (source?.startsWith('/') === true ? [source] : []));
      // The overlays of a snapshot that broke off may have to be merged back.
      const changes = isActive(facts.vm.power) ? [] : present.filter((file) => images.includes(file));
      return {
        ...wanted,
        changes: [...new Set([...(wanted.changes ?? []), ...changes])],
        images: [...new Set([...wanted.images, ...images, ...present])],
        files: [...new Set([...wanted.files, ...files])],
        folders: [...new Set([...wanted.folders, ...[...images, ...files].map((file) => actingFolder(file, facts))])],
      };
    },
  };
}

function filesOf(steps: readonly Step[]): { readonly images: readonly string[]; readonly files: readonly string[] } {
  const images: string[] = [];
  const files: string[] = [];
  for (const step of steps) {
    switch (step.kind) {
      case 'createSnapshot':
        images.push(...step.disks.flatMap(({ file }) => file ?? []));
        files.push(...(step.memoryFile === undefined ? [] : [step.memoryFile]));
        break;
      case 'adoptSnapshot':
        images.push(...step.made.disks.flatMap(({ file }) => file ?? []), ...step.below.map(({ file }) => file));
        break;
      case 'createOverlays':
        images.push(...step.overlays.flatMap(({ file, backing }) => [file, backing]));
        break;
      case 'defineFromSnapshot':
        images.push(...step.disks.map(({ file }) => file));
        break;
      case 'restoreMemory':
        images.push(...step.disks.map(({ file }) => file));
        files.push(step.file);
        break;
      case 'removeFiles':
      case 'trashFiles':
        // Overlays go only where they are known to be empty; RAM is no image.
        images.push(...step.files.filter((file) => !file.endsWith('.mem')));
        files.push(...step.files);
        break;
      case 'removeTag':
        images.push(step.file);
        break;
      case 'copyFile':
        files.push(step.from, step.to);
        break;
      case 'blockCommit':
        images.push(step.top, step.base);
        break;
      case 'commitImages':
        images.push(...step.disks.flatMap(({ top, base }) => [top, base]));
        break;
      case 'makeCurrent':
      case 'revert':
      case 'deleteSnapshot':
      case 'describeSnapshot':
      case 'forgetSnapshot':
      case 'redefineAs':
      case 'reparent':
      case 'nameFrozenFiles':
      case 'clearUnfinishedDelete':
      case 'configureDisks':
      case 'makePersistent':
      case 'power':
      case 'startPaused':
      case 'dropManagedSave':
      case 'waitUntil':
      case 'thawGuest':
      case 'setGuestClock':
        break;
    }
  }
  return { images, files };
}
