// A guest is paused for some work, alone or at one moment with the guests of other VMs.
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import { readPower } from '../powerState.js';
import type { StepContext } from './stepContext.js';

/** The guest runs again whatever happens. */
export async function whilePaused<T>(context: StepContext, work: () => Promise<T>): Promise<T> {
  const { connection, dom, moment } = context;
  if (moment !== undefined) {
    await moment.whenReady();
    await requirePower(context, 'running');
  }
  await connection.call('domainSuspend', { dom });
  try {
    if (moment !== undefined) {
      await moment.whenPaused();
      await requirePower(context, 'paused');
    }
    return await work();
  } finally {
    await resume(context);
  }
}

/** Another client may have paused it while the others were not ready, or resumed it while they were not paused. */
async function requirePower({ connection, dom, signal }: StepContext, power: 'running' | 'paused'): Promise<void> {
  if (signal.aborted) {
    throw new Failure('cancelled', { vm: dom.name, doing: 'createSnapshot' });
  }
  if ((await readPower(connection, dom)).power !== power) {
    const { refusal } = refuse('stalePlan', { vm: dom.name });
    throw new Failure('refused', { vm: dom.name, refusal });
  }
}

async function resume({ connection, dom }: StepContext): Promise<void> {
  try {
    await connection.call('domainResume', { dom });
  } catch (error) {
    const runs = (await readPower(connection, dom)).power === 'running';
    if (!runs || !(error instanceof LibvirtError)) {
      throw error;
    }
  }
}
