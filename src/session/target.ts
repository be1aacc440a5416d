// What a verb is meant for, by what people call it.
import { requireSystem, type StoredSystem } from '../domain/system.js';
import type { Session } from './session.js';

/** By its name or id. @throws Failure `notFound` */
export async function openSystem(session: Session, name: string): Promise<StoredSystem> {
  const stored = requireSystem(await (await session.systems()).find(name), name);
  session.reachMembers(stored);
  return stored;
}
