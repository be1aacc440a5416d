// What the health checks are told of a VM: values only.
import type { Capabilities } from '../domain/capabilities.js';
import type { VmLayers } from '../domain/layers.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Vm } from '../domain/vm.js';
import type { Forecast } from './growth.js';
import type { Problem } from './problem.js';
import type { Thresholds } from './thresholds.js';

/** What is undefined is not known, and what needs it is not judged. */
export interface HealthFacts {
  readonly vm: Vm;
  readonly capabilities?: Capabilities | undefined;
  readonly tree?: SnapshotTree | undefined;
  readonly layers?: VmLayers | undefined;
  /** Names of snapshots that somebody wants to keep: their age is no warning. */
  readonly kept?: readonly string[] | undefined;
  /** What is in the trash, and until when: milliseconds since 1970. */
  readonly trash?: readonly { readonly name: string; readonly until: number }[] | undefined;
  /** What an examination that still fits the VM found. */
  readonly examined?: readonly Problem[] | undefined;
  /** By folder. */
  readonly forecasts?: ReadonlyMap<string, Forecast> | undefined;
  readonly thresholds: Thresholds;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function isTreeKnown({ tree, capabilities }: HealthFacts): boolean {
  return tree !== undefined && capabilities !== undefined;
}
