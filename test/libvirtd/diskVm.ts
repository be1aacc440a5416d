// VMs on disks that a test has made itself, known to the inventory.
import { defineDiskVm as define } from '../../scripts/guest/diskVm.mjs';
import type { LiveRig } from './engineRig.js';

export type MadeDisk = Parameters<typeof define>[2][number];

/** Resolves with its name. */
export async function defineDiskVm(
  { daemon, engine, uri }: LiveRig,
  name: string,
  disks: readonly MadeDisk[],
): Promise<string> {
  await define(daemon, name, disks);
  await engine.refresh({ connection: uri });
  return name;
}
