// New VM…: of an image of the catalogue, or of a file; told when the guest is ready.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { fetchedFolder } from '../../../driver/files/labImages.js';
import { bytesText } from '../../../text/bytesText.js';
import { failureText } from '../../../text/failures/failureText.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { sessionOf } from '../../../ui/commands/sessionOf.js';
import { openConnectionFor } from '../../../ui/commands/targets.js';
import { askText } from '../../../ui/prompts/ask.js';
import { DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { pick } from '../../../ui/prompts/pickTarget.js';
import { guestFailure } from '../guestFailure.js';
import { fetchingText, readyLines, uncheckedText } from '../guestText.js';
import { readCatalogue } from '../images/catalogue.js';
import { listKept } from '../../../driver/files/keptImages.js';
import { isVmName, type MadeVm, newVm, type NewVm, usualParts } from '../make/newVm.js';
import { logInInTerminal } from './logInInTerminal.js';

export async function createVm(run: CommandRun): Promise<{ readonly vm: string }> {
  const { uri: connection } = await openConnectionFor(run, t('Select where the VM is created'));
  const image = await pickImage(run, connection);
  const name = await askName(run, connection, 'name' in image ? image.name : 'vm');
  const made = await whileTold(run, { ...usualParts, connection, image, name });
  void offerLogin(run, name, made);
  return { vm: name };
}

async function pickImage(run: CommandRun, connection: string): Promise<NewVm['image']> {
  const folder = run.history.folder;
  const kept = await listKept(fetchedFolder(connection, process.env));
  const catalogue = await readCatalogue(folder);
  const lines = catalogue.map(({ name, address }) => {
    const here = kept.find((one) => one.name === name);
    return {
      label: name,
      icon: here === undefined ? 'cloud-download' : 'vm',
      description: here === undefined ? new URL(address).host : bytesText(here.bytes),
      value: name,
    };
  });
  const picked = await pick(
    [...lines, { label: t('From a File…'), icon: 'file', value: undefined }],
    t('Select an image'),
    run.title,
  );
  if (picked !== undefined) {
    return { name: picked };
  }
  const filters = { [t('Image')]: ['qcow2', 'img', 'raw'], '*': ['*'] };
  const [file] = requireAnswer(await vscode.window.showOpenDialog({ title: t('Select an image'), filters }));
  return { file: file?.fsPath ?? '' };
}

async function askName({ engine, title }: CommandRun, connection: string, image: string): Promise<string> {
  const taken = new Set(
    engine.connections.find(({ uri }) => uri === connection)?.vms.map(({ vm }) => vm.name.toLowerCase()),
  );
  const base = image.replaceAll(/[^a-z0-9-]/gu, '-');
  const free = [base, ...[...taken].map((_, at) => `${base}-${at + 2}`)].find((one) => !taken.has(one));
  const name = await askText({
    ...(title !== undefined && { title }),
    prompt: t('Name of the new VM, which is its host name too'),
    value: free ?? base,
    ignoreFocusOut: true,
    problem: (text) => {
      const given = text.trim();
      const wrong = !isVmName(given)
        ? guestFailure('badName', { name: given })
        : taken.has(given.toLowerCase())
          ? guestFailure('nameTaken', { vm: given })
          : undefined;
      return wrong && failureText(wrong).sentence;
    },
  });
  return requireAnswer(name).trim();
}

async function whileTold(run: CommandRun, wanted: NewVm): Promise<MadeVm> {
  const { name, image } = wanted;
  return notifyProgress(t('Creating {0}', name), true, (report, cancellation) => {
    const stop = new AbortController();
    cancellation.onCancellationRequested(() => stop.abort(new DismissedError()));
    return newVm(wanted, {
      ...{ session: sessionOf(run), log: run.log, shell: vscode.env.appName, environment: process.env },
      signal: stop.signal,
      onStep: (what) => report(what),
      onNote: (line) => run.log.warn(line),
      onProgress: (received, total) => report(fetchingText('name' in image ? image.name : '', received, total)),
      onFetched: (fetched) => {
        const note = uncheckedText(fetched);
        if (note !== undefined) {
          void notify('warning', note);
        }
      },
    });
  });
}

async function offerLogin({ engine }: CommandRun, name: string, made: MadeVm): Promise<void> {
  const { address, ref } = made;
  const [ready = '', ...notes] = readyLines(name, made, undefined);
  const text = [ready, ...notes.slice(0, -1)].join(' ');
  if (address === undefined) {
    await notify('info', text);
    return;
  }
  const login = t('Log In');
  const view = engine.findVm(ref);
  if ((await notify('info', text, login)) === login && view !== undefined) {
    logInInTerminal(view);
  }
}
