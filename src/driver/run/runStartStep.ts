// Starts a VM otherwise than cold: with the RAM of a managed save or of a snapshot's memory file. And lets such RAM go.
import {
  VIR_DOMAIN_SAVE_IMAGE_XML_SECURE,
  VIR_DOMAIN_SAVE_PAUSED,
  VIR_DOMAIN_SAVE_RUNNING,
} from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import type { TargetFile, StepOfKind } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { readPower } from '../powerState.js';
import { writeSavedDomain } from '../xml/retarget.js';
import { restoreVm, startVm } from './openImages.js';
import type { StepContext } from './stepContext.js';

type StartContext = Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files'>;

/** With the RAM of a managed save if there is one. Idempotent: a VM that is paused has been started so. */
export async function startPaused(context: StartContext): Promise<void> {
  const { power } = await readPower(context.connection, context.dom);
  if (power !== 'paused') {
    await startVm(context, 'paused');
  }
}

/** Idempotent: where there is none, nothing is sent. */
export async function dropManagedSave({ connection, dom }: StartContext): Promise<void> {
  const { result } = await connection.call('domainHasManagedSaveImage', { dom, flags: 0 });
  if (result !== 0) {
    await connection.call('domainManagedSaveRemove', { dom, flags: 0 });
  }
}

const restoreFlags = {
  running: VIR_DOMAIN_SAVE_RUNNING,
  paused: VIR_DOMAIN_SAVE_PAUSED,
} as const satisfies Record<StepOfKind<'restoreMemory'>['to'], number>;

/**
 * The VM must be off and have these files as its disks already, for it keeps its own configuration for the next start.
 * Idempotent: one that is active on just these files has been restored; it is resumed where it shall run and does not.
 * @throws Failure `refused` when it is active on other files
 */
export async function restoreMemory(context: StartContext, step: StepOfKind<'restoreMemory'>): Promise<void> {
  const { connection, dom, vm } = context;
  const { power } = await readPower(connection, dom);
  if (isActive(power)) {
    if (!(await standsOn(context, step.disks))) {
      const { refusal } = refuse('wrongState', { vm: vm.name, state: power, action: 'revert' });
      throw new Failure('refused', { vm: vm.name, refusal });
    }
    if (power === 'paused' && step.to === 'running') {
      await connection.call('domainResume', { dom });
    }
    return;
  }
  const flags = VIR_DOMAIN_SAVE_IMAGE_XML_SECURE;
  const { xml } = await connection.call('domainSaveImageGetXmlDesc', { file: step.file, flags });
  const dxml = writeSavedDomain(xml, vm, step.disks);
  await restoreVm(context, { from: step.file, dxml, flags: restoreFlags[step.to] });
}

async function standsOn({ connection, dom }: StartContext, disks: readonly TargetFile[]): Promise<boolean> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const own = parseDomainXml(xml).disks;
  return disks.every(({ target, file }) => own.some((disk) => disk.target === target && disk.source === file));
}
