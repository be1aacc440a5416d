// What the ssh client is told: its options, and the line that it hands to the shell of the host. Pure; starts nothing.

/**
 * The address of a host behind ssh, as somebody wrote it down. All else is the user's own: `~/.ssh/config`, agents,
 * jump hosts.
 */
export interface SshHost {
  readonly name: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** In the place of `ssh`. */
  readonly program?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly knownHosts?: string | undefined;
  /** Its key is not looked at. */
  readonly isUnverified: boolean;
  /** Nobody is asked anything, also where a person could answer. */
  readonly isSilent: boolean;
}

export interface SshWish {
  /** Nobody answers a question. */
  readonly isBatch: boolean;
  /**
   * The socket of a login that connections to this host share. Absent: that of the user's own configuration, if any;
   * `none`: each logs in.
   */
  readonly sharedLogin?: string;
  /** Without a login that is open already it may make one. Default: it may. */
  readonly mayLogIn?: boolean;
}

/** Seconds that a login is kept after its last connection. */
const keepLoginSeconds = 60;
const connectSeconds = 30;
const aliveSeconds = 15;

export interface SshCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** @param line for the shell of the host, whatever it is (`lineForShell`) */
export function sshCommand(host: SshHost, wish: SshWish, line: string): SshCommand {
  const { name, user, port, keyFile, knownHosts } = host;
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
    ...(wish.isBatch || host.isSilent ? ['BatchMode=yes'] : []),
    // A host that refuses a session in a shared login would be logged in to by itself, unasked and unseen.
    ...(wish.mayLogIn === false ? ['PreferredAuthentications=none'] : []),
    ...(host.isUnverified ? ['StrictHostKeyChecking=no'] : []),
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${quoteWord(knownHosts)}`]),
    ...(wish.sharedLogin === undefined
      ? []
      : wish.sharedLogin === 'none'
        ? ['ControlMaster=no', 'ControlPath=none']
        : ['ControlMaster=auto', `ControlPath=${quoteWord(wish.sharedLogin)}`, `ControlPersist=${keepLoginSeconds}`]),
  ];
  return {
    program: host.program ?? 'ssh',
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
      line,
    ],
  };
}

/**
 * A script for `sh` as one line for the shell of a login, whatever it is: sh, csh, fish. Each line of the script ends
 * where the next one may stand behind a space: csh knows no line break within quotes. Values come as arguments.
 */
export function lineForShell(script: string, ...values: readonly string[]): string {
  const line = script.trim().replaceAll(/\n */gu, ' ');
  return ['exec', 'sh', '-c', line, 'sh', ...values].map(quoteForShell).join(' ');
}

/** Within quotes fish knows a backslash, and csh looks for `!` in its history: both stand outside of them. */
function quoteForShell(text: string): string {
  return /^[\w./:-]+$/u.test(text) ? text : `'${text.replace(/['\\!]/gu, (one) => `'\\${one}'`)}'`;
}

/** In a value of the client's configuration, where a space would end it. */
function quoteWord(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
