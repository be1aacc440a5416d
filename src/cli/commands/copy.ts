// Copies a file into a guest or out of it, by its agent.
import { t } from '@vscode/l10n';
import { resolve } from 'node:path';
import { copiedText, copyProgressText } from '../../text/guests/copyText.js';
import type { Context } from '../context.js';
import { copyPlaces } from '../copyPlaces.js';
import type { ExitName } from '../exitCodes.js';
import type { Answers } from '../answers.js';

export async function copy({ call, session, terminal, interruption, json }: Context): Promise<ExitName> {
  const [from = '', to = ''] = call.operands;
  const places = copyPlaces(from, to);
  const view = await session.vm(places.vm);
  const wanted = {
    to: places.to,
    guestPath: places.guestPath,
    // A slash at the end says that it is a folder.
    hostPath: `${resolve(places.hostPath)}${places.hostPath.endsWith('/') ? '/' : ''}`,
    overwrite: call.flags.has('force'),
  };
  const copied = await session.copyFile(view, wanted, {
    signal: interruption.signal,
    onProgress: ({ bytes, totalBytes }) => terminal.progress(t('Copying: {0}', copyProgressText(bytes, totalBytes))),
  });
  if (json === undefined) {
    const place = places.to === 'guest' ? `${view.vm.name}:${copied.path}` : copied.path;
    terminal.say(copiedText(copied.bytes, place));
  } else {
    json({ vm: session.infoOf(session.view(view)), copied: { to: places.to, ...copied } } satisfies Answers['copy']);
  }
  return 'done';
}
