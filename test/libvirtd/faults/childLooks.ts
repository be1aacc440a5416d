// Whether a clone or a fork is there whole, or nothing of it: its definition, its disks, and the files of the folder
// that no VM names. Knows no fault.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../scripts/rig/run.mjs';
import { virshOk } from '../../../scripts/guest/defineVm.mjs';
import type { PlannedWork } from '../../../src/operations/plan.js';
import { blockDifferences } from '../../oracle/blocks.js';
import { readImage } from '../../oracle/images.js';
import type { Disks } from '../../oracle/model.js';
import type { Daemon } from '../engineRig.js';

/** One for all rows, which come one after another: the names in a plan are then those of every row. */
export const childName = 'child';

export interface ChildLook {
  readonly is: 'whole' | 'gone' | 'half';
  readonly wrong: readonly string[];
}

/**
 * | libvirt knows it | is                                                                            |
 * |------------------|-------------------------------------------------------------------------------|
 * | yes              | whole: all of its files are there, without damage, with what the VM held then |
 * | no               | gone: no file is left that neither the VM nor its snapshots name              |
 *
 * @param parent name of the VM
 * @param folder that held nothing but the VM's files
 */
export async function lookAtChild(
  daemon: Daemon,
  parent: string,
  folder: string,
  plan: PlannedWork,
  held: Disks,
): Promise<ChildLook> {
  const described = await daemon.virsh(['dumpxml', childName]);
  const isDefined = described.code === 0;
  const names = await allDescriptions(daemon, parent);
  const left = (await readdir(folder, { recursive: true }))
    .map((name) => join(folder, name))
    .filter((file) => !names.includes(`'${file}'`) && !(isDefined && described.stdout.includes(`'${file}'`)))
    .map((file) => `nobody names ${file}`);
  if (!isDefined) {
    return { is: left.length === 0 ? 'gone' : 'half', wrong: left };
  }
  const wrong = [...left];
  // A fork that is off was never created: its RAM is what counts.
  const begins = plan.steps.some(({ kind }) => kind === 'restoreClone');
  const state = (await daemon.virsh(['domstate', childName])).stdout.trim();
  if (begins && state !== 'running') {
    wrong.push(`the fork is ${state}`);
  }
  const disks = [...described.stdout.matchAll(/<disk .*?<\/disk>/gsu)]
    .filter(([disk]) => disk.includes("device='disk'"))
    .map(([disk]) => /<source file='([^']*)'/u.exec(disk)?.[1] ?? '');
  for (const [index, content] of held.entries()) {
    const file = disks[index] ?? '';
    const checked = await run('qemu-img', ['check', '-U', '-q', file]);
    wrong.push(
      ...(checked.code === 0
        ? blockDifferences(index, await readImage({ file, format: 'qcow2' }), content)
        : [`${file}: ${checked.stderr.trim()}`]),
    );
  }
  return { is: wrong.length === 0 ? 'whole' : 'half', wrong };
}

export async function removeChild(daemon: Daemon): Promise<void> {
  await daemon.virsh(['destroy', childName]);
  await daemon.virsh(['undefine', childName, '--snapshots-metadata', '--managed-save']);
}

/** The VM's own, as it is and as it will start, and those of its snapshots. */
async function allDescriptions({ virsh }: Daemon, name: string): Promise<string> {
  const snapshots = (await virshOk(virsh, 'snapshot-list', name, '--name')).split('\n').filter((one) => one !== '');
  const texts = [virshOk(virsh, 'dumpxml', name), virshOk(virsh, 'dumpxml', name, '--inactive')];
  return (await Promise.all([...texts, ...snapshots.map((one) => virshOk(virsh, 'snapshot-dumpxml', name, one))])).join(
    '\n',
  );
}
