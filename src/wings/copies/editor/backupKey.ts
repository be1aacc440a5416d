// Asks for the key of a repository. restic encrypts with it: without it, nobody can read the backups.
import { randomBytes } from 'node:crypto';
import { chmod, lstat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { asFailure } from '../../../domain/asFailure.js';
import { askText } from '../../../ui/prompts/ask.js';
import { CommandError, DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, noteInStatusBar } from '../../../ui/prompts/notify.js';
import { pick } from '../../../ui/prompts/pickTarget.js';

/** One of them. */
export interface Key {
  readonly key?: string;
  /** That has it, and that only its owner may read. */
  readonly file?: string;
}

/** @param said why the one before did not do */
export async function askKey(target: string, said = t('The key of {0}', target)): Promise<Key> {
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

/** Of a repository that is not there. @param kept is not replaced: its repository may be on a disk that is missing */
export async function askNewKey(target: string, kept: Key | undefined): Promise<Key> {
  const title = t('Create a repository for backups at {0}?', target);
  const lost = t('restic encrypts backups. A lost key cannot be replaced: without it, nobody can read them.');
  if (kept !== undefined) {
    const button = t('Create');
    const mount = t('It was there before. If it is on a disk or share that is not mounted now, mount it first.');
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
