// The restore points of a lab as layers: each is known by a digest of what is done before it and of all before that, so
// that what is there already is not done again.
import { createHash } from 'node:crypto';
import { openToRead } from '../base/readFileAtMost.js';
import type { RecordedVm } from '../journal/labStore.js';
import { labFailure } from './labFailure.js';
import type { Lab, LabStep } from './labFile.js';
import { findLabFile } from './labPlaces.js';

/** A file is sent through a channel for commands, which is slow. */
const longestCopy = 256 * 1024 * 1024;

interface CopiedSource {
  /** Absolute, links followed. */
  readonly path: string;
  readonly digest: string;
}

export interface LabChain {
  /** The digest of the VMs before any step, then of each restore point of the file. */
  readonly digests: readonly [string, ...string[]];
  /** By the path in the lab file. */
  readonly files: ReadonlyMap<string, CopiedSource>;
}

/**
 * To go back to a layer, or to make the next one of where the VMs are. Layers count from 0, which is what was before
 * the first step.
 */
export interface LayerAct {
  readonly kind: 'revert' | 'make';
  readonly layer: number;
}

/** Reads the chain of a lab that is recorded, or will be. @throws Failure where a file of a step cannot be used */
export async function readChain(
  { points }: Pick<Lab, 'points'>,
  vms: readonly Pick<RecordedVm, 'key' | 'name' | 'parts' | 'sources'>[],
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<LabChain> {
  const files = new Map<string, CopiedSource>();
  for (const { work } of points.flatMap(({ run }) => run)) {
    if (work.kind === 'copy' && !files.has(work.from)) {
      const path = await findLabFile(work.from, file, environment);
      files.set(work.from, { path, digest: await digestOfFile(path) });
    }
  }
  return { digests: digestsOf(points, vms, (from) => files.get(from)?.digest ?? ''), files };
}

/** Neither a title nor a time limit changes what a guest becomes. */
export function digestsOf(
  points: Lab['points'],
  vms: readonly Pick<RecordedVm, 'key' | 'name' | 'parts' | 'sources'>[],
  digestOfCopied: (from: string) => string,
): readonly [string, ...string[]] {
  const base = sha256(
    vms.map(({ key, name, parts, sources = [] }) => [key, parts ?? name, sources.map(({ bytes }) => bytes)]),
  );
  const contentOf = ({ vm, work, ssh }: LabStep): unknown => [
    vm,
    work,
    ...(work.kind === 'copy' ? [digestOfCopied(work.from)] : []),
    ssh ?? null,
  ];
  const digests: [string, ...string[]] = [base];
  for (const { run } of points) {
    digests.push(sha256([digests.at(-1), run.map(contentOf)]));
  }
  return digests;
}

/** What to do for VMs that were just created: the state before the first step is kept if there is a first step. */
export function actsAnew({ points }: Pick<Lab, 'points'>, { digests }: LabChain): readonly LayerAct[] {
  const first = points[0]?.run.length ?? 0;
  const acts = layerActs([true, ...digests.slice(1).map(() => false)], 0) ?? [];
  return [...(first > 0 ? [{ kind: 'make', layer: 0 } as const] : []), ...acts];
}

/**
 * What is done so that all layers are there, and the VMs at the last one.
 *
 * @param have of each layer whether it is there
 * @param at where the VMs are, if that is known
 * @returns undefined where there is nothing to begin with
 */
export function layerActs(have: readonly boolean[], at: number | undefined): readonly LayerAct[] | undefined {
  const acts: LayerAct[] = [];
  let here = at;
  const goTo = (layer: number): boolean => {
    if (here !== layer) {
      const isThere = have[layer] === true || acts.some((act) => act.kind === 'make' && act.layer === layer);
      if (!isThere) {
        return false;
      }
      acts.push({ kind: 'revert', layer });
      here = layer;
    }
    return true;
  };
  for (let layer = 1; layer < have.length; layer++) {
    if (have[layer] !== true) {
      if (!goTo(layer - 1)) {
        return undefined;
      }
      acts.push({ kind: 'make', layer });
      here = layer;
    }
  }
  return have.length < 2 || goTo(have.length - 1) ? acts : undefined;
}

async function digestOfFile(path: string): Promise<string> {
  const handle = await openToRead(path);
  try {
    const { size, mode } = await handle.stat();
    if (size > longestCopy) {
      throw labFailure('tooLarge', { file: path });
    }
    const hash = createHash('sha256').update(`${mode & 0o777}\n`);
    const piece = Buffer.alloc(1024 * 1024);
    for (let at = 0; at <= longestCopy;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) {
        break;
      }
      hash.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

/** Whether a file has not changed since its record. */
export async function isUnchanged({ path, digest }: CopiedSource): Promise<boolean> {
  return (await digestOfFile(path).catch(() => '')) === digest;
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
