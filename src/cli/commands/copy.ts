// Copies a file into a guest or out of it, by its agent.
import { t } from '@vscode/l10n';
import { resolve } from 'node:path';
import { copiedText, copyProgressText } from '../../text/guests/copyText.js';
import type { Context } from '../context.js';
import { CliError } from '../commandError.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

export async function copy({ call, session, terminal, interruption }: Context): Promise<CommandAnswer> {
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
  const vm = session.infoOf(session.view(view));
  const place = places.to === 'guest' ? `${view.vm.name}:${copied.path}` : copied.path;
  return {
    answer: { vm, copied: { to: places.to, ...copied } } satisfies Answers['copy'],
    text: copiedText(copied.bytes, place),
  };
}

/** FROM and TO of `copy` → what is copied where, or what is wrong with them. Pure. */
interface CopyPlaces {
  readonly to: 'guest' | 'host';
  readonly vm: string;
  readonly guestPath: string;
  readonly hostPath: string;
}

/** @throws CliError `usage` */
export function copyPlaces(from: string, to: string): CopyPlaces {
  const [source, target] = [inGuest(from), inGuest(to)];
  if ((source === undefined) === (target === undefined)) {
    throw new CliError(
      'usage',
      source === undefined
        ? 'One of FROM and TO is in a guest, as VM:/PATH. See virt-rewind copy --help.'
        : 'Only one of FROM and TO is in a guest; a file here that has a colon is written as ./NAME. See virt-rewind copy --help.',
    );
  }
  const guest = source ?? target;
  if (guest === undefined || !/^(?:\/|[A-Za-z]:[\\/])/u.test(guest.path)) {
    throw new CliError(
      'usage',
      'The path in the guest is a whole one, as web-test:/etc/hosts. See virt-rewind copy --help.',
    );
  }
  const here = source === undefined ? from : to;
  if (here === '') {
    throw new CliError('usage', 'The path on this computer is empty. See virt-rewind copy --help.');
  }
  return {
    to: source === undefined ? 'guest' : 'host',
    vm: guest.vm,
    guestPath: guest.path,
    hostPath: here,
  };
}

/** As scp has it: a colon before any slash. */
function inGuest(word: string): { readonly vm: string; readonly path: string } | undefined {
  const [, vm, path] = /^([^/:]+):([^]*)$/u.exec(word) ?? [];
  return vm === undefined || path === undefined ? undefined : { vm, path };
}
