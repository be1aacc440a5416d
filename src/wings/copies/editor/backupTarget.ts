// Which repository is meant, and its key: asked once, then kept by the editor with the secrets of this user. A key that
// is kept is never replaced by one that did not open the repository.
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { parseAs, parseJson } from '../../../journal/json.js';
import { agoText } from '../../../text/relativeAge.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { askText } from '../../../ui/prompts/ask.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { type Choice, pick } from '../../../ui/prompts/pickTarget.js';
import { type Backup, listBackups } from '../repository/backups.js';
import { resticText } from '../copiesText.js';
import { isRemote, Restic, ResticFault, type ResticProblem, withoutPassword } from '../repository/restic.js';
import { askKey, askNewKey, type Key } from './backupKey.js';
import { errorOfCopies, whileTold } from './copiesErrors.js';
import { knownTargets, rememberBackups } from './knownBackups.js';

export interface OpenedTarget {
  /** How it is called. */
  readonly target: string;
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

/** One that was used before, or another one. */
export async function pickRepository(run: CommandRun): Promise<string> {
  const now = Date.now();
  const choices: readonly Choice<string | (() => Promise<string>)>[] = [
    ...knownTargets(run.remembered).map(({ target, backups }) => ({
      label: target,
      icon: isRemote(target) ? 'cloud' : 'folder',
      ...(backups.length > 0 && {
        description: t('Backups: {0}, newest: {1}', backups.length, agoText(backups.at(-1)?.madeAt ?? 0, now)),
      }),
      value: target,
    })),
    { label: t('Folder…'), icon: 'folder-opened', value: () => pickFolder(t('Select where the backups are kept')) },
    { label: t('restic Repository…'), icon: 'cloud', value: askRepository },
  ];
  const picked = await pick(choices, t('Select where the backups are kept'), run.title);
  return typeof picked === 'string' ? picked : picked();
}

export async function pickFolder(title: string): Promise<string> {
  const [folder] = requireAnswer(
    await vscode.window.showOpenDialog({
      title,
      canSelectFiles: false,
      canSelectFolders: true,
    }),
  );
  return requireAnswer(folder).fsPath;
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
export async function openTarget(run: CommandRun, named: string, mayCreate: boolean): Promise<OpenedTarget> {
  const target = withoutPassword(named);
  const place = `backups ${target}`;
  const kept = parseSecret(await run.secrets.get(place));
  const repository = named === target ? (kept?.repository ?? named) : named;
  const keep = (secret: Secret): Thenable<void> => run.secrets.store(place, JSON.stringify(secret));
  for (let secret = kept; ;) {
    const open = openerOf(secret ?? { repository, key: unknownKey });
    const found = await look(target, open);
    if (!(found instanceof ResticFault)) {
      if (secret !== undefined) {
        await keep(secret);
      }
      await rememberBackups(run.remembered, target, found);
      return { target, isNew: false, backups: found, open };
    }
    if (found.problem !== 'noRepository') {
      secret = { repository, ...(await askKey(target, secret && resticText(found, target))) };
    } else if (mayCreate) {
      secret = { repository, ...(await askNewKey(target, kept)) };
      const created = openerOf(secret);
      await whileTold(t('Reading {0}', target), { target }, created);
      await keep(secret);
      return { target, isNew: true, backups: [], open: created };
    } else {
      throw errorOfCopies(found, target, '');
    }
  }
}

function openerOf({ repository, key, file }: Secret): OpenedTarget['open'] {
  const { RESTIC_PASSWORD: _, RESTIC_PASSWORD_FILE: __, RESTIC_PASSWORD_COMMAND: ___, ...others } = process.env;
  const environment = { ...others, ...(key !== undefined && { RESTIC_PASSWORD: key }) };
  return (signal) => Restic.open(repository, { environment, signal, passwordFile: file });
}

/** What another key, or a new repository, would help is an answer. */
const answers: readonly ResticProblem[] = ['wrongKey', 'noKeyFile', 'openKeyFile', 'noRepository'];

function look(target: string, open: OpenedTarget['open']): Promise<readonly Backup[] | ResticFault> {
  return whileTold(t('Reading {0}', target), { target }, async (signal) => {
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
