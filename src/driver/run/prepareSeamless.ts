// What a snapshot with RAM of a running guest needs before that is stopped: overlays, a file that QEMU has open, QEMU
// ready to guard the RAM. Nothing that the guest could notice, and all of it is taken back where it fails.
import { formatVersion, type Version, versionOf } from '../../domain/capabilities.js';
import type { MadeFile } from '../../domain/hostFiles.js';
import type { CreateStep } from '../../steps/step.js';
import type { SavedFile } from '../hypervisor.js';
import { readPower } from '../powerState.js';
import {
  abortBackgroundSave,
  descriptorMark,
  leastQemu,
  readQemuVersion,
  readStream,
  readWrites,
  setBackgroundSnapshot,
} from './monitor.js';
import { createOverlay, removeMade } from './filesAsMade.js';
import type { SeamlessAccess, StepContext } from './stepContext.js';

export type SeamlessStep = CreateStep & { readonly memoryFile: string };

/** Before anything was touched: the snapshot can be taken in another way. */
export class NotSeamless extends Error {
  override readonly name = 'NotSeamless';
}

export interface Overlay {
  readonly target: string;
  readonly file: string;
  readonly below: string;
  readonly format: string;
}

export function overlaysOf({ vm }: StepContext, { disks }: SeamlessStep): readonly Overlay[] {
  return disks.map(({ target, file }) => {
    const disk = vm.disks.find((one) => one.target === target);
    if (disk?.source === undefined || file === undefined) {
      throw new NotSeamless(`disk ${target} is no file`);
    }
    return { target, file, below: disk.source, format: disk.format };
  });
}

/**
 * By a path, that of a set too, QEMU cuts the file off, which AppArmor forbids; a file under a name it writes on. From
 * 11 on it takes no file so.
 */
const leastByPath = versionOf(11, 0);

interface PreparedSave {
  readonly saved: SavedFile;
  readonly uri: string;
  /** How often the guest had written when it began, some tenths of a second ago. */
  readonly writes: number;
  readonly made: readonly MadeFile[];
}

/** Nothing that the guest could notice. Takes back what it made where it fails. */
export async function prepare(
  context: StepContext,
  step: SeamlessStep,
  overlays: readonly Overlay[],
  xml: string,
  access: SeamlessAccess,
): Promise<PreparedSave> {
  const { dom } = context;
  const made: MadeFile[] = [];
  let saved: SavedFile | undefined;
  try {
    const version = await requirePossible(context);
    const writes = await readWrites(context);
    saved = await access.begin(step.memoryFile, xml);
    // A program is started for either. Both are waited for, so that what the one has made is known when the other
    // fails.
    const handing = saved.handOver(dom.uuid, version < leastByPath ? 'named' : 'inSet');
    const [set] = await waitForBoth(handing, makeOverlays(context, overlays, made));
    await setBackgroundSnapshot(context, true);
    const uri = set === undefined ? `fd:${descriptorMark}` : `file:/dev/fdset/${set},offset=${saved.start}`;
    return { saved, uri, writes, made };
  } catch (error) {
    if (saved !== undefined) {
      await abortLeftSave(context);
      await saved.discard();
    }
    await removeMade(context, made);
    throw error instanceof NotSeamless ? error : new NotSeamless(String(error), { cause: error });
  }
}

/** `made` grows with each. */
async function makeOverlays(
  { files, onMade }: StepContext,
  overlays: readonly Overlay[],
  made: MadeFile[],
): Promise<void> {
  for (const overlay of overlays) {
    const { file, below, format } = overlay;
    await createOverlay(files, { file, backing: below, backingFormat: format }, made, onMade);
  }
}

/** Rejects as the first of them that does, when both have ended. */
async function waitForBoth<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** @returns the version of its QEMU. @throws NotSeamless */
async function requirePossible(context: StepContext): Promise<Version> {
  const { connection, dom, capabilities } = context;
  // Checks the program on the host first: the question alone would mark an old one.
  const version = capabilities.hypervisor < leastQemu ? capabilities.hypervisor : await readQemuVersion(context);
  if (version < leastQemu) {
    throw new NotSeamless(`QEMU ${formatVersion(version)} is too old for it`);
  }
  if ((await readPower(connection, dom)).power !== 'running') {
    throw new NotSeamless('the VM does not run');
  }
  const { state, blockers } = await readStream(context);
  if (state === 'going') {
    throw new NotSeamless('QEMU is sending the state of the VM somewhere already');
  }
  if (blockers.length > 0) {
    throw new NotSeamless(blockers.join('; '));
  }
  return version;
}

/** The end of the operation tries once more. */
export async function abortLeftSave(context: StepContext): Promise<void> {
  try {
    await abortBackgroundSave(context);
  } catch (error) {
    context.log.warn(`QEMU may still have what a snapshot needed: ${String(error)}`);
  }
}
