// Gives a VM a configuration: what a snapshot holds, or what it runs with. No image is touched; nothing is started.
import { VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_SECURE } from '../../libvirt/flags.js';
import { Failure } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { diskStates } from './diskState.js';
import { readPower } from '../powerState.js';
import { requireOff } from './requireOff.js';
import { readSavedDisks } from '../savedDisks.js';
import { onFiles, writeDefinition } from '../xml/retarget.js';
import { readSecure } from './runRedefineStep.js';
import type { StepContext } from './stepContext.js';

/**
 * Idempotent: the same is defined again.
 * @throws Failure `refused` unless the VM is off: what runs would go on with its old files and lose their names.
 */
export async function defineFromSnapshot(
  context: StepContext,
  step: Extract<Step, { kind: 'defineFromSnapshot' }>,
): Promise<void> {
  const { connection, vm } = context;
  const xml = writeDefinition(await readSecure(context, step.snapshot), vm, step.disks);
  await requireOff(context, { action: 'revert' });
  await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
}

/**
 * Idempotent: the same is defined again.
 * @throws Failure `refused` where the VM runs on another of these files by now, or is off without a managed save made
 *   on them
 */
export async function configureDisks(
  { connection, dom, vm }: StepContext,
  { disks }: Extract<Step, { kind: 'configureDisks' }>,
): Promise<void> {
  const flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags });
  const { power } = await readPower(connection, dom);
  const files = await (power === 'off' ? savedFiles : runningFiles)({ connection, dom });
  if (disks.some(({ target, file }) => files.get(target) !== file)) {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
  }
  await connection.call('domainDefineXmlFlags', { xml: onFiles(xml, disks), flags: 0 });
}

type OfVm = Pick<StepContext, 'connection' | 'dom'>;
type FileOf = ReadonlyMap<string, string | undefined>;

async function runningFiles({ connection, dom }: OfVm): Promise<FileOf> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  return new Map([...diskStates(xml)].map(([target, { file }]) => [target, file]));
}

/** None without a managed save, or where it cannot be read. */
async function savedFiles({ connection, dom }: OfVm): Promise<FileOf> {
  const disks = (await readSavedDisks(connection, dom)) ?? [];
  return new Map(disks.map(({ target, file }) => [target, file]));
}

/**
 * What runs goes on, its snapshots stay, and the files that it has now are those that it starts with. Idempotent:
 * nothing is sent for a VM that is persistent already.
 */
export async function makePersistent({ connection, dom }: StepContext): Promise<void> {
  const { persistent } = await connection.call('domainIsPersistent', { dom });
  if (persistent === 0) {
    const { xml } = await connection.call('domainGetXmlDesc', {
      dom,
      flags: VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE,
    });
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
  }
}
