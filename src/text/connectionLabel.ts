// What a libvirt URI is called in the tree; the tooltip has it whole.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';

/** The same, of one among those that are known. */
export function labelIn(known: readonly Parameters<typeof connectionLabel>[0][], uri: string): string {
  return connectionLabel(known.find((one) => one.uri === uri) ?? { uri });
}

/** What a person calls it, or where it leads. */
export function connectionLabel({ uri, name }: { readonly uri: string; readonly name?: string }): string {
  return name === undefined ? uriLabel(uri) : displayLine(name);
}

/**
 * | URI                               | label                      |
 * |-----------------------------------|----------------------------|
 * | qemu:///system                    | This computer (system)     |
 * | qemu:///session                   | This computer (session)    |
 * | qemu:///system?socket=/run/x      | This computer (system, own socket) |
 * | test:///default                   | Test driver (default)      |
 * | qemu+ssh://me@host/system         | host (ssh)                 |
 * | qemu+tls://host:16514/session     | host:16514 (tls, session)  |
 * | anything else                     | the URI as it is           |
 */
function uriLabel(uri: string): string {
  const match =
    /^(?<driver>[a-z]+)(?:\+(?<transport>[a-z0-9]+))?:(?:\/\/(?:[^@/]*@)?(?<host>[^/?]*))?\/(?<path>[^/?#][^?#]*)?(?:\?(?<query>[^#]*))?(?:#.*)?$/i.exec(
      uri,
    );
  if (match?.groups === undefined) {
    return uri;
  }
  const { driver = '', transport, host = '', path = '', query = '' } = match.groups;
  const socket = new URLSearchParams(query).has('socket') ? [t('own socket')] : [];
  if (driver === 'test') {
    return t('Test driver ({0})', [path, ...socket].join(', '));
  }
  if (driver !== 'qemu') {
    return uri;
  }
  if (host === '') {
    return t('This computer ({0})', [path, ...socket].join(', '));
  }
  const notes = [transport, path === 'system' ? undefined : path, ...socket].filter((part) => part && part !== '');
  return notes.length === 0 ? host : t('{0} ({1})', host, notes.join(', '));
}

/** Undefined where it is something else that is wrong with an address. */
export function parameterSentence({
  parameter,
  connection = '',
}: {
  readonly parameter?: string | undefined;
  readonly connection?: string;
}): string | undefined {
  return parameter === undefined
    ? undefined
    : t(
        'The parameter {0} of {1} is unknown, not supported, or has a wrong value.',
        displayLine(parameter),
        displayLine(connection),
      );
}
