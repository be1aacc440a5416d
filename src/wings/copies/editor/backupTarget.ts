// Which repository is meant, and its key: asked once, then kept by the editor with the secrets of this user. A key that
// is kept is never replaced by one that did not open the repository.
import { randomBytes, randomUUID } from 'node:crypto';
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { parseAs, parseJson } from '../../../journal/json.js';
import { agoText } from '../../../text/relativeAge.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { askText } from '../../../ui/prompts/ask.js';
import { CommandError, DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { type Choice, pick } from '../../../ui/prompts/pickTarget.js';
import { Failure, isOfWing } from '../../../domain/failure.js';
import type { Vm } from '../../../domain/vm.js';
import { requireApart } from '../repository/backUp.js';
import { type Backup, listBackups } from '../repository/backups.js';
import { isRemote, withoutPassword } from '../repository/repositoryAddress.js';
import { Restic } from '../repository/restic.js';
import type { ResticProblem } from '../repository/resticFailure.js';
import { askFolder, type BackupHost, type FolderQuestion, type OpenBackupHost, shownTarget } from './backupHost.js';
import { whileTold } from './copiesErrors.js';
import { knownTargets, rememberBackups } from './knownBackups.js';
import { chmod, lstat, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { failureText } from '../../../text/failures/failureText.js';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { asFailure } from '../../../domain/asFailure.js';
import { askModal, noteInStatusBar } from '../../../ui/prompts/notify.js';

export interface OpenedTarget {
  /** On which restic runs. */
  readonly host: OpenBackupHost;
  /** As restic calls it there, without a password. */
  readonly target: string;
  /** The same with its password. */
  readonly repository: string;
  readonly secret: Key;
  /** As people read it. */
  readonly shown: string;
  /** Not there yet. */
  readonly isNew: boolean;
  /** The oldest first. */
  readonly backups: readonly Backup[];
  readonly open: (signal: AbortSignal) => Promise<Restic>;
  /** Drops the key of a repository that was not created after all. */
  readonly dropKey?: () => Promise<void>;
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

/** The label of the choice that asks for a folder. */
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
 * @param firstOf VMs whose first backup creates one that is not there, after a question; absent: it is an error
 */
export async function openTarget(
  run: CommandRun,
  host: OpenBackupHost,
  named: string,
  firstOf?: readonly Vm[],
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
    if (!(found instanceof Failure)) {
      if (secret !== undefined) {
        await keep(secret);
      }
      await rememberBackups(run.remembered, { target, host }, found);
      return {
        host,
        target,
        repository: secret?.repository ?? repository,
        secret: secret ?? {},
        shown,
        isNew: false,
        backups: found,
        open,
      };
    }
    if (found.reason !== 'noRepository') {
      secret = { repository, ...(await askKey(shown, secret && failureText(found).sentence)) };
    } else if (firstOf !== undefined) {
      await whileTold(t('Reading {0}', shown), { shown }, async (signal) => requireApart(await open(signal), firstOf));
      const wasThere = knownTargets(run.remembered, host).some((one) => one.target === target);
      const isFilled = host.uri === undefined && !isRemote(target) && (await hasFiles(target));
      secret = { repository, ...(await askNewKey(shown, kept, { wasThere, isFilled })) };
      const created = openerOf(host, secret);
      await whileTold(t('Reading {0}', shown), { shown }, created);
      await keep(secret);
      const dropKey = async (): Promise<void> => {
        const now = await look(shown, created).catch(() => undefined);
        if (kept === undefined && isOfWing(now, 'restic', 'noRepository')) {
          await run.secrets.delete(place);
        }
      };
      return { host, target, repository, secret, shown, isNew: true, backups: [], open: created, dropKey };
    } else {
      throw found;
    }
  }
}

/** The key goes as the command line's does: to another host, into the environment of restic alone. */
function openerOf({ login }: OpenBackupHost, { repository, key, file }: Secret): OpenedTarget['open'] {
  const { RESTIC_PASSWORD: _, RESTIC_PASSWORD_FILE: __, RESTIC_PASSWORD_COMMAND: ___, ...others } = process.env;
  const environment = { ...others, ...(key !== undefined && { RESTIC_PASSWORD: key }) };
  return (signal) => Restic.open(repository, { login, environment, signal, passwordFile: file });
}

/** What another key, or a new repository, would help is an answer. */
const answers: readonly ResticProblem[] = ['wrongKey', 'noKeyFile', 'openKeyFile', 'noRepository'];

function look(shown: string, open: OpenedTarget['open']): Promise<readonly Backup[] | Failure> {
  return whileTold(t('Reading {0}', shown), { shown }, async (signal) => {
    try {
      return await listBackups(await open(signal));
    } catch (error) {
      if (isOfWing(error, 'restic', ...answers)) {
        return error;
      }
      throw error;
    }
  });
}

function parseSecret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : parseAs(secretShape, parseJson(text));
}

/** On this computer. */
async function hasFiles(folder: string): Promise<boolean> {
  return ((await undefinedIfAbsent(readdir(folder))) ?? []).length > 0;
}

// Asks for the key of a repository. restic encrypts with it: without it, nobody can read the backups.

/** One of them. */
interface Key {
  readonly key?: string;
  /** That has it, and that only its owner may read. */
  readonly file?: string;
}

/** @param said why the one before did not do */
async function askKey(target: string, said = t('The key of {0}', target)): Promise<Key> {
  const enter = async (): Promise<Key> => ({ key: await askHidden(t('The key of {0}', target), said) });
  return pick(
    [
      { label: t('Enter the Key…'), icon: 'key', value: enter },
      {
        label: t('Use a Key File…'),
        icon: 'file',
        detail: t('A file that only you may read (chmod 600).'),
        value: pickFile,
      },
    ],
    said,
  ).then((ask) => ask());
}

/**
 * Asks for the key of a new repository.
 * @param kept is not replaced: its repository may be on a disk that is missing
 */
async function askNewKey(
  target: string,
  kept: Key | undefined,
  { wasThere, isFilled }: { readonly wasThere: boolean; readonly isFilled: boolean },
): Promise<Key> {
  const title = t('Create a repository for backups at {0}?', target);
  const encrypted = t('restic encrypts backups. A lost key cannot be replaced: without it, nobody can read them.');
  const lost = isFilled ? `${t('The folder contains other files already.')}\n\n${encrypted}` : encrypted;
  if (kept !== undefined) {
    const button = t('Create');
    const mount = !wasThere
      ? lost
      : t('It was there before. If it is on a disk or share that is not mounted now, mount it first.');
    const same = t('The new one gets the same key.');
    if ((await askModal('warning', title, `${mount}\n\n${same}`, button)) !== button) {
      throw new DismissedError();
    }
    return kept.key === undefined ? kept : keepCopy(target, kept.key);
  }
  const [generate, own] = [t('Generate Key'), t('Use My Key…')];
  const answer = requireAnswer(await askModal('info', title, lost, generate, own));
  if (answer === generate) {
    return keepCopy(
      target,
      randomBytes(20)
        .toString('hex')
        .replace(/.{8}(?=.)/gu, '$&-'),
    );
  }
  const given = await askKey(target);
  if (given.key === undefined) {
    return given;
  }
  const again = await askHidden(t('The key of {0}', target), t('Enter the key again'));
  if (again !== given.key) {
    throw new CommandError('invalid', t('The keys differ. Nothing was created.'));
  }
  return given;
}

/** Nothing is created before somebody has one. */
async function keepCopy(target: string, key: string): Promise<Key> {
  const [copy, save] = [t('Copy Key'), t('Save Key…')];
  const text = t(
    'Keep a copy of it on another computer or on paper: without it, nobody can read the backups. This editor keeps it too.',
  );
  const answer = requireAnswer(await askModal('info', t('The key of {0}', target), `${key}\n\n${text}`, copy, save));
  if (answer === copy) {
    await vscode.env.clipboard.writeText(key);
    noteInStatusBar(t('Copied the key'));
  } else {
    await saveKey(target, key);
  }
  return { key };
}

const mostNameLetters = 40;

/** Not there yet: it could have the only copy of the key of another repository. */
async function freeKeyFile(target: string): Promise<string> {
  const letters = Array.from(target.replaceAll(/[^\p{L}\p{N}]+/gu, '-'))
    .slice(-mostNameLetters)
    .join('');
  const path = join(homedir(), `backup-key-${letters.replaceAll(/^-|-$/gu, '')}`);
  let free = path;
  for (let number = 2; (await undefinedIfAbsent(lstat(free))) !== undefined; number += 1) {
    free = `${path}-${number}`;
  }
  return free;
}

async function saveKey(target: string, key: string): Promise<void> {
  const defaultUri = vscode.Uri.file(await freeKeyFile(target));
  const { fsPath } = requireAnswer(await vscode.window.showSaveDialog({ title: t('Save Key…'), defaultUri }));
  try {
    await writeFile(fsPath, `${key}\n`, { mode: 0o600 });
    await chmod(fsPath, 0o600);
  } catch (error) {
    throw new CommandError('failed', t('{0} cannot be written: {1}', fsPath, asFailure(error).message));
  }
}

async function askHidden(title: string, prompt: string): Promise<string> {
  return requireAnswer(
    await askText({
      title,
      prompt,
      password: true,
      ignoreFocusOut: true,
      problem: (text) => (text === '' ? prompt : undefined),
    }),
  );
}

async function pickFile(): Promise<Key> {
  const [uri] = requireAnswer(await vscode.window.showOpenDialog({ title: t('Use a Key File…') }));
  return { file: requireAnswer(uri).fsPath };
}
