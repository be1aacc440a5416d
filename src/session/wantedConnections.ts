// Which connections are meant by what a person wrote: URIs, names of the settings, names of libvirt's configuration.
// The same for every shell. Connects to nothing.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { hasCode } from '../base/errno.js';
import { Failure } from '../domain/failure.js';
import { isCalled, type WantedConnection } from '../domain/wantedConnection.js';
import { type ClientConf, clientConfPath, ConfError, parseClientConf } from '../libvirt/clientConf.js';
import { defaultConnections } from '../manifest/defaultConnections.js';

const mostBytes = 65_536;

interface WantedOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Those of the settings. */
  readonly known?: readonly WantedConnection[];
  /** Reads libvirt's configuration; only where a name, or the default, is looked for. */
  readonly readConf?: (environment: NodeJS.ProcessEnv) => ClientConf;
}

/**
 * | asked for                                    | →                                                     |
 * |----------------------------------------------|-------------------------------------------------------|
 * | nothing                                      | the defaults of this computer                         |
 * | a URI, or a name, of the settings            | as it is there: a read-only one stays so              |
 * | one of `uri_aliases` of `libvirt.conf`       | its URI, by that name                                 |
 * | anything else                                | that, as it is: who opens it says that it is no URI   |
 *
 * @throws Failure `invalid` where libvirt's configuration cannot be understood
 */
export function wantedConnections(
  asked: readonly WantedConnection[],
  { environment, known = asked, readConf = readClientConf }: WantedOptions,
): readonly WantedConnection[] {
  let read: ClientConf | undefined;
  const conf = (): ClientConf => (read ??= readConf(environment));
  const resolve = (one: WantedConnection): WantedConnection => {
    const kept = known.find((other) => isCalled(other, one.uri)) ?? one;
    const uri = /^[\w-]+$/u.test(kept.uri) ? conf().aliases.get(kept.uri) : undefined;
    if (uri === undefined) {
      return kept;
    }
    const listed = known.find((other) => other.uri === uri);
    return listed ?? { name: kept.uri, ...kept, uri };
  };
  if (asked.length > 0) {
    return asked.map(resolve);
  }
  return defaultConnections(environment, process.getuid?.(), () => conf().uriDefault).map((uri) => resolve({ uri }));
}

/** Those of the settings that are read-only, each by its URI. @throws Failure `invalid`, as `wantedConnections` */
export function readOnlyConnections(
  known: readonly WantedConnection[],
  options: Omit<WantedOptions, 'known'>,
): readonly WantedConnection[] {
  const kept = known.filter(({ readOnly }) => readOnly === true);
  return kept.length === 0 ? [] : wantedConnections(kept, options);
}

/** @throws Failure `invalid` */
export function readClientConf(environment: NodeJS.ProcessEnv): ClientConf {
  const path = clientConfPath(environment, process.geteuid?.(), environment['HOME'] ?? homedir());
  try {
    return parseClientConf(path === undefined ? '' : readText(path));
  } catch (cause) {
    if (cause instanceof ConfError) {
      const details = { path: `${path ?? ''}:${cause.line}`, libvirtMessage: cause.text };
      throw new Failure('invalid', { ...details, doing: "reading libvirt's configuration" }, { cause });
    }
    throw cause;
  }
}

/** Empty where there is none, or none that this user may read: libvirt's clients do without, too. */
function readText(path: string): string {
  try {
    // A pipe would keep an open waiting.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(mostBytes);
      let length = 0;
      for (let read = -1; read !== 0; length += read) {
        read = readSync(file, bytes, length, mostBytes - length, length);
      }
      return bytes.toString('utf8', 0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR', 'ESPIPE')) {
      return '';
    }
    throw error;
  }
}
