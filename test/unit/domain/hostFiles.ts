// What was seen of a host's files, written as short as it can be told. `/img` is the folder of everything.
import { type CannotAct, type ImageFacts, trashFolder } from '../../../src/domain/hostFiles.js';
import type { FileFactsByPath, Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';

export function image(more: Partial<ImageFacts> = {}): ImageFacts {
  return {
    bytes: 4_096,
    allocatedBytes: 4_096,
    modifiedAt: 1_000.5,
    format: 'qcow2',
    virtualBytes: 2 ** 26,
    tags: [],
    ...more,
  };
}

/** An overlay on `file`. */
export function over(file: string, more: Partial<ImageFacts> = {}): ImageFacts {
  return image({ backing: { file, format: 'qcow2' }, ...more });
}

export type SeenFile = ImageFacts | 'missing' | 'unknown';

/** By default everything can be done in `/img`, and there is room. */
export function seen(
  images: Readonly<Record<string, SeenFile>>,
  files: Readonly<Record<string, 'there' | 'missing' | 'unknown'>> = {},
  more: Partial<FileFactsByPath> = {},
): FileFactsByPath {
  const there = { bytes: 1, allocatedBytes: 1 };
  const names = [...Object.entries(images), ...Object.entries(files)]
    .filter(([, facts]) => facts !== 'missing' && facts !== 'unknown')
    .map(([file]) => file.slice('/img/'.length));
  return {
    images: new Map(Object.entries(images)),
    files: new Map(Object.entries(files).map(([file, facts]) => [file, facts === 'there' ? there : facts])),
    freeBytes: new Map([['/img', 2 ** 40]]),
    canAct: new Map<string, 'yes' | CannotAct>([
      ['/img', 'yes'],
      [`/img/${trashFolder}`, { why: 'folderMissing' }],
    ]),
    lists: new Map([['/img', names]]),
    ...more,
  };
}

/** With nobody else on the connection. */
export const alone: Pick<Facts, 'otherVms' | 'blockJobs'> = { otherVms: [], blockJobs: [] };

/** A word or two for each step. */
export function told(steps: readonly Step[]): string {
  return steps.map(word).join(', ');
}

function word(step: Step): string {
  if (step.kind === 'revert') {
    return `revert ${step.to}`;
  }
  if (step.kind === 'power') {
    return step.action;
  }
  if (step.kind === 'createSnapshot') {
    return `${step.auto ?? 'asked'} ${step.snapshotKind} ${step.style}`;
  }
  if (step.kind === 'restoreMemory') {
    return `restoreMemory ${step.to}`;
  }
  return step.kind;
}
