// libvirt's own file of user names and passwords, `auth.conf`. Pure but for what the caller reads.
import { join } from 'node:path';

export interface Credentials {
  readonly user?: string;
  readonly password?: string;
}

/**
 * The first of these that is there (`virAuthGetConfigFilePathURI`):
 *
 * | where                        |
 * |------------------------------|
 * | `LIBVIRT_AUTH_FILE`          |
 * | `?authfile=` of the URI      |
 * | `libvirt/auth.conf` of `XDG_CONFIG_HOME`, or of `~/.config` |
 * | `/etc/libvirt/auth.conf`     |
 */
export function authFiles(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
  authFile: string | undefined,
): readonly string[] {
  const named = environment['LIBVIRT_AUTH_FILE'] ?? authFile ?? '';
  if (named !== '') {
    return [named];
  }
  const folder = environment['XDG_CONFIG_HOME'] ?? '';
  const own = folder.startsWith('/') ? folder : join(home, '.config');
  return [join(own, 'libvirt', 'auth.conf'), '/etc/libvirt/auth.conf'];
}

/**
 * `[auth-libvirt-HOST]`, else `[auth-libvirt-default]`, names by `credentials=NAME` what stands in
 * `[credentials-NAME]`: `authname` or `username`, and `password`.
 */
export function credentialsIn(text: string, host: string): Credentials {
  const groups = parseGroups(text);
  const wanted = groups.get(`auth-libvirt-${host}`) ?? groups.get('auth-libvirt-default');
  const found = groups.get(`credentials-${wanted?.get('credentials') ?? ''}`);
  const user = found?.get('authname') ?? found?.get('username');
  const password = found?.get('password');
  return { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
}

function parseGroups(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  let group: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/u)) {
    const name = /^\s*\[([^\]]+)\]\s*$/u.exec(line)?.[1];
    const [, key, value] = /^\s*([\w.-]+)\s*=\s*(.*)$/u.exec(line) ?? [];
    if (name !== undefined) {
      group = groups.get(name) ?? new Map<string, string>();
      groups.set(name, group);
    } else if (key !== undefined && value !== undefined) {
      group?.set(key, value);
    }
  }
  return groups;
}
