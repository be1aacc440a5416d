// What went wrong with a repository, as sentences.
import { t } from '@vscode/l10n';
import { shellWord } from '../../base/shellWord.js';
import { displayLine } from '../../domain/plainText.js';
import { withoutPassword } from './repository/repositoryAddress.js';
import { isDamage, type ResticFault } from './repository/restic.js';

export function resticText(fault: ResticFault, target: string): string {
  const { problem, said, host } = fault;
  const shown = displayLine(withoutPassword(target));
  switch (problem) {
    case 'noProgram':
      return said !== ''
        ? t('{0} is needed on {1}. Install it there.', 'restic', displayLine(said))
        : t('restic is not installed. It is in the package restic of most distributions.');
    case 'noKey':
      return t(
        'No key was given for {0}. Write one into a file that only you may read (chmod 600) and use --password-file, or set RESTIC_PASSWORD_FILE. Keep a copy of the key elsewhere: without it, nobody can read the backups.',
        shown,
      );
    case 'noKeyFile':
      return t('{0} does not exist, or is not a file.', displayLine(said));
    case 'openKeyFile':
      return t('Others may read the key in {0}. Protect it: chmod 600.', displayLine(said));
    case 'wrongKey':
      return t('The key does not open {0}. A lost key cannot be replaced.', shown);
    case 'noRepository':
      return t(
        'There is no restic repository at {0}. To create one, back up a VM (virt-rewind backup --create).',
        shown,
      );
    case 'locked':
      return t(
        'Another restic is using {0}. If none is running on any computer, remove its lock on {1}. This command asks for the key: {2}. restic said: {3}',
        shown,
        host === undefined ? t('this computer') : displayLine(host),
        `restic -r ${shellWord(shown)} unlock --remove-all`,
        displayLine(said),
      );
    case 'noSpace':
      return t('There is no space left, so nothing was restored: {0}', noSpaceIn(said));
    case 'repositoryFull': {
      const [, temporary] = /(\/\S.*)\/restic-temp-[^/]*: /u.exec(noSpaceIn(said)) ?? [];
      if (temporary !== undefined) {
        return t(
          'The temporary folder {0} is full. The backups at {1} are as they were. Free some space in that folder, or set TMPDIR to another one.',
          ...[displayLine(temporary), shown],
        );
      }
      return t(
        'There is no space left at {0}. Its backups are as they were. Free some space there first. Then “{1}” frees what this failure left. With a {2} option it deletes old backups too. restic said: {3}',
        ...[shown, `virt-rewind backups prune --free${fromWords(shown, host)}`, '--keep', noSpaceIn(said)],
      );
    }
    case 'cancelled':
      return t('Cancelled.');
    case 'failed':
      return said.includes('unable to start the sftp session')
        ? t(
            '{0} cannot be reached. Log in there with ssh yourself first: it must ask nothing. restic said: {1}',
            shown,
            endOf(said),
          )
        : [t('restic failed: {0}', endOf(said)), ...(isDamage(fault) ? [damagedText()] : [])].join(' ');
  }
}

/** None where this would be another repository, or none: on another host, or without its password. */
function fromWords(shown: string, host: string | undefined): string {
  return host === undefined && !shown.includes('***') ? ` --from ${shellWord(shown)}` : '';
}

/** restic stores nothing again that its index has. */
function damagedText(): string {
  return t(
    'Backups share the data of files that did not change, so a new backup may be damaged too. Check the newest one ({0}). Then repair the repository ({1}, restic 0.16 or newer), or begin a new one.',
    'virt-rewind backups check',
    'restic repair packs',
  );
}

/** Of the lines that it said, one for each file, the first that tells so. */
function noSpaceIn(said: string): string {
  return displayLine(said.split('\n').find((line) => /no space left|quota exceeded/iu.test(line)) ?? said);
}

/** It says last what it failed by. */
function endOf(said: string): string {
  return displayLine(said.slice(-1_000), 1_000);
}
