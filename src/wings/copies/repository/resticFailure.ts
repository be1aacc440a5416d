// What went wrong with a repository. Its other users read what restic said of it.
import { t } from '@vscode/l10n';
import { shellWord } from '../../../base/shellWord.js';
import { Failure, type FailureKind, isOfWing, type WingReason } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import { notInstalledText } from '../../../text/failures/obstacleText.js';
import { withoutPassword } from './repositoryAddress.js';

const kinds = {
  noRepository: 'notFound',
  noKeyFile: 'notFound',
  locked: 'busy',
  failed: 'failed',
  /** Where a restore writes. */
  noSpace: 'failed',
  repositoryFull: 'failed',
  noProgram: 'refused',
  noKey: 'refused',
  /** Others may read the file with the key. */
  openKeyFile: 'refused',
  wrongKey: 'refused',
} as const satisfies Record<string, FailureKind>;

export type ResticProblem = keyof typeof kinds;

/**
 * @param said in restic's words, or the file; untrusted
 * @param where it ran; undefined: on this computer
 */
export function resticFailure(problem: ResticProblem, said = '', where?: string): Failure {
  const text: WingReason['text'] = ({ target = '' }) => [resticText(problem, said, where, target), ''];
  return new Failure(kinds[problem], { reason: { wing: 'restic', kind: problem, facts: { said }, text } });
}

/** What restic said, if it failed for one of these reasons; none given: for any. */
export function saidByRestic(error: unknown, ...problems: readonly ResticProblem[]): string | undefined {
  return isOfWing(error, 'restic', ...problems) ? (error.details.reason?.facts as { said: string }).said : undefined;
}

/**
 * What restic 0.14 to 0.18 says of data that is not as it was stored. A pack that is shorter ends before its part:
 * a server that is lost says other things the last time that restic tries.
 */
const damage =
  /ciphertext verification failed|ciphertext too short|invalid data returned|returned invalid hash|wrong data returned|decompressing blob|id [\da-f]{64} not found in repository|nodes are not ordered|<(?:data|index)\/[\da-f]+>.*(?:EOF|too short|no such file|does not exist)|StreamPack.*(?:EOF|too short|no such file|does not exist)/iu;

/** Whether what it stored is damaged, rather than out of reach. */
export function isDamage(error: unknown): boolean {
  return damage.test(saidByRestic(error, 'failed') ?? '');
}

function resticText(problem: ResticProblem, said: string, host: string | undefined, target: string): string {
  const shown = displayLine(withoutPassword(target));
  switch (problem) {
    case 'noProgram':
      return said !== ''
        ? t('{0} is needed on {1}. Install it there.', 'restic', displayLine(said))
        : notInstalledText('restic');
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
    case 'failed':
      return said.includes('unable to start the sftp session')
        ? t(
            '{0} cannot be reached. Log in there with ssh yourself first: it must ask nothing. restic said: {1}',
            shown,
            endOf(said),
          )
        : [t('restic failed: {0}', endOf(said)), ...(damage.test(said) ? [damagedText()] : [])].join(' ');
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

/** Finds the first line about missing space; restic writes one for each file. */
function noSpaceIn(said: string): string {
  return displayLine(said.split('\n').find((line) => /no space left|quota exceeded/iu.test(line)) ?? said);
}

/** It says last what it failed by. */
function endOf(said: string): string {
  return displayLine(said.slice(-1_000), 1_000);
}
