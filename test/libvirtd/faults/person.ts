// What a person does who was told of a QEMU that libvirt has lost, as the doctor says it. Knows no operation.
import { virshOk, withXmlFile } from '../../../scripts/guest/defineVm.mjs';
import type { Daemon } from '../engineRig.js';
import { endQemu } from './faultKinds.js';

/**
 * | told       | done                                                                              |
 * |------------|-----------------------------------------------------------------------------------|
 * | mergeLost  | the VM is defined on the files that QEMU says it is on, and its power is cut       |
 * | runsUnseen | its QEMU is ended, if there is one                                                |
 * | other      | nothing                                                                           |
 *
 * Answers whether anything was done.
 */
export async function followAdvice(daemon: Daemon, vm: string, told: ReadonlySet<string>): Promise<boolean> {
  if (told.has('mergeLost')) {
    await defineOn(daemon, vm, await filesOfQemu(daemon, vm));
    await virshOk(daemon.virsh, 'destroy', vm);
    return true;
  }
  if (told.has('runsUnseen')) {
    return endQemu(daemon, vm);
  }
  return false;
}

/** In the order of the disks. */
async function filesOfQemu(daemon: Daemon, vm: string): Promise<readonly string[]> {
  const words = await virshOk(daemon.virsh, 'qemu-monitor-command', vm, '--hmp', 'info block');
  return [...words.matchAll(/^\S+: (\/\S+) \(/gmu)].map(([, file = '']) => file);
}

async function defineOn(daemon: Daemon, vm: string, files: readonly string[]): Promise<void> {
  const xml = await virshOk(daemon.virsh, 'dumpxml', vm, '--inactive', '--security-info');
  let disk = -1;
  const changed = xml
    .replace(/<backingStore[ >].*?<\/disk>/gsu, (rest) => /<target .*<\/disk>/su.exec(rest)?.[0] ?? rest)
    .replace(/<disk .*?<\/disk>/gsu, (one) => {
      disk += 1;
      return one
        .replace(/file='[^']*'/u, `file='${files[disk] ?? ''}'`)
        .replace(/type='(?:qcow2|raw)'/u, `type='qcow2'`);
    });
  await withXmlFile(changed, (path) => virshOk(daemon.virsh, 'define', path));
}
