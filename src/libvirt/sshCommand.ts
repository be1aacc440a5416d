// What the ssh client is told: its options, and the script that it runs on the host. Pure; starts nothing.
import { UnsupportedUri } from './libvirtError.js';
import { hostAddress, isSession, type LibvirtUri, switchOf } from './uri.js';

/** How the script ends where it cannot lead on. 255 is ssh's own. */
export const scriptExits = { noLibvirt: 95, noRelay: 96, denied: 97 } as const;

export interface SshWish {
  readonly readOnly: boolean;
  /** A line that tells where what the host's shell prints at login ends: letters and digits. */
  readonly mark: string;
  /** Nobody answers a question. */
  readonly isBatch: boolean;
  /** The socket of a login that connections to this host share; none: each logs in. */
  readonly sharedLogin?: string;
  /** Without a login that is open already it may make one. Default: it may. */
  readonly mayLogIn?: boolean;
  /** What it leads to; by default the daemon. */
  readonly to?: 'daemon' | 'shell';
}

/** Seconds that a login is kept after its last connection. */
const keepLoginSeconds = 60;
const connectSeconds = 30;
const aliveSeconds = 15;

/**
 * The program and its arguments. All else is the user's own: `~/.ssh/config`, agents, jump hosts.
 *
 * | parameter    | becomes                                                                   |
 * |--------------|---------------------------------------------------------------------------|
 * | command      | the program in the place of `ssh`                                          |
 * | keyfile      | `-i`                                                                       |
 * | known_hosts  | `UserKnownHostsFile`                                                       |
 * | no_verify    | `StrictHostKeyChecking=no`                                                 |
 * | no_tty       | `BatchMode=yes`                                                            |
 * | socket, mode, proxy, netcat | part of the script                                          |
 *
 * @throws UnsupportedUri where a value cannot be what it is there for
 */
export function sshCommand(
  uri: LibvirtUri,
  wish: SshWish,
): { readonly program: string; readonly args: readonly string[] } {
  const { name, user, port } = hostAddress(uri);
  const own = (parameter: string): string | undefined => {
    const value = uri.parameters.get(parameter);
    if (value === '') {
      throw new UnsupportedUri(uri.text, undefined, parameter);
    }
    return value;
  };
  const [keyFile, knownHosts] = [own('keyfile'), own('known_hosts')];
  const options = [
    'RequestTTY=no',
    // A configuration may have both, and then ssh refuses ours or does its own.
    'RemoteCommand=none',
    // Nothing of this computer is lent to the host, and no port of it is opened twice.
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    `ConnectTimeout=${connectSeconds}`,
    // A host that is gone without a word ends the connection, and on the host what runs for it.
    `ServerAliveInterval=${aliveSeconds}`,
    ...(wish.isBatch || switchOf(uri, 'no_tty') ? ['BatchMode=yes'] : []),
    // A host that refuses a session in a shared login would be logged in to by itself, unasked and unseen.
    ...(wish.mayLogIn === false ? ['PreferredAuthentications=none'] : []),
    ...(switchOf(uri, 'no_verify') ? ['StrictHostKeyChecking=no'] : []),
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${quoteWord(knownHosts)}`]),
    ...(wish.sharedLogin === undefined
      ? []
      : ['ControlMaster=auto', `ControlPath=${quoteWord(wish.sharedLogin)}`, `ControlPersist=${keepLoginSeconds}`]),
  ];
  return {
    program: own('command') ?? 'ssh',
    args: [
      '-T',
      '-e',
      'none',
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...(user === undefined ? [] : ['-l', user]),
      ...(keyFile === undefined ? [] : ['-i', keyFile]),
      ...options.flatMap((option) => ['-o', option]),
      '--',
      name,
      wish.to === 'shell' ? shellScript(wish.mark) : remoteScript(uri, { ...wish, netcat: own('netcat') }),
    ],
  };
}

/**
 * One word for the shell of the host, whatever it is: sh, csh, fish. A line of the script never has a quote or an
 * exclamation mark, which they read differently; values come as arguments.
 *
 * | proxy   | the way                                                        |
 * |---------|----------------------------------------------------------------|
 * | native  | `virt-ssh-helper`, of libvirt 6.8 and newer                     |
 * | netcat  | `nc -U` to the socket: that of BusyBox has no such option        |
 * | auto    | the first that is there; a `socket` or a `netcat` means netcat  |
 *
 * Sources: `remote_driver.c` and `virNetClientSSHHelperCommand` of libvirt 11.
 */
function remoteScript(
  uri: LibvirtUri,
  { readOnly, mark, netcat }: Pick<SshWish, 'readOnly' | 'mark'> & { readonly netcat: string | undefined },
): string {
  const proxy = uri.parameters.get('proxy') ?? 'auto';
  const isSessionDaemon = isSession(uri);
  if (!['auto', 'native', 'netcat'].includes(proxy) || (proxy === 'native' && netcat !== undefined)) {
    throw new UnsupportedUri(uri.text, undefined, 'proxy');
  }
  const ways = {
    native: proxy === 'native' || (proxy === 'auto' && uri.socket === undefined && netcat === undefined),
    netcat: proxy !== 'native',
  };
  const suffix = readOnly && !isSessionDaemon ? '-ro' : '';
  const folder = isSessionDaemon ? '${XDG_RUNTIME_DIR:-$HOME/.cache}/libvirt' : '/var/run/libvirt';
  const direct = `${folder}/virt${uri.driver}d-sock${suffix}`;
  const legacy = `${folder}/libvirt-sock${suffix}`;
  const sockets = { auto: [direct, legacy], direct: [direct], legacy: [legacy] }[uri.mode];
  const script = [
    'found=; closed=;',
    uri.socket === undefined ? `for s in ${sockets.map((path) => `"${path}"`).join(' ')}; do` : 'for s in "$2"; do',
    'if [ -S "$s" ]; then if [ -w "$s" ]; then found=${found:-$s}; else closed=${closed:-$s}; fi; fi; done;',
    `if [ -z "$found" ] && [ -n "$closed" ]; then stat -c "%G" -- "$closed" >&2; exit ${scriptExits.denied}; fi;`,
    ...(ways.native
      ? [
          'if command -v virt-ssh-helper >/dev/null 2>&1; then',
          // A session's daemon is started by the helper.
          ...(isSessionDaemon ? [] : [`[ -n "$found" ] || exit ${scriptExits.noLibvirt};`]),
          `echo ${mark}; exec virt-ssh-helper ${readOnly ? '-r ' : ''}"$1"; fi;`,
        ]
      : []),
    `[ -n "$found" ] || exit ${scriptExits.noLibvirt};`,
    ...(ways.netcat
      ? [
          'nc=${3:-nc}; command -v "$nc" >/dev/null 2>&1 ||',
          `exit ${scriptExits.noRelay};`,
          `if [ -z "$3" ]; then case "$(nc -h 2>&1)" in *-U*) ;; *) exit ${scriptExits.noRelay};; esac; fi;`,
          // Debian's traditional one would wait for the other side after ours has ended.
          'q=; case "$("$nc" -q 2>&1)" in *"requires an argument"*) q=-q0;; esac;',
          `echo ${mark}; exec "$nc" $q -U "$found"`,
        ]
      : [`exit ${scriptExits.noRelay}`]),
  ].join(' ');
  return ['exec', 'sh', '-c', script, 'sh', uri.name, uri.socket ?? '', netcat ?? ''].map(quoteForShell).join(' ');
}

/** A shell that reads commands, whatever the user's own is, and finds programs also where its login did not. */
function shellScript(mark: string): string {
  const places = '/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin';
  return `exec sh -c ${quoteForShell(`PATH="$PATH:${places}" LC_ALL=C; export PATH LC_ALL; echo ${mark}; exec sh`)}`;
}

/** Within quotes fish knows a backslash, and csh looks for `!` in its history: both stand outside of them. */
function quoteForShell(text: string): string {
  return /^[\w./:-]+$/u.test(text) ? text : `'${text.replace(/['\\!]/gu, (one) => `'\\${one}'`)}'`;
}

/** In a value of the client's configuration, where a space would end it. */
function quoteWord(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
