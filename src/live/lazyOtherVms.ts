// What other VMs need, loaded when it is asked for the first time: nothing is planned at the start.
import type { OtherVmFacts, OtherVmOptions } from './otherVmFacts.js';

export function lazyOtherVms(options: OtherVmOptions): Pick<OtherVmFacts, 'read'> {
  let facts: Promise<OtherVmFacts> | undefined;
  const load = async (): Promise<OtherVmFacts> => new (await import('./otherVmFacts.js')).OtherVmFacts(options);
  return { read: async (...asked) => (await (facts ??= load())).read(...asked) };
}
