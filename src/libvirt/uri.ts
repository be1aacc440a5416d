// What a libvirt URI says: driver, transport, path, and the parameters that the client itself uses.
// Pure; touches no file system and no environment but the one it is given.
import { UnsupportedUri } from './libvirtError.js';

export interface LibvirtUri {
  /** As given. */
  readonly text: string;
  /** qemu, test, … */
  readonly driver: string;
  /** unix, ssh, tls, … in lower case. */
  readonly transport: string;
  /** As given, with user and port. */
  readonly host: string;
  /** The client's own parameters, by their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The first that is for the daemon. */
  readonly daemonParameter?: string;
  /** As given, percent-encoded; starts with a slash or is empty. */
  readonly path: string;
  readonly mode: 'auto' | 'legacy' | 'direct';
  /** Absolute path of a socket that is to be used instead of the usual one. */
  readonly socket?: string;
  /** What the daemon is asked to open: without transport, host and the client's own parameters. */
  readonly name: string;
}

const uriForm = /^([a-z][a-z\d.-]*)(?:\+([a-z\d]+))?:(?:\/\/([^/?#]*))?(\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$/iu;

/** Taken out of the name that the daemon sees. Names are compared without case, as libvirt does. */
const clientParameters = new Set([
  'name',
  'command',
  'socket',
  'auth',
  'sshauth',
  'netcat',
  'keyfile',
  'pkipath',
  'known_hosts',
  'known_hosts_verify',
  'tls_priority',
  'mode',
  'proxy',
  'no_sanity',
  'no_verify',
  'no_tty',
  'authfile',
]);

/**
 * | transport written | host  | transport       |
 * |-------------------|-------|-----------------|
 * | yes               | any   | that one        |
 * | no                | given | tls             |
 * | no                | none  | unix            |
 *
 * `qemu:/system` is the same as `qemu:///system`; the daemon sees a fragment and makes nothing of it. With the driver
 * `remote` it chooses what it opens itself, and is given no name (`doRemoteOpen`).
 *
 * Throws UnsupportedUri for what libvirt would not take either, unix with a host for example.
 */
export function parseUri(text: string): LibvirtUri {
  const match = uriForm.exec(text);
  if (match === null || /\p{Cc}/u.test(text)) {
    throw new UnsupportedUri(text);
  }
  const [, driver = '', writtenTransport, host = '', path = '', query = '', fragment] = match;
  const transport = writtenTransport?.toLowerCase() ?? (host === '' ? 'unix' : 'tls');
  if (transport === 'unix' && host !== '') {
    throw new UnsupportedUri(text);
  }
  const { own, passedOn } = splitParameters(text, query);
  const mode = own.get('mode') ?? 'auto';
  if (mode !== 'auto' && mode !== 'legacy' && mode !== 'direct') {
    throw new UnsupportedUri(text, undefined, 'mode');
  }
  const socket = own.get('socket');
  if (socket !== undefined && !socket.startsWith('/')) {
    throw new UnsupportedUri(text, undefined, 'socket');
  }
  const [daemonParameter] = passedOn;
  const rest = passedOn.length > 0 ? `?${passedOn.join('&')}` : '';
  return {
    text,
    driver: driver.toLowerCase(),
    transport,
    host,
    parameters: own,
    ...(daemonParameter === undefined ? {} : { daemonParameter: parameterName(text, daemonParameter) }),
    path,
    mode,
    ...(socket === undefined ? {} : { socket }),
    name:
      own.get('name') ??
      (driver.toLowerCase() === 'remote'
        ? ''
        : `${driver.toLowerCase()}://${path}${rest}${fragment === undefined ? '' : `#${fragment}`}`),
  };
}

/** As the host of the daemon itself calls the connection. */
export function uriOnHost(text: string): string {
  const { transport, name, socket } = parseUri(text);
  return transport === 'unix' || socket === undefined
    ? transport === 'unix'
      ? text
      : name
    : `${name}?${new URLSearchParams({ socket }).toString()}`;
}

/** Drivers that take no parameter: libvirt passes over one that is mistyped. */
const withoutParameters = new Set(['qemu', 'test', 'remote']);

/** @throws UnsupportedUri, as `parseUri`, and for a parameter that is for nobody */
export function parseKnownUri(text: string): LibvirtUri {
  const uri = parseUri(text);
  if (uri.daemonParameter !== undefined && withoutParameters.has(uri.driver)) {
    throw new UnsupportedUri(text, undefined, uri.daemonParameter);
  }
  return uri;
}

/** The parameter for which `parseKnownUri` takes no such address. */
export function wrongParameter(text: string): string | undefined {
  try {
    parseKnownUri(text);
    return undefined;
  } catch (error) {
    return error instanceof UnsupportedUri ? error.parameter : undefined;
  }
}

/** Who is asked for at which host. A literal IPv6 address comes without its brackets. */
interface HostAddress {
  readonly user?: string;
  readonly name: string;
  readonly port?: number;
}

/**
 * The host of a URI, taken apart.
 *
 * A name or a user that begins with a hyphen would be an option of the program that it is handed to, and a
 * configuration of ssh may hand either to a shell (`%r` in a `ProxyCommand`; `valid_ruser` of OpenSSH 9.6): no such one
 * is taken.
 *
 * @throws UnsupportedUri where there is none, or one that no host can have
 */
export function hostAddress({ text, host }: Pick<LibvirtUri, 'text' | 'host'>): HostAddress {
  const [, writtenUser, v6, plain = '', port = ''] =
    /^(?:([^@]*)@)?(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^:[\]@]*))(?::(\d{1,5}))?$/iu.exec(host) ?? [];
  const user = writtenUser === undefined ? undefined : decodeUriPart(text, writtenUser);
  const name = decodeUriPart(text, v6 ?? plain);
  const number = port === '' ? undefined : Number(port);
  const isUser = user === undefined || /^[^\s"'`$;&<>|(){}\\-][^\s"'`$;&<>|(){}]*(?<!\\)$/u.test(user);
  if (!/^[\w.:%][\w.:%-]*$/u.test(name) || !isUser || (number !== undefined && (number < 1 || number > 65_535))) {
    throw new UnsupportedUri(text);
  }
  return { ...(user !== undefined && { user }), name, ...(number !== undefined && { port: number }) };
}

/** Undefined where it is not given. @throws UnsupportedUri where it is given without a value */
export function givenValue(
  { text, parameters }: Pick<LibvirtUri, 'text' | 'parameters'>,
  name: string,
): string | undefined {
  const value = parameters.get(name);
  if (value === '') {
    throw new UnsupportedUri(text, undefined, name);
  }
  return value;
}

/** As libvirt reads it: a whole number, and any but 0 is yes. @throws UnsupportedUri for another text */
export function switchOf({ text, parameters }: Pick<LibvirtUri, 'text' | 'parameters'>, name: string): boolean {
  const value = parameters.get(name) ?? '0';
  if (!/^-?\d+$/u.test(value)) {
    throw new UnsupportedUri(text, undefined, name);
  }
  return Number(value) !== 0;
}

/**
 * Whether the daemon runs as this user. One behind a socket of its own that chooses itself what it opens may be either:
 * it counts as the one that can do less.
 */
export function isSession({ name, path, socket }: LibvirtUri): boolean {
  return name === '' ? path === '/session' || socket !== undefined : /^[^?#]*\/session(?:[?#]|$)/u.test(name);
}

function splitParameters(
  uri: string,
  query: string,
): { own: ReadonlyMap<string, string>; passedOn: readonly string[] } {
  const own = new Map<string, string>();
  const passedOn: string[] = [];
  for (const part of query.split(/[&;]/).filter((p) => p !== '')) {
    const name = parameterName(uri, part).toLowerCase();
    if (clientParameters.has(name)) {
      own.set(name, decodeUriPart(uri, part.split('=').slice(1).join('=')));
    } else {
      passedOn.push(part);
    }
  }
  return { own, passedOn };
}

function parameterName(uri: string, part: string): string {
  return decodeUriPart(uri, part.split('=', 1)[0] ?? '');
}

/** Nothing that a URI names has control characters: a line of its own would be one of a shell or a configuration. */
function decodeUriPart(uri: string, text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (/\p{Cc}/u.test(decoded)) {
      throw new UnsupportedUri(uri);
    }
    return decoded;
  } catch (cause) {
    if (cause instanceof URIError) {
      throw new UnsupportedUri(uri);
    }
    throw cause;
  }
}
