// Why there is no image, or no VM of one, as sentences.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { obstacleText } from '../../text/failures/obstacleText.js';
import type { GuestProblem } from './guestFault.js';
import type { ReadyGuest } from './make/untilReady.js';
import type { WantedDigest } from './images/wantedDigest.js';

const cloudInitLog = '/var/log/cloud-init.log';

export function guestProblemText(problem: GuestProblem): string {
  switch (problem.kind) {
    case 'unknownImage':
      return t('There is no image “{0}”. Images: {1}.', displayLine(problem.name), problem.known.join(', '));
    case 'badCatalogue':
      return t('{0} is not a catalogue of images. {1}', displayLine(problem.file), displayLine(problem.said, 300));
    case 'unreached':
      return t(
        'The connection to {0} failed: {1} What was received is kept, and the next attempt continues it. Without a network, use an image file: {2}',
        hostOf(problem.address),
        displayLine(problem.said, 200),
        '--from FILE',
      );
    case 'answered':
      return t('The server answered {0} for {1}.', problem.status, displayLine(problem.address));
    case 'redirect':
      return t(
        'The server redirects to {0}, which is not encrypted, or redirects without end. Nothing was fetched from there.',
        displayLine(problem.address),
      );
    case 'insecure':
      return t(
        '{0} is not encrypted, so somebody could replace the image. Use https, or give its “digest”.',
        displayLine(problem.address),
      );
    case 'noChecksum':
      return t(
        '{0} has no checksum of {1}, so the image was not used.',
        displayLine(problem.address),
        displayLine(problem.file),
      );
    case 'wrongChecksum':
      return t('{0} does not have the published checksum, so it was deleted.', displayLine(problem.address));
    case 'wrongSignature':
      return t('The signature of {0} is wrong, so nothing was fetched.', displayLine(problem.address));
    case 'tooLarge':
      return t('{0} is larger than {1}, so it was not used.', displayLine(problem.address), bytesText(problem.most));
    case 'noRoom':
      return t(
        '{0} has {1} free, but the image needs {2}.',
        displayLine(problem.folder),
        bytesText(problem.free),
        bytesText(problem.bytes),
      );
    case 'badImage':
      return t(
        '{0} is not an image that can be used: it must be undamaged (qemu-img check), without a backing file, encryption or an external data file.',
        displayLine(problem.address),
      );
    case 'fetching':
      return `${t('Another operation is running on {0}.', displayLine(problem.name))} ${t('Try again when it has finished.')}`;
    case 'nameTaken':
      return t('A VM named {0} already exists.', displayLine(problem.name));
    case 'notOurs':
      return t('{0} was not created by {1}.', displayLine(problem.name), 'virt-rewind new');
    case 'badName':
      return t('“{0}” is not a valid name. Use letters, digits and -.', displayLine(problem.name));
    case 'rootUser':
      return t('cloud-init gives no login to root. Choose another name; that user may become root with {0}.', 'sudo');
    case 'noSshName':
      return t(
        '“{0}” is not a name for ssh. Use {1}, in letters, digits, “.”, “-” and “_”.',
        displayLine(problem.name),
        'NAME.virt-rewind',
      );
    case 'noAddress':
      return t(
        '{0} has no known address that leads to it: it got none, another VM took it, its network cables are unplugged as those of a fork, or its network is QEMU’s own (“user”).',
        displayLine(problem.name),
      );
    case 'sameAddress':
      return t(
        '{0} and {1} have the same address, so it is not certain which one would answer. Stop one of them, or unplug its network.',
        displayLine(problem.name),
        displayLine(problem.other),
      );
    case 'maybeSameAddress':
      return t(
        '{1} has the same origin as {0}, runs in the same network, and its address is unknown. It may be the same one, so it is not certain which one would answer. Stop one of them, or unplug its network.',
        displayLine(problem.name),
        displayLine(problem.other),
      );
    case 'sshConfig':
      return sshConfigText(problem);
    case 'noFile':
      return t('The file {0} does not exist, or you do not have permission to see it.', displayLine(problem.file));
    case 'noProgram':
      return t(
        '{0} is not installed here. Install it (Debian and Ubuntu: package {1}).',
        problem.program,
        'openssh-client',
      );
    case 'obstacle':
      return `${t('VMs cannot be created on {0}.', displayLine(problem.connection))} ${obstacleText(problem.obstacle)}`;
    case 'smallDisk':
      return t(
        'The disk must have at least {0}, the size of the image {1}.',
        bytesText(problem.bytes),
        displayLine(problem.name),
      );
    case 'off':
      return `${t('{0} went off before it was ready.', displayLine(problem.name))} ${stays()}`;
    case 'notSeeded':
      return `${t('{0} runs, but its image has no cloud-init, or one that did not use the seed.', displayLine(problem.name))} ${stays()}`;
    case 'notConfigured':
      return `${t('{0} runs, but its cloud-init failed: see {1} there.', displayLine(problem.name), cloudInitLog)} ${stays()}`;
    case 'notReady':
      return `${t(
        '{0} runs, but did not report within {1} s that it is ready. Without a network it cannot install a guest agent.',
        displayLine(problem.name),
        problem.seconds,
      )} ${stays()}`;
    case 'notKept':
      return t('The image {0} is not on this computer.', displayLine(problem.name));
  }
}

/** Undefined where its signature was right, or there is none. */
export function uncheckedText({ unchecked }: Pick<WantedDigest, 'unchecked'>): string | undefined {
  return unchecked === undefined
    ? undefined
    : t('The checksum is right. Its signature was not checked: {0} is missing on this computer.', unchecked);
}

export function fetchingText(name: string, received: number, total: number | undefined): string {
  return total === undefined
    ? t('Fetching {0}: {1}', name, bytesText(received))
    : t('Fetching {0}: {1} of {2}', name, bytesText(received), bytesText(total));
}

/** @param login a line for a shell */
export function readyLines(name: string, { isPartly }: ReadyGuest, login: string | undefined): readonly string[] {
  const shown = displayLine(name);
  return [
    t('{0} is ready.', shown),
    ...(isPartly ? [t('Parts of its configuration failed: see {0} in it.', cloudInitLog)] : []),
    login === undefined
      ? t('Run programs in it: {0}', `virt-rewind run ${shown} -- PROGRAM`)
      : t('Log in: {0}', displayLine(login, 2_000)),
  ];
}

function sshConfigText({ file, line, why }: Extract<GuestProblem, { kind: 'sshConfig' }>): string {
  const shown = displayLine(file);
  if (why === 'oddPath') {
    return t('ssh cannot be told the path {0}: it has characters that mean something to ssh or to a shell.', shown);
  }
  const reasons = {
    notOurs: () => t('{0} is not a file of yours, so it was not changed.', shown),
    denied: () => t('{0} cannot be changed: permission is missing, or somebody else writes to it.', shown),
    nowhere: () => t('{0} is a link to a file that does not exist. Create that file, or remove the link.', shown),
    tooLong: () => t('{0} is larger than {1}, so it was not changed.', shown, bytesText(1024 * 1024)),
  };
  return `${reasons[why]()} ${t('The line is: {0}', displayLine(line ?? '', 500))}`;
}

function stays(): string {
  return t('The VM stays so that you can examine it.');
}

function hostOf(address: string): string {
  return displayLine(URL.canParse(address) ? new URL(address).host : address);
}
