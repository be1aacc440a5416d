// What AppArmor forbids the QEMU of a VM to write to until the VM is off: in the rules that libvirt wrote for it last,
// a file that was a backing file is denied, which beats whatever allows it. Root alone may read them.
import { type FileSystem, thisComputer } from '../../base/fileSystem.js';

/** A line for each file of the VM, and some that are the same for all. */
const mostBytes = 256 * 1024;

/** By path. Undefined where nobody here may know. */
export async function readForbiddenWrites(
  uuid: string,
  files: Pick<FileSystem, 'readText'> = thisComputer,
): Promise<ReadonlySet<string> | undefined> {
  let text: string;
  try {
    text = await files.readText(`/etc/apparmor.d/libvirt/libvirt-${uuid}.files`, mostBytes);
  } catch {
    return undefined;
  }
  const utf8 = Buffer.from(text, 'latin1').toString();
  return new Set(
    [...utf8.matchAll(/^ *deny "(?<path>\/[^"\n]+)" w,$/gmu)].flatMap(({ groups }) => groups?.['path'] ?? []),
  );
}
