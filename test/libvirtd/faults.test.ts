// Every operation of several steps, broken off by the end of its editor, and each other fault in one operation that it can
// harm most. faults.deep.test.ts has all of them.
import type { FaultKind } from './faults/faultKinds.js';
import { faultTable } from './faults/faultTable.js';

/** By the operation that a fault is tried in here; every operation meets `extensionKilled`. */
const few: ReadonlyMap<string, readonly FaultKind[]> = new Map([
  ['create an external memory snapshot', ['qemuKilled']],
  ['revert to an internal memory snapshot, with a checkpoint', ['daemonKilled']],
  ['revert to an external memory snapshot that has a child, with a checkpoint', ['connectionCut', 'otherClient']],
  ['revert to an external snapshot of a VM that was off, without a checkpoint', ['diskFull', 'overlaysRemoved']],
]);

faultTable(({ name }) => ['extensionKilled', ...(few.get(name) ?? [])]);
