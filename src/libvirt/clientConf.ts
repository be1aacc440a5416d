// libvirt's own configuration of clients, `libvirt.conf`: which URI is meant without one, and what URIs are called.
// Pure; the text is given by the caller.

export interface ClientConf {
  readonly uriDefault?: string;
  /** By alias. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** A line that libvirt would not take either. */
export class ConfError extends Error {
  override readonly name = 'ConfError';
  constructor(
    /** From 1. */
    readonly line: number,
    /** As it is written there, in short. */
    readonly text: string,
  ) {
    super(`line ${line}: ${text}`);
  }
}

/**
 * As root, and as anybody else; undefined on a system where libvirt's clients are not configured so.
 *
 * @param userId as process.getuid
 */
export function clientConfPath(
  environment: Readonly<Record<string, string | undefined>>,
  userId: number | undefined,
  home: string,
): string | undefined {
  if (userId === undefined) {
    return undefined;
  }
  const folder = environment['XDG_CONFIG_HOME'] ?? '';
  return userId === 0
    ? '/etc/libvirt/libvirt.conf'
    : `${folder.startsWith('/') ? folder : `${home}/.config`}/libvirt/libvirt.conf`;
}

/** White space, line ends and comments between two words. */
const gap = /(?:\s|#[^\n]*)*/uy;
const settingName = /([\w.-]+)[ \t]*=/uy;
/** No quote can be escaped; three of them go over lines. */
const quoted = /"""([\s\S]*?)"""|"([^"\n]*)"|'([^'\n]*)'/uy;
const number = /-?\d+/uy;
const comma = /,/uy;
const end = /[ \t\r;]*(?:#[^\n]*)?(?:\n|$)/uy;

/**
 * The grammar of `virconf.c`: `name = 1`, `name = "text"`, `name = [ "text", "text" ]`, a comment behind `#`. What has
 * another name is passed over. An alias has the letters that libvirt's has; one without `=` is an error there too.
 *
 * @throws ConfError
 */
export function parseClientConf(text: string): ClientConf {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    at = match === undefined ? at : pattern.lastIndex;
    return match;
  };
  const fail = (from = at): ConfError =>
    new ConfError(text.slice(0, from).split('\n').length, (text.slice(from).split('\n', 1)[0] ?? '').slice(0, 100));
  const takeText = (): string | undefined => {
    const match = take(quoted);
    return match && (match[1] ?? match[2] ?? match[3]);
  };
  const takeList = (): readonly string[] => {
    const values: string[] = [];
    at += 1;
    for (;;) {
      take(gap);
      if (text[at] === ']') {
        at += 1;
        return values;
      }
      const value = takeText() ?? take(number)?.[0];
      if (value === undefined) {
        throw fail();
      }
      values.push(value);
      take(gap);
      if (text[at] !== ']' && take(comma) === undefined) {
        throw fail();
      }
    }
  };
  const takeValue = (): string | readonly string[] => {
    const value = text[at] === '[' ? takeList() : (takeText() ?? take(number)?.[0]);
    if (value === undefined) {
      throw fail();
    }
    return value;
  };

  let uriDefault: string | undefined;
  const aliases = new Map<string, string>();
  for (take(gap); at < text.length; take(gap)) {
    const from = at;
    const name = take(settingName)?.[1];
    if (name === undefined) {
      throw fail();
    }
    take(/[ \t]*/uy);
    const value = takeValue();
    if (take(end) === undefined) {
      throw fail();
    }
    if (name === 'uri_default' && typeof value === 'string') {
      uriDefault = value;
    } else if (name === 'uri_aliases') {
      for (const row of typeof value === 'string' ? [value] : value) {
        const [, alias, uri] = /^([\w-]+)=(.+)$/u.exec(row) ?? [];
        if (alias === undefined || uri === undefined) {
          throw fail(from + Math.max(0, text.slice(from).indexOf(row)));
        }
        // The first one counts, as there.
        aliases.set(alias, aliases.get(alias) ?? uri);
      }
    }
  }
  return { ...(uriDefault !== undefined && { uriDefault }), aliases };
}
