// Why a VM is not made, or not removed, whether for a lab or alone.
import { t } from '@vscode/l10n';
import { type Of, wingFailures } from '../text/failures/wingFailures.js';

export const madeFailure = wingFailures('made', {
  refused: {
    imagesBarred: ({ connection, user, folder, letIn }: Of<'connection' | 'user' | 'folder' | 'letIn'>) =>
      t(
        'On {0}, QEMU runs as the user {1}, who cannot access {2}. Move the image to {3}, write “copy: true”, or give that user access: {4}',
        connection,
        user,
        folder,
        '/var/lib/libvirt/images',
        letIn,
      ),
    labsBarred: ({ connection, user, folder, letIn }: Of<'connection' | 'user' | 'folder' | 'letIn'>) =>
      t(
        'On {0}, QEMU runs as the user {1}, who cannot access {2}, the folder for the VMs of labs. Specify another folder with {3}, or give that user access: {4}',
        connection,
        user,
        folder,
        'VIRT_REWIND_LABS',
        letIn,
      ),
    written: ({ file, vm }: Of<'file' | 'vm'>) =>
      t(
        '{0} is a disk that the VM {1} writes to. Use “clone” for a VM like it, or copy the file while {1} is off.',
        file,
        vm,
      ),
    /** It may be any file. */
    unseen: ({ file, code }: Of<'file' | 'code'>) =>
      t(
        'Virt Rewind cannot see which file {0} is ({1}), so it may belong to this lab. Nothing was changed. Give your user access to its folder, then try again.',
        file,
        code,
      ),
  },
});
