// FROM and TO of `copy` → what is copied where, or what is wrong with them. Pure.
import { CliError } from './commandError.js';

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
