// A clone goes on from RAM of the VM that it was made of; or it goes, where that came to nothing.
import { randomBytes } from 'node:crypto';
import { VIR_DOMAIN_SAVE_RUNNING, VIR_DOMAIN_UNDEFINE_NVRAM, VIR_DOMAIN_XML_INACTIVE } from '../../libvirt/flags.js';
import { errorCodes, orUndefined } from '../../libvirt/libvirtError.js';
import { Failure } from '../../domain/failure.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Step } from '../../steps/step.js';
import { isActive } from '../../domain/vm.js';
import { readPower } from '../powerState.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { writeClone } from '../xml/cloneXml.js';
import { setGuestClockStep } from './guestClock.js';
import type { ForkAccess, StepContext } from './stepContext.js';

type Of<D extends Step['kind']> = Extract<Step, { kind: D }>;

const seedBytes = 256;
const seedMs = 3_000;

/**
 * Idempotent: one that is active has been restored.
 * @throws Failure `unsupported` where the file is on another host
 */
export async function restoreClone(context: StepContext, step: Of<'restoreClone'>): Promise<void> {
  const { connection, forks } = context;
  const { clone, file } = step;
  if (forks === undefined) {
    throw new Failure('unsupported', { path: file, libvirtMessage: 'the file is on another host' });
  }
  const { uuid } = clone;
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  if (!isActive((await readPower(connection, dom)).power)) {
    await forks.withRam({ file, uuid, describe: (xml) => writeClone(xml, step) }, async (from) => {
      await connection.call('domainRestoreFlags', { from, dxml: undefined, flags: VIR_DOMAIN_SAVE_RUNNING });
    });
  }
  await settleGuest(context, forks, dom);
}

/** Two guests of one RAM would make the same random numbers, and both are of the past. Good without: an agent must answer. */
async function settleGuest(context: StepContext, forks: ForkAccess, dom: Domain): Promise<void> {
  await setGuestClockStep({ ...context, dom });
  if (!context.vm.agentChannel) {
    return;
  }
  const signal = AbortSignal.timeout(seedMs);
  const seed = {
    program: '/bin/sh',
    args: ['-c', 'cat > /dev/urandom'],
    input: randomBytes(seedBytes),
    atMostMs: seedMs,
  };
  try {
    await context.useAnother((connection) => forks.tellGuest(connection, dom.uuid, seed, signal));
  } catch (error) {
    context.log.info(`the random numbers of the guest are not seeded: ${String(error)}`);
  }
}

/** One that runs is left alone: somebody has it. Idempotent. */
export async function undoClone({ connection, files, vm, log }: StepContext, step: Of<'undoClone'>): Promise<void> {
  const call = connection.call('domainLookupByUuid', { uuid: step.clone.uuid });
  const found = await orUndefined(errorCodes.VIR_ERR_NO_DOMAIN, call);
  if (found !== undefined) {
    const { dom } = found;
    const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: VIR_DOMAIN_XML_INACTIVE });
    if (parseDomainXml(xml).clone?.of !== vm.uuid || isActive((await readPower(connection, dom)).power)) {
      log.info(`${step.clone.name} stays as it is`);
      return;
    }
  }
  for (const file of step.files) {
    await files.remove(file);
  }
  if (found !== undefined) {
    const hasVariables = step.files.some((file) => file.endsWith('.fd'));
    await connection.call('domainUndefineFlags', {
      dom: found.dom,
      flags: hasVariables ? VIR_DOMAIN_UNDEFINE_NVRAM : 0,
    });
  }
}
