// Operations of several steps, some of each kind, broken off by the end of their editor, and each other fault in one
// operation that it can harm most. faults.deep.test.ts has all of them.
import type { FaultKind } from './faults/faultKinds.js';
import { faultTable } from './faults/faultTable.js';

/** By the operation that a fault is tried in here; each that is here meets `extensionKilled`. */
const few: ReadonlyMap<string, readonly FaultKind[]> = new Map([
  ['create an external memory snapshot', ['qemuKilled']],
  ['revert to an internal memory snapshot, with a checkpoint', ['daemonKilled']],
  ['revert to an external memory snapshot that has a child, with a checkpoint', ['connectionCut', 'otherClient']],
  ['revert to an external snapshot of a VM that was off, without a checkpoint', ['diskFull', 'overlaysRemoved']],
]);

/** Much like one that is here: in the deep tier alone. */
const deepAlone: readonly string[] = [
  'create an internal memory snapshot',
  'repair: lead a VM off the files that its snapshots froze',
  'delete internal snapshots with their descendants',
  'delete an external root below another snapshot',
  'repair: keep the disks of a snapshot whose RAM is gone',
  'repair: take away files that nobody needs',
  'repair: take away a tag that libvirt does not know',
  'repair: make a snapshot the current one',
  'create a memory snapshot while the guest runs on',
  'consolidate layers that no snapshot owns, running',
  'delete external snapshots with their descendants',
  'delete external snapshots of a VM that is off, with their descendants',
  'delete all descendants of an external snapshot',
  'consolidate layers that no snapshot owns, off',
  'rename an external snapshot that has a child',
  'clone a VM that is off, linked',
  'clone an external snapshot as a full copy',
];

faultTable(({ name }) => (deepAlone.includes(name) ? [] : ['extensionKilled', ...(few.get(name) ?? [])]), 'planned');
