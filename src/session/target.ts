// What a verb is meant for, by what people call it: one VM, or a system of several.
import { asFailure } from '../domain/asFailure.js';
import { requireSystem, type StoredSystem } from '../domain/system.js';
import type { VmView } from '../live/views.js';
import type { Session } from './session.js';

export type Target =
  { readonly kind: 'vm'; readonly view: VmView } | { readonly kind: 'system'; readonly stored: StoredSystem };

/** By its name or id. @throws Failure `notFound` */
export async function openSystem(session: Session, name: string): Promise<StoredSystem> {
  return reachSystem(session, requireSystem(await findSystem(session, name), name));
}

/**
 * @param choose which is meant, where a VM and a system are called so
 * @throws Failure as of a VM where no system is called so
 */
export async function openTarget(
  session: Session,
  name: string,
  choose: (view: VmView) => Promise<Target['kind']>,
): Promise<Target> {
  const stored = await findSystem(session, name);
  if (stored === undefined) {
    return { kind: 'vm', view: await session.vm(name) };
  }
  const view = await session.vm(name).catch((error: unknown) => {
    const failure = asFailure(error);
    if (failure.kind !== 'notFound') {
      throw failure;
    }
    return undefined;
  });
  // A UUID is that of a VM, whatever a system is called.
  return view !== undefined && (view.ref.uuid === name.toLowerCase() || (await choose(view)) === 'vm')
    ? { kind: 'vm', view }
    : { kind: 'system', stored: reachSystem(session, stored) };
}

async function findSystem(session: Session, name: string): Promise<StoredSystem | undefined> {
  return (await session.systems()).find(name);
}

function reachSystem(session: Session, stored: StoredSystem): StoredSystem {
  session.reachMembers(stored);
  return stored;
}
