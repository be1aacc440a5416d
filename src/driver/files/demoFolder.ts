// The folder of the lesson's VM on this machine: made with what the VM needs, removed with all that came. Knows no libvirt.
import { chmod, copyFile, lstat, mkdir, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { demoDiskBytes, demoFolderPattern, type DemoVm, demoVmFiles } from '../../domain/demoVm.js';
import { Failure } from '../../domain/failure.js';
import { qemuImg } from '../../qemu/qemuImg.js';

/**
 * Fails where there is anything of that name. Others may pass through it but not look: QEMU of the system runs as a user
 * of its own.
 * @param guest what the VM runs, absolute
 */
export async function makeDemoFolder(vm: DemoVm, guest: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const { kernel, disk } = demoVmFiles(vm);
  const details = { doing: 'make the folder of the lesson', path: vm.folder };
  if (!isOurs(vm.folder)) {
    throw new Failure('failed', details);
  }
  await mkdir(vm.folder, { mode: 0o711 });
  // Of a umask that took more.
  await chmod(vm.folder, 0o711);
  await copyFile(guest, kernel);
  await chmod(kernel, 0o644);
  await qemuImg(environment).run(['create', '-q', '-f', 'qcow2', disk, String(demoDiskBytes)], details);
}

/** What is not there is as good as removed; a link or another user's folder in its place is left alone. */
export async function removeDemoFolder({ folder }: DemoVm): Promise<void> {
  const stat = await lstat(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  });
  if (stat === undefined) {
    return;
  }
  if (!isOurs(folder) || !stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new Failure('denied', { doing: 'remove the folder of the lesson', path: folder });
  }
  await rm(folder, { recursive: true, force: true });
}

function isOurs(folder: string): boolean {
  return isAbsolute(folder) && demoFolderPattern.test(folder);
}
