// Hosts behind ssh: the real client and the real server, in which libvirt's sockets are those of a private daemon. Each
// connection has a server of its own, so that none listens and nothing of the machine's is changed.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { userInfo } from 'node:os';
import type { PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { holdProcess } from '../../scripts/rig/heldProcess.mjs';
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';

export interface SshHost {
  /** With more parameters, as `no_verify=1`. */
  readonly uri: (...parameters: readonly string[]) => string;
  /** Adds lines to the client's configuration, before those that are there. */
  readonly configure: (...lines: readonly string[]) => Promise<void>;
  /** Lines for the server's, in the place of the last ones. */
  readonly configureServer: (...lines: readonly string[]) => Promise<void>;
  /** The client's key from now on: `plain_key`, or `key` with the passphrase "open sesame". */
  readonly identify: (key: string) => Promise<void>;
  /** The only key of the host that the client knows; none: it knows none. */
  readonly know: (key?: string) => Promise<void>;
  readonly at: (name: string) => string;
  /** How often the server has let somebody in. */
  readonly logins: () => Promise<number>;
  /** Ends the login that connections share, and with it all of them. */
  readonly logOut: () => Promise<void>;
}

/** Connections are opened with the daemon's folder as `XDG_RUNTIME_DIR`. */
export async function makeSshHost(daemon: Pick<PrivateDaemon, 'dir' | 'socket'>, name = 'far-host'): Promise<SshHost> {
  const [ssh, sshd] = [await findProgram('ssh'), await findProgram('sshd')];
  assert.ok(ssh !== undefined && sshd !== undefined, 'ssh and sshd are installed');
  const dir = join(daemon.dir, name);
  const at = (file: string): string => join(dir, file);
  await mkdir(dir, { recursive: true });
  for (const key of ['host_key', 'other_host_key', 'key']) {
    await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', key === 'key' ? 'open sesame' : '', '-f', at(key)]);
  }
  await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('plain_key')]);
  await writeFile(
    at('authorized_keys'),
    `${await readFile(at('key.pub'), 'utf8')}${await readFile(at('plain_key.pub'), 'utf8')}`,
    { mode: 0o600 },
  );
  const know = async (key?: string): Promise<void> =>
    writeFile(at('known_hosts'), key === undefined ? '' : `${name} ${await readFile(at(`${key}.pub`), 'utf8')}`);
  await know('host_key');
  await writeFile(at('sshd.log'), '');
  const configureServer = (...lines: readonly string[]): Promise<void> =>
    writeFile(
      at('sshd_config'),
      [
        ...lines,
        `HostKey ${at('host_key')}`,
        `AuthorizedKeysFile ${at('authorized_keys')}`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin prohibit-password',
        'PidFile none',
      ].join('\n'),
    );
  await configureServer();
  // The sockets of the private daemon lie where libvirt's are, for this server alone.
  await writeFile(
    at('server'),
    [
      '#!/bin/sh',
      `mkdir -p /run/libvirt && mount --bind '${dirname(daemon.socket)}' /run/libvirt || exit 1`,
      'mkdir -p /run/sshd',
      ...withoutOwnStart(),
      `exec '${sshd}' -i -f '${at('sshd_config')}' -E '${at('sshd.log')}'`,
    ].join('\n'),
  );
  await chmod(at('server'), 0o700);
  const basic = (key: string): readonly string[] => [
    `Host ${name}`,
    `HostKeyAlias ${name}`,
    `UserKnownHostsFile ${at('known_hosts')}`,
    'GlobalKnownHostsFile none',
    `IdentityFile ${at(key)}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    `User ${userInfo().username}`,
    `ProxyCommand unshare --mount --uts --propagation private ${at('server')}`,
  ];
  const configure = (...lines: readonly string[]): Promise<void> =>
    writeFile(at('config'), [`Host ${name}`, ...lines, ...basic('plain_key')].join('\n'));
  await configure();
  await writeFile(at('client'), `#!/bin/sh\nexec '${ssh}' -F '${at('config')}' "$@"\n`);
  await chmod(at('client'), 0o700);
  return {
    uri: (...parameters) => `qemu+ssh://${name}/system?${[`command=${at('client')}`, ...parameters].join('&')}`,
    configure,
    configureServer,
    identify: (key) => writeFile(at('config'), basic(key).join('\n')),
    know,
    at,
    logins: async () => (await readFile(at('sshd.log'), 'utf8')).split('Accepted publickey').length - 1,
    logOut: async () => {
      const shared = join(daemon.dir, 'virt-rewind', '%C');
      await run(at('client'), ['-O', 'exit', '-o', `ControlPath=${shared}`, name]);
    },
  };
}

/** The shell of who logs in reads none of this computer's start files, which may do anything and take any time. */
export function withoutOwnStart(): readonly string[] {
  const { homedir } = userInfo();
  const files = ['.bashrc', '.bash_profile', '.profile', '.zshenv'].map((name) => join(homedir, name));
  return files.filter((file) => existsSync(file)).map((file) => `mount --bind /dev/null '${file}' || exit 1`);
}

export interface JumpedHost extends SshHost {
  readonly start: () => Promise<void>;
  /** Its server and all that logged in, at once. */
  readonly kill: () => Promise<void>;
}

/** One in a network of its own, in which its server listens: only a jump host leads there. */
export async function makeJumpedHost(daemon: Pick<PrivateDaemon, 'dir' | 'socket'>, name: string): Promise<JumpedHost> {
  const host = await makeSshHost(daemon, name);
  const { at } = host;
  const sshd = (await findProgram('sshd'))!;
  const server = `${sshd} -f '${at('sshd_config')}' -E '${at('sshd.log')}'`;
  await writeFile(
    at('listens'),
    [
      `mkdir -p /run/libvirt /run/sshd && mount --bind '${dirname(daemon.socket)}' /run/libvirt && ip link set lo up || exit 1`,
      ...withoutOwnStart(),
      `${server} -D -p 22 -o ListenAddress=127.0.0.1 </dev/null >/dev/null &`,
      'until (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null; do kill -0 $! || exit 1; done',
      'echo listens; read -r end',
    ].join('\n'),
  );
  const itsOwn = ['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', 'bash', at('listens')];
  const begin = `echo $$ >'${at('network')}'; exec unshare "$@"`;
  const network = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-c', begin, 'sh'] as const;
  await host.configure(
    'HostName 127.0.0.1',
    'ProxyJump jump-host',
    'Host jump-host',
    `ProxyCommand nsenter --net --target $(cat ${at('network')}) ${server} -i`,
    ...[`HostKeyAlias ${name}`, `UserKnownHostsFile ${at('known_hosts')}`, `IdentityFile ${at('plain_key')}`],
    ...['GlobalKnownHostsFile none', 'IdentitiesOnly yes', 'IdentityAgent none', `User ${userInfo().username}`],
    `Host ${name}`,
  );
  let held: ReturnType<typeof holdProcess> | undefined;
  return {
    ...host,
    start: async () => {
      held = holdProcess([...network, ...itsOwn]);
      await held.ask();
    },
    kill: async () => held?.end(),
  };
}
