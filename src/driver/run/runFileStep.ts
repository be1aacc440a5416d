// Steps on the files of the hypervisor's host: overlays, tags, copies, and what nobody needs any more.
// Each may have been done before, in part or whole: what is so already counts as done.
import { dirname } from 'node:path';
import { VIR_DOMAIN_XML_INACTIVE } from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import type { MadeFile, NewOverlay } from '../../domain/hostFiles.js';
import type { StepOfKind } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { isActive, toldChain, type Vm, xmlChain } from '../../domain/vm.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { createOverlay, removeMade, removeThose } from './filesAsMade.js';
import { requireOff } from './requireOff.js';
import type { StepContext } from './stepContext.js';

type OnFiles = Pick<StepContext, 'files' | 'log' | 'vm' | 'onMade'>;

/**
 * All or none: what was made goes again when a later one fails. Idempotent: a file of that name counts as made when it
 * is an overlay on just that file and nothing was written to it.
 * @throws Failure `exists` for any other file of that name
 */
export async function createOverlays(
  { files, log, onMade }: OnFiles,
  step: StepOfKind<'createOverlays'>,
): Promise<void> {
  const made: MadeFile[] = [];
  try {
    for (const overlay of step.overlays) {
      if (await isMade(files, overlay)) {
        continue;
      }
      await createOverlay(files, overlay, made, onMade);
    }
  } catch (error) {
    await removeMade({ files, log }, made);
    throw error;
  }
}

async function isMade(files: OnFiles['files'], { file, backing }: NewOverlay): Promise<boolean> {
  const image = await files.image(file);
  return typeof image !== 'string' && image.backing?.file === backing && image.empty === true;
}

/** Idempotent: what is not there is as good as removed. Never what the VM itself stands on. */
export async function removeFiles({ files, log, vm }: OnFiles, step: StepOfKind<'removeFiles'>): Promise<void> {
  requireUnused(vm, step.files);
  for (const file of step.files) {
    await requireNoTag(files, vm, file);
  }
  await removeThose({ files, log }, step);
}

/** Idempotent: what is not there is put away. Never what the VM itself stands on. */
export async function trashFiles({ files, vm }: OnFiles, step: StepOfKind<'trashFiles'>): Promise<void> {
  requireUnused(vm, step.files);
  for (const file of step.files) {
    await files.trash(file);
  }
}

function requireUnused(vm: Vm, files: readonly string[]): void {
  const used = files.find((file) => filesOf(vm).includes(file));
  if (used !== undefined) {
    throw new Failure('busy', { vm: vm.name, path: used });
  }
}

/** What stands inside of it is nowhere else; a tag may have come since the plan was made. */
async function requireNoTag(files: OnFiles['files'], vm: Vm, file: string): Promise<void> {
  const image = await files.image(file, 'qcow2', 'tags');
  const [tag] = typeof image === 'string' ? [] : (image.tags ?? []);
  if (tag !== undefined) {
    const { refusal } = refuse('tagInLayer', { vm: vm.name, file, tag });
    throw new Failure('refused', { vm: vm.name, path: file, refusal });
  }
}

/**
 * What a VM runs on and what its next start names can differ, and libvirt opens each layer that is named.
 * @throws Failure `busy` when the configuration names one of the files
 */
export async function requireUnnamed(
  { connection, dom, vm }: Pick<StepContext, 'connection' | 'dom' | 'vm'>,
  step: StepOfKind<'removeFiles' | 'trashFiles'>,
): Promise<void> {
  if (!vm.persistent) {
    return;
  }
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  const named = parseDomainXml(xml).disks.flatMap(toldChain);
  const used = step.files.find((file) => named.includes(file));
  if (used !== undefined) {
    throw new Failure('busy', { vm: vm.name, path: used });
  }
}

/** Idempotent: a tag that is not there is as good as removed. QEMU must not have the image open. */
export async function removeTag({ files, vm }: OnFiles, { file, tag }: StepOfKind<'removeTag'>): Promise<void> {
  if (isActive(vm.power) && filesOf(vm).includes(file)) {
    const { refusal } = refuse('wrongState', { vm: vm.name, state: vm.power, action: 'delete' });
    throw new Failure('refused', { vm: vm.name, path: file, refusal });
  }
  const image = await files.image(file);
  if (typeof image !== 'string' && image.tags?.includes(tag) === false) {
    return;
  }
  await files.removeTag(file, tag);
}

/**
 * Idempotent: what is in order stays as it is.
 * @throws Failure `refused` unless the VM is off
 */
export async function repairImages(
  context: Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files'>,
  step: StepOfKind<'repairImages'>,
): Promise<void> {
  for (const file of step.files) {
    await requireOff(context, { file });
    await context.files.repair(file);
  }
}

/**
 * Idempotent: an overlay that names it already stays as it is.
 * @throws Failure `refused` unless the VM is off, and where the overlay names neither of the two
 */
export async function rebaseOverlay(
  context: Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files'>,
  { was, ...overlay }: StepOfKind<'rebaseOverlay'>,
): Promise<void> {
  const { files, vm } = context;
  const { file, backing } = overlay;
  const image = await files.image(file, 'qcow2', 'head');
  const named = typeof image === 'string' ? undefined : image.backing?.file;
  if (named === backing) {
    return;
  }
  if (named !== was) {
    throw new Failure('refused', { vm: vm.name, path: file, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
  }
  await requireOff(context, { file });
  await files.rebase(overlay);
}

/**
 * Idempotent: `replace` writes the same again, and `keep` takes a file of that name for the copy, for the plan chose a
 * name that was free and a copy appears when it is whole.
 */
export async function copyFile(
  { files, log, onMade }: OnFiles,
  { from, to, existing, folders }: StepOfKind<'copyFile'>,
): Promise<void> {
  try {
    await (folders === 'make' ? files.makeFolders(dirname(from), dirname(to)) : undefined);
    await files.copy(from, to, existing, onMade);
  } catch (error) {
    if (existing === 'replace' || !(error instanceof Failure) || error.kind !== 'exists') {
      throw error;
    }
    log.info(`${to} is there already and stays`);
  }
}

function filesOf({ disks, nvram }: Vm): readonly (string | undefined)[] {
  return [nvram, ...disks.flatMap(xmlChain)];
}
