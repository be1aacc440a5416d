// Makes clones, and takes them away again. Each may have been done before, in part or whole.
import {
  VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
  VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  VIR_DOMAIN_XML_INACTIVE,
  VIR_DOMAIN_XML_SECURE,
} from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import type { StepOfKind } from '../../steps/step.js';
import { requireOff } from './requireOff.js';
import { writeClone } from '../xml/cloneXml.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { removeThose } from './madeFiles.js';
import { readSecure } from './runRedefineStep.js';
import type { StepContext } from './stepContext.js';

/** A copy appears when it is whole. @throws Failure `exists` where somebody took its name meanwhile */
export async function copyImages(
  { files, signal, onProgress, onMade }: Pick<StepContext, 'files' | 'signal' | 'onProgress' | 'onMade'>,
  { disks }: StepOfKind<'copyImages'>,
): Promise<void> {
  for (const [index, { target: _, ...copy }] of disks.entries()) {
    onProgress({ fraction: index / disks.length, cancellable: true });
    const onFraction = (fraction: number): void =>
      onProgress({ fraction: (index + fraction) / disks.length, cancellable: true });
    await files.copyImage(copy, signal, onFraction, onMade);
  }
}

/** Idempotent: the same is defined again. */
export async function defineClone(context: StepContext, step: StepOfKind<'defineClone'>): Promise<void> {
  const { connection, dom } = context;
  const { snapshot } = step;
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const secure =
    snapshot === undefined
      ? (await connection.call('domainGetXmlDesc', { dom, flags })).xml
      : await readSecure(context, snapshot);
  const xml = writeClone(secure, step);
  await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
}

/**
 * The files first: as long as libvirt knows the VM, it can be begun again.
 * @throws Failure `refused` unless it is off, and a clone still
 */
export async function discardClone(
  { connection, dom, vm, files, log }: StepContext,
  step: StepOfKind<'discardClone'>,
): Promise<void> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
  if (parseDomainXml(xml).clone === undefined) {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('notOurClone', { vm: vm.name }).refusal });
  }
  await requireOff({ connection, dom, vm }, { action: 'discard' });
  await removeThose({ files, log }, step);
  await connection.call('domainUndefineFlags', {
    dom,
    flags:
      VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
      VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
      VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
      // libvirt removes them by their name.
      (vm.nvram === undefined ? 0 : VIR_DOMAIN_UNDEFINE_KEEP_NVRAM),
  });
}
