// The commands that make VMs of others, and throw them away again.
import type { CloneNetwork } from '../../domain/clone.js';
import { cloneRequest } from '../../engine/clones.js';
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { carryOut } from '../carryOut.js';

interface CloneOptions {
  readonly from?: string;
  readonly name?: string;
  readonly network?: CloneNetwork;
}

export async function clone(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const { from, name, network } = call.texts as CloneOptions;
  const snapshot = from === undefined ? undefined : await session.snapshot(view, from);
  const request = cloneRequest(session.engine, view.ref, {
    ...(name !== undefined && { name }),
    ...(snapshot !== undefined && { snapshot: snapshot.name }),
    ...(call.flags.has('full') && { way: 'full' }),
    ...(network !== undefined && { network }),
    ...(call.flags.has('disposable') && { disposable: true }),
  });
  return carryOut(context, view, request);
}

/** Deletes a clone after a question; a VM that is no clone is refused without one. */
export async function discard(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = await session.vm(call.operands[0] ?? '');
  if (view.vm.clone === undefined) {
    throw new Failure('refused', { vm: view.vm.name, refusal: refuse('notOurClone', { vm: view.vm.name }).refusal });
  }
  return carryOut(context, view, { kind: 'discard', vm: view.ref });
}
