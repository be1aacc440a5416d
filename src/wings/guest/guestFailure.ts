// Why there is no image, no VM of one, or no login at its guest.
import { t } from '@vscode/l10n';
import type { LabVmObstacle } from '../../domain/labVm.js';
import { bytesText } from '../../text/bytesText.js';
import { labObstacleText, notInstalledText } from '../../text/failures/obstacleText.js';
import { type Of, wingFailures } from '../../text/failures/wingFailures.js';

export const cloudInitLog = '/var/log/cloud-init.log';

interface SshConfigFacts extends Of<'file'> {
  /** What should stand in it. */
  readonly line?: string;
  /** `nowhere`: it is a link to what is not there. */
  readonly why: 'notOurs' | 'denied' | 'nowhere' | 'tooLong' | 'oddPath';
}

const sshConfigReasons = {
  notOurs: (file: string) => t('{0} is not a file of yours, so it was not changed.', file),
  denied: (file: string) => t('{0} cannot be changed: permission is missing, or somebody else writes to it.', file),
  nowhere: (file: string) =>
    t('{0} is a link to a file that does not exist. Create that file, or remove the link.', file),
  tooLong: (file: string) => t('{0} is larger than {1}, so it was not changed.', file, bytesText(1024 * 1024)),
};

export const guestFailure = wingFailures('guest', {
  refused: {
    /** The catalogue of the user. */
    badCatalogue: ({ file, said }: Of<'file' | 'said'>) => t('{0} is not a catalogue of images. {1}', file, said),
    /** `address`: where it leads. */
    redirect: ({ address }: Of<'address'>) =>
      t(
        'The server redirects to {0}, which is not encrypted, or redirects without end. Nothing was fetched from there.',
        address,
      ),
    insecure: ({ address }: Of<'address'>) =>
      t('{0} is not encrypted, so somebody could replace the image. Use https, or give its “digest”.', address),
    noChecksum: ({ address, file }: Of<'address' | 'file'>) =>
      t('{0} has no checksum of {1}, so the image was not used.', address, file),
    tooLarge: ({ address, most }: Of<'address'> & { readonly most: number }) =>
      t('{0} is larger than {1}, so it was not used.', address, bytesText(most)),
    noRoom: ({ folder, free, bytes }: Of<'folder'> & { readonly free: number; readonly bytes: number }) =>
      t('{0} has {1} free, but the image needs {2}.', folder, bytesText(free), bytesText(bytes)),
    /** The image has another format, or rests on another file. */
    badImage: ({ address }: Of<'address'>) =>
      t(
        '{0} is not an image that can be used: it must be undamaged (qemu-img check), without a backing file, encryption or an external data file.',
        address,
      ),
    nameTaken: ({ vm }: Of<'vm'>) => t('A VM named {0} already exists.', vm),
    badName: ({ name }: Of<'name'>) => t('“{0}” is not a valid name. Use letters, digits and -.', name),
    /** cloud-init creates no user of that name, and lets nobody log in as it. */
    rootUser: () =>
      t('cloud-init gives no login to root. Choose another name; that user may become root with {0}.', 'sudo'),
    noAddress: ({ vm }: Of<'vm'>) =>
      t(
        '{0} has no known address that leads to it: it got none, another VM took it, its network cables are unplugged as those of a fork, or no port leads into its network (“user”).',
        vm,
      ),
    portTaken: ({ port }: { readonly port: number }) =>
      t('Port {0} of this computer is in use. Choose another one.', port),
    portReserved: ({ port }: { readonly port: number }) =>
      t('Port {0} of this computer is for administrators only. Choose one from 1024 on.', port),
    sameAddress: ({ vm, other }: Of<'vm' | 'other'>) =>
      t(
        '{0} and {1} have the same address, so it is not certain which one would answer. Stop one of them, or unplug its network.',
        vm,
        other,
      ),
    maybeSameAddress: ({ vm, other }: Of<'vm' | 'other'>) =>
      t(
        '{1} has the same origin as {0}, runs in the same network, and its address is unknown. It may be the same one, so it is not certain which one would answer. Stop one of them, or unplug its network.',
        vm,
        other,
      ),
    /** It was not changed. */
    sshConfig: ({ file, line = '', why }: SshConfigFacts) =>
      why === 'oddPath'
        ? t('ssh cannot be told the path {0}: it has characters that mean something to ssh or to a shell.', file)
        : `${sshConfigReasons[why](file)} ${t('The line is: {0}', line)}`,
    noProgram: ({ program }: Of<'program'>) => notInstalledText(program, 'openssh-client'),
    obstacle: ({ connection, obstacle }: Of<'connection'> & { readonly obstacle: LabVmObstacle }) =>
      `${t('VMs cannot be created on {0}.', connection)} ${labObstacleText(obstacle)}`,
    /** The image, and its size. */
    smallDisk: ({ name, bytes }: Of<'name'> & { readonly bytes: number }) =>
      t('The disk must have at least {0}, the size of the image {1}.', bytesText(bytes), name),
  },
  notFound: {
    unknownImage: ({ name, known }: Of<'name'> & { readonly known: readonly string[] }) =>
      t('There is no image “{0}”. Images: {1}.', name, known.join(', ')),
    notKept: ({ name }: Of<'name'>) => t('The image {0} is not on this computer.', name),
    noFile: ({ file }: Of<'file'>) => t('The file {0} does not exist, or you do not have permission to see it.', file),
    notOurs: ({ vm }: Of<'vm'>) => t('{0} was not created by {1}.', vm, 'virt-rewind new'),
    noSshName: ({ name }: Of<'name'>) =>
      t('“{0}” is not a name for ssh. Use {1}, in letters, digits, “.”, “-” and “_”.', name, 'NAME.virt-rewind'),
  },
  busy: {
    fetching: ({ name }: Of<'name'>) =>
      `${t('Another operation is running on {0}.', name)} ${t('Try again when it has finished.')}`,
  },
  late: {
    notReady: ({ vm, seconds }: Of<'vm'> & { readonly seconds: number }) =>
      `${t(
        '{0} runs, but did not report within {1} s that it is ready. Without a network it cannot install a guest agent.',
        vm,
        seconds,
      )} ${stays()}`,
  },
  failed: {
    /** The web server was not reached, or the connection ended again and again; what was received stays. */
    unreached: unreachedText,
    /** A server that brings a few bytes now and then. */
    tooSlow: unreachedText,
    answered: ({ address, status }: Of<'address'> & { readonly status: number }) =>
      t('The server answered {0} for {1}.', status, address),
    wrongChecksum: ({ address }: Of<'address'>) =>
      t('{0} does not have the published checksum, so it was deleted.', address),
    wrongSignature: ({ address }: Of<'address'>) =>
      t('The signature of {0} is wrong, so nothing was fetched.', address),
    off: ({ vm }: Of<'vm'>) => `${t('{0} went off before it was ready.', vm)} ${stays()}`,
    /** It was configured by something else than what we gave it. */
    notSeeded: ({ vm }: Of<'vm'>) =>
      `${t('{0} runs, but its image has no cloud-init, or one that did not use the seed.', vm)} ${stays()}`,
    notConfigured: ({ vm }: Of<'vm'>) =>
      `${t('{0} runs, but its cloud-init failed: see {1} there.', vm, cloudInitLog)} ${stays()}`,
  },
});

function unreachedText({ address, said }: Of<'address' | 'said'>): string {
  return t(
    'The connection to {0} failed: {1} What was received is kept, and the next attempt continues it. Without a network, use an image file: {2}',
    URL.canParse(address) ? new URL(address).host : address,
    said,
    '--from FILE',
  );
}

function stays(): string {
  return t('The VM stays so that you can examine it.');
}
