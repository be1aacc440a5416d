// The folder of the lesson's VM on this machine: made with what the VM needs, removed with all that came. Knows no
// libvirt.
import { chmod, copyFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { demoDiskBytes, demoFolderPattern, type DemoVm, demoVmFiles } from '../../domain/demoVm.js';
import { Failure } from '../../domain/failure.js';
import { thisComputer } from '../../base/fileSystem.js';
import { ImageCommand } from '../../qemu/imageCommands.js';
import { JudgedChain } from '../../qemu/judgedChain.js';
import { qemuImg } from '../../qemu/qemuImg.js';
import { isOwnVmFolder, removeOwnVmFolder } from './ownVmFolder.js';

/**
 * Fails where there is anything of that name. Others may pass through it but not look: QEMU of the system runs as a
 * user of its own.
 * @param parts `guest`: what the VM runs, absolute; `content` of its disk
 */
export async function makeDemoFolder(
  vm: DemoVm,
  { guest, content }: { readonly guest: string; readonly content: Uint8Array | undefined },
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const { kernel, disk } = demoVmFiles(vm);
  const details = { doing: 'make the folder of the lesson', path: vm.folder };
  if (!isOwnVmFolder(vm.folder, demoFolderPattern)) {
    throw new Failure('failed', details);
  }
  await mkdir(vm.folder, { mode: 0o711 });
  // Of a umask that took more.
  await chmod(vm.folder, 0o711);
  await copyFile(guest, kernel);
  await chmod(kernel, 0o644);
  const qemu = qemuImg(environment);
  if (content === undefined) {
    await qemu.run(ImageCommand.create(disk, demoDiskBytes), details);
    return;
  }
  const raw = `${disk}.raw`;
  await writeFile(raw, content);
  await truncate(raw, demoDiskBytes);
  await JudgedChain.within({ file: raw, format: 'raw' }, thisComputer, (chain) =>
    qemu.run(ImageCommand.convert(chain, disk), details),
  );
  await rm(raw);
}

/** Refuses what is not ours, see `removeOwnVmFolder`. */
export function removeDemoFolder({ folder }: DemoVm): Promise<void> {
  return removeOwnVmFolder(folder, demoFolderPattern, 'remove the folder of the lesson');
}
