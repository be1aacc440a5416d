// A delete that breaks off in the middle of its merge, whatever the machine has to do.
import type { Daemon } from '../engineRig.js';
import { qemuProcesses } from '../../qemuProcesses.js';
import { endQemu } from './faultKinds.js';

/**
 * Ends QEMU and the daemon in a delete that `begin` begins, as soon as the mark of it stands on the snapshot below, and
 * starts the daemon again. False where the delete had come to its end before: libvirt tells nobody when it begins, and
 * asking takes time.
 * @param begin resolves when the delete has ended, however that was
 */
export async function cutOffDelete(
  daemon: Daemon,
  vm: string,
  below: string,
  begin: () => Promise<unknown>,
): Promise<boolean> {
  const isMarked = async (): Promise<boolean> =>
    (await daemon.virsh(['snapshot-dumpxml', vm, below])).stdout.includes('<snapshotDeleteInProgress/>');
  const pids = await qemuProcesses(daemon, vm);
  const ended = begin().then(() => true);
  while (!(await Promise.race([ended, isMarked()]))) {
    // Until it has begun.
  }
  // One that stands still ends no merge before it is cut off. Found in a merge, a QEMU that lives on lets libvirt 9.0
  // fall.
  for (const pid of pids) {
    process.kill(pid, 'SIGSTOP');
  }
  await daemon.killDaemon();
  await endQemu(daemon, vm);
  await ended;
  await daemon.startDaemon();
  return isMarked();
}
