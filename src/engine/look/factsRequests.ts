// Which facts a request, the doctor and a recovery ask for. Reads nothing, refuses to decide.
import { actingFolder } from '../../domain/chains/overlayFiles.js';
import { movedRamPlaces } from '../../domain/chains/movedFiles.js';
import { factsToExamine } from '../../diagnosis/factsToExamine.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import { touchedFilesOf } from '../../steps/steps.js';
import { beingWrittenRefusal } from '../../operations/beingWrittenRefusal.js';
import type { InterruptedOperation } from '../../operations/interrupted.js';
import { isActive } from '../../domain/vm.js';
import { requiredFacts, requiredFiles } from '../../operations/decide/planners.js';
import {
  factsOfRam,
  hardwareSince,
  noFacts,
  noFiles,
  type RequiredFacts,
  type RequiredFiles,
  savedRamOf,
  withClaimed,
} from '../../operations/requiredFacts.js';

/** Which facts somebody asks for: the rules of a request, or of something wider. */
export interface FactsRequest {
  readonly needs: RequiredFacts;
  /** Told when the frozen disks are there, which name the files. */
  readonly files: (facts: Facts) => RequiredFiles;
  /** Told once more when the folders were listed, for what is in them, and so on while it names more. */
  readonly rest?: (facts: Facts) => RequiredFiles;
}

export function factsToPlan(request: OperationRequest, known: Facts): FactsRequest {
  const repair = request.kind === 'repair' ? request.repair.kind : undefined;
  const files: FactsRequest['files'] = (facts) => {
    const wanted = requiredFiles(request, facts);
    // A file that is to go for good may be named in another way by a snapshot that has nothing else to do with it.
    return repair === 'removeFiles' ? withClaimed(wanted, facts) : wanted;
  };
  const isByFolders = repair === 'nameMovedFiles' || (request.kind === 'disk' && request.change.do === 'add');
  return { needs: requiredFacts(request, known), files, ...(isByFolders ? { rest: files } : {}) };
}

/** As `factsToPlan`, before the first step: while libvirt makes a snapshot, its job would hold the answers back. */
export function factsToBegin(request: OperationRequest, known: Facts): FactsRequest {
  return beingWrittenRefusal(known, request) === undefined
    ? factsToPlan(request, known)
    : { needs: noFacts, files: () => noFiles };
}

/** What any of these requests about one VM asks for. */
export function factsToDecide(requests: readonly OperationRequest[], known: Facts): FactsRequest {
  const each = requests.map((request) => factsToBegin(request, known));
  const files: FactsRequest['files'] = (facts) => {
    const wanted = each.map((one) => one.files(facts));
    return {
      images: all(wanted, ({ images }) => images),
      files: all(wanted, (one) => one.files),
      folders: all(wanted, ({ folders }) => folders),
      changes: all(wanted, ({ changes = [] }) => changes),
      sums: all(wanted, ({ sums = [] }) => sums),
    };
  };
  const needs = each.map((one) => one.needs);
  // What is about to be made has no files yet.
  const { made } = needs.find((one) => one.made === known.vm.uuid) ?? {};
  const any = (
    part:
      | 'blockJobs'
      | 'otherVms'
      | 'agent'
      | 'checkpoints'
      | 'written'
      | 'strays'
      | 'configured'
      | 'ramBlockers'
      | 'tuning'
      | 'hardwareNow',
  ): boolean => needs.some((one) => one[part] === true);
  return {
    needs: {
      blockJobs: any('blockJobs'),
      frozenDisks: all(needs, ({ frozenDisks }) => frozenDisks),
      otherVms: any('otherVms'),
      agent: any('agent'),
      checkpoints: any('checkpoints'),
      written: any('written'),
      strays: any('strays'),
      configured: any('configured'),
      ramBlockers: any('ramBlockers'),
      tuning: any('tuning'),
      hardwareNow: any('hardwareNow'),
      savedRam: all(needs, ({ savedRam = [] }) => savedRam),
      hardware: all(needs, ({ hardware = [] }) => hardware),
      ...(needs.some((one) => one.startNeeds !== undefined)
        ? { startNeeds: all(needs, ({ startNeeds = [] }) => startNeeds) }
        : {}),
      ...(made === undefined ? {} : { made }),
      // A question marks no VM.
      ...(needs.some(({ seamless }) => seamless !== undefined) ? { seamless: 'look' } : {}),
    },
    files,
    ...(each.some(({ rest }) => rest !== undefined) ? { rest: files } : {}),
  };
}

/** Each once. */
function all<T>(from: readonly T[], part: (one: T) => readonly string[]): readonly string[] {
  return [...new Set(from.flatMap(part))];
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
      ...factsOfRam({ vm, capabilities }),
      written: isQemu,
      savedRam: isQemu ? [...tree.snapshots.flatMap(savedRamOf), ...movedRamPlaces({ vm, tree })] : [],
      ...(isQemu && !capabilities.readOnly ? { seamless: 'look' as const } : {}),
    },
    files: (facts) => withClaimed(factsToExamine(facts), facts),
    rest: (facts) => withClaimed(factsToExamine(facts), facts),
  };
}

/**
 * What can have become of an operation that broke off: the files that it was to make or remove are looked at too, and
 * all snapshots, for it may be that none of those that it named is left.
 */
export function factsToRecover({ request, plan }: InterruptedOperation, known: Facts): FactsRequest {
  const { seamless: _, ramBlockers: __, ...needs } = factsToDiagnose(known).needs;
  const seamless = plan.steps.some((step) => step.kind === 'createSnapshot' && step.seamless === true);
  const { made } = requiredFacts(request, known);
  return {
    needs: {
      ...needs,
      stream: seamless && isActive(known.vm.power),
      tuning: request.kind === 'speed' && isActive(known.vm.power),
      debugger: request.kind === 'debug' && isActive(known.vm.power),
      ...(request.kind === 'revert'
        ? { hardware: hardwareSince(known, request.snapshot), startNeeds: [request.snapshot] }
        : {}),
      ...(made === undefined ? {} : { made }),
    },
    files: (facts) => {
      const wanted = requiredFiles(request, facts);
      const touched = plan.steps.map(touchedFilesOf);
      const images = touched.flatMap((one) => one.images ?? []);
      const files = touched.flatMap((one) => one.files ?? []);
      const present = facts.vm.disks.flatMap(({ source }) => (source?.startsWith('/') === true ? [source] : []));
      // The overlays of a snapshot that broke off may have to be merged back.
      const changes = isActive(facts.vm.power)
        ? []
        : [
            ...present.filter((file) => images.includes(file)),
            ...plan.steps.flatMap((step) => (step.kind === 'rebaseOverlay' ? [step.file] : [])),
          ];
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
