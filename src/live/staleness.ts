// Which parts of a VM an event makes stale. It refuses to know how or when they are read again.
import type { VmEvent } from '../driver/hypervisor.js';

/**
 * | aspect | what is read                                                                                   |
 * |--------|------------------------------------------------------------------------------------------------|
 * | vm     | state and configuration                                                                        |
 * | look   | the number of snapshots and, of a VM in attention, the current one; if that differs, all of it |
 * | tree   | all snapshots                                                                                  |
 * | roll   | a few snapshots, to see whether their content changed under the same name                      |
 */
export type Aspect = 'vm' | 'look' | 'tree' | 'roll';

/**
 * libvirt sends no event for a snapshot, but taking or deleting one often makes others: a memory snapshot pauses and
 * resumes the VM, deleting an external one runs a block job. So those are a reason to look.
 *
 * | event               | stale           | because                                                     |
 * |---------------------|-----------------|-------------------------------------------------------------|
 * | defined             | vm, look        | new, changed or renamed                                     |
 * | undefined           | vm, look        | gone, or, if it runs, transient from now on                 |
 * | power               | vm, look        | a memory snapshot pauses and resumes                        |
 * | fromSnapshot        | vm, tree        | reverted: current, disks and, since 9.9, overlays differ    |
 * | blockJob            | vm, tree        | the chain of the disks changed                              |
 * | job                 | look            | an external memory snapshot ended                           |
 * | agent, ioError      | vm              |                                                             |
 *
 * @param open its snapshots are in attention; of another VM they are not read before they are
 */
export function staleAfter(what: VmEvent['kind'], open: boolean): readonly Aspect[] {
  switch (what) {
    case 'defined':
    case 'undefined':
    case 'power':
      return ['vm', 'look'];
    case 'fromSnapshot':
    case 'blockJob':
      return ['vm', open ? 'tree' : 'look'];
    case 'job':
      return ['look'];
    case 'agent':
    case 'ioError':
      return ['vm'];
  }
}
