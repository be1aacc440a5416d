// Why something is not done with a lab, or with a VM made as those of labs.
import { t } from '@vscode/l10n';
import type { LabVmObstacle } from '../domain/labVm.js';
import { labObstacleText, notInstalledText } from '../text/failures/obstacleText.js';
import { type Of, wingFailures } from '../text/failures/wingFailures.js';

export const labFailure = wingFailures('lab', {
  refused: {
    ofOthers: ({ name }: Of<'name'>) =>
      t('{0} already exists, and this lab did not create it. Rename it or the lab.', name),
    obstacle: ({ connection, obstacle }: Of<'connection'> & { readonly obstacle: LabVmObstacle }) =>
      `${t('VMs cannot be created on {0}.', connection)} ${labObstacleText(obstacle)}`,
    differs: ({ difference }: Of<'difference'>) =>
      t('The lab exists, but does not match its file: {0} Destroy it, then create it again.', difference),
    used: ({ vm }: Of<'vm'>) =>
      t('{0} was created by an interrupted attempt, and may have been used since. Destroy the lab first.', vm),
    noLibvirt: () => t('There is no libvirt here. Specify one in the file: {0}', 'connection: qemu:///system'),
    noSquid: () => notInstalledText('squid'),
    networkOfSession: () =>
      t(
        'Only the system’s libvirt of this computer can give the lab a network. Specify it in the file: {0}',
        'connection: qemu:///system',
      ),
    networkUsed: ({ vm }: Of<'vm'>) =>
      t('{0} uses the network of the lab. Nothing was removed. Give it another one, or delete it.', vm),
    noSubnet: () => t('No free network address was found for the lab.'),
    noSsh: () => notInstalledText('ssh', 'openssh-client'),
    othersSnapshot: ({ vm, title }: Of<'vm' | 'title'>) =>
      t(
        'The VM {0} has the snapshot “{1}”, which this lab did not create. If you do not need it, destroy the lab first.',
        vm,
        title,
      ),
    // The reasons about files.
    smaller: ({ file }: Of<'file'>) => t('{0} is larger than “size”. A disk cannot be made smaller.', file),
    noImage: ({ name }: Of<'name'>) =>
      t(
        'There is neither a file {0} nor a cloud image of that name on this computer. Fetch one: {1}',
        name,
        'virt-rewind images fetch IMAGE',
      ),
    onItself: ({ file }: Of<'file'>) => t('{0} is built on itself.', file),
    notClosed: ({ file }: Of<'file'>) => t('{0} was not closed properly: a program that wrote to it was killed.', file),
    otherFormat: ({ file }: Of<'file'>) => t('{0} is not an image in the format qcow2 or raw.', file),
    encrypted: ({ file }: Of<'file'>) =>
      t('{0} cannot be used: it is encrypted or keeps its data in another file.', file),
    baseUnnamed: ({ file, below }: Of<'file' | 'below'>) =>
      t('{0} cannot be used: it is built on {1}, but does not name it by a path.', file, below),
    formatUnnamed: ({ file, below, command }: Of<'file' | 'below' | 'command'>) =>
      t('{0} does not name the format of {1}, and QEMU would guess it. Set it: {2}', file, below, command),
    baseFormat: ({ file, below, named, found }: Of<'file' | 'below' | 'named' | 'found'>) =>
      t('{0} cannot be used: it opens {1} as {2}, but that file is {3}.', file, below, named, found),
    noFile: ({ file }: Of<'file'>) => t('The file {0} does not exist, or you do not have permission to see it.', file),
    outside: ({ file, places }: Of<'file'> & { readonly places: readonly string[] }) =>
      t(
        '{0} is outside the folders that a lab may use: {1}. Add its folder to {2}.',
        file,
        places.join(', '),
        'VIRT_REWIND_IMAGES',
      ),
    unreadable: ({ file }: Of<'file'>) => t('{0} is not a readable file.', file),
    tooLarge: ({ file }: Of<'file'>) => t('{0} is too large to be copied into a guest.', file),
  },
  /** The file, and nothing was changed: all that is wrong with it. */
  invalid: { wrong: ({ lines }: { readonly lines: readonly string[] }) => lines.join('\n') },
  notFound: {
    noLab: ({ file }: Of<'file'>) => t('The lab of {0} does not exist. Create it first.', file),
    noLabFile: ({ file }: Of<'file'>) => t('{0} cannot be read. Specify the lab file with {1}.', file, '--file'),
    noPoints: ({ lab }: Of<'lab'>) => t('The lab {0} has no restore points.', lab),
    noPoint: ({ lab, point }: Of<'lab' | 'point'>) => t('The system {0} has no restore point “{1}”.', lab, point),
  },
  busy: {
    busy: ({ lab }: Of<'lab'>) =>
      `${t('Another operation is running on {0}.', lab)} ${t('Try again when it has finished.')}`,
  },
  failed: {
    notStarted: ({ vm, why }: Of<'vm' | 'why'>) =>
      t('{0} did not start. {1} The VMs stay so that you can examine them.', vm, why),
    notUp: ({ said }: Of<'said'>) => said,
    proxyNotStarted: ({ said }: Of<'said'>) =>
      t('The proxy of the lab did not start: “{0}”. Its VMs reach nothing.', said),
    stepFailed: ({ name, vm, how, said }: Of<'name' | 'vm' | 'how' | 'said'>) =>
      `${t('{0} in {1}: {2}.', name, vm, how)}${said === '' ? '' : ` “${said}”`}`,
    /** A step failed; where the VMs are now. */
    backAt: ({ where }: Of<'where'>) => where,
  },
});
