// Which repository is meant, and its key: asked once, then kept by the editor with the secrets of this user. A key that
// is kept is never replaced by one that did not open the repository.
import { randomUUID } from 'node:crypto';
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { parseAs, parseJson } from '../../../journal/json.js';
import { agoText } from '../../../text/relativeAge.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { askText } from '../../../ui/prompts/ask.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { type Choice, pick } from '../../../ui/prompts/pickTarget.js';
import { type Backup, listBackups } from '../repository/backups.js';
import { resticText } from '../resticText.js';
import { isRemote, withoutPassword } from '../repository/repositoryAddress.js';
import { Restic, ResticFault, type ResticProblem } from '../repository/restic.js';
import { askFolder, type BackupHost, type FolderQuestion, type OpenHost, shownTarget } from './backupHost.js';
import { askKey, askNewKey, type Key } from './backupKey.js';
import { errorOfCopies, whileTold } from './copiesErrors.js';
import { knownTargets, rememberBackups } from './knownBackups.js';

export interface OpenedTarget {
  /** On which restic runs. */
  readonly host: OpenHost;
  /** As restic calls it there, without a password. */
  readonly target: string;
  /** As people read it. */
  readonly shown: string;
  /** Not there yet. */
  readonly isNew: boolean;
  /** The oldest first. */
  readonly backups: readonly Backup[];
  readonly open: (signal: AbortSignal) => Promise<Restic>;
}

/** Opens nothing: restic tells by it whether there is a repository. */
const unknownKey = randomUUID();

type Secret = Key & { readonly repository: string };

const secretShape = v.object({
  repository: v.string(),
  key: v.exactOptional(v.string()),
  file: v.exactOptional(v.string()),
});

/** One that was used before from this host, or another one. */
export async function pickRepository(run: CommandRun, host: BackupHost): Promise<string> {
  const now = Date.now();
  const choices: readonly Choice<string | (() => Promise<string>)>[] = [
    ...knownTargets(run.remembered, host).map(({ target, backups }) => ({
      label: shownTarget(host, target),
      icon: isRemote(target) ? 'cloud' : 'folder',
      ...(backups.length > 0 && {
        description: t('Backups: {0}, newest: {1}', backups.length, agoText(backups.at(-1)?.madeAt ?? 0, now)),
      }),
      value: target,
    })),
    { label: folderLabel(host), icon: 'folder-opened', value: () => askFolder(host, folderOfBackups(host)) },
    {
      label: t('restic Repository…'),
      icon: 'cloud',
      ...(host.uri !== undefined && { detail: t('restic runs on {0} and must reach it from there.', host.name) }),
      value: askRepository,
    },
  ];
  const picked = await pick(choices, t('Select where the backups are kept'), run.title);
  return typeof picked === 'string' ? picked : picked();
}

/** Of the choice that asks for a folder. */
export function folderLabel({ uri, name }: BackupHost): string {
  return uri === undefined ? t('Folder…') : t('Folder on {0}…', name);
}

function folderOfBackups({ name }: BackupHost): FolderQuestion {
  return {
    here: t('Select where the backups are kept'),
    there: t('Folder on {0} for the backups', name),
    prompt: t('A folder there is lost with the host. Mount another disk, or use a repository elsewhere.'),
    example: '/srv/backups',
  };
}

async function askRepository(): Promise<string> {
  const answer = await askText({
    title: t('restic Repository…'),
    prompt: t('As restic calls it: {0}', 'sftp:user@host:/folder, rest:https://host:8000/, s3:https://host/bucket'),
    ignoreFocusOut: true,
    problem: (text) =>
      isRemote(text.trim()) || text.trim().startsWith('/')
        ? undefined
        : t('Enter the address of a repository, such as {0}.', 'sftp:user@host:/folder'),
  });
  return requireAnswer(answer).trim();
}

/**
 * Looks into the repository, and asks for its key until one opens it.
 * @param mayCreate whether one that is not there is asked about; the first backup creates it
 */
export async function openTarget(
  run: CommandRun,
  host: OpenHost,
  named: string,
  mayCreate: boolean,
): Promise<OpenedTarget> {
  const target = withoutPassword(named);
  const shown = shownTarget(host, target);
  const place = ['backups', ...(host.uri === undefined ? [] : [host.uri]), target].join(' ');
  const kept = parseSecret(await run.secrets.get(place));
  const repository = named === target ? (kept?.repository ?? named) : named;
  const keep = (secret: Secret): Thenable<void> => run.secrets.store(place, JSON.stringify(secret));
  for (let secret = kept; ;) {
    const open = openerOf(host, secret ?? { repository, key: unknownKey });
    const found = await look(shown, open);
    if (!(found instanceof ResticFault)) {
      if (secret !== undefined) {
        await keep(secret);
      }
      await rememberBackups(run.remembered, { target, host }, found);
      return { host, target, shown, isNew: false, backups: found, open };
    }
    if (found.problem !== 'noRepository') {
      secret = { repository, ...(await askKey(shown, secret && resticText(found, shown))) };
    } else if (mayCreate) {
      secret = { repository, ...(await askNewKey(shown, kept)) };
      const created = openerOf(host, secret);
      await whileTold(t('Reading {0}', shown), { shown }, created);
      await keep(secret);
      return { host, target, shown, isNew: true, backups: [], open: created };
    } else {
      throw errorOfCopies(found, shown, '');
    }
  }
}

/** The key goes as the command line's does: to another host, into the environment of restic alone. */
function openerOf({ login }: OpenHost, { repository, key, file }: Secret): OpenedTarget['open'] {
  const { RESTIC_PASSWORD: _, RESTIC_PASSWORD_FILE: __, RESTIC_PASSWORD_COMMAND: ___, ...others } = process.env;
  const environment = { ...others, ...(key !== undefined && { RESTIC_PASSWORD: key }) };
  return (signal) => Restic.open(repository, { login, environment, signal, passwordFile: file });
}

/** What another key, or a new repository, would help is an answer. */
const answers: readonly ResticProblem[] = ['wrongKey', 'noKeyFile', 'openKeyFile', 'noRepository'];

function look(shown: string, open: OpenedTarget['open']): Promise<readonly Backup[] | ResticFault> {
  return whileTold(t('Reading {0}', shown), { shown }, async (signal) => {
    try {
      return await listBackups(await open(signal));
    } catch (error) {
      if (error instanceof ResticFault && answers.includes(error.problem)) {
        return error;
      }
      throw error;
    }
  });
}

function parseSecret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : parseAs(secretShape, parseJson(text));
}
