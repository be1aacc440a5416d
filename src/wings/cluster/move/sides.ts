// The two hosts of a move: the connection to each, its files, and a shell there.
import type { EnginePort } from '../../../engine/enginePort.js';
import type { NotedCopies } from '../../../engine/copies.js';
import { hostname } from 'node:os';
import { displayLine } from '../../../domain/plainText.js';
import { type CopyShell, openCopyShell } from '../../../transfer/copyShell.js';
import { onVmHost, type VmHost } from '../../../transfer/vmHost.js';
import { type Originals, withOriginals } from '../../../transfer/originals.js';
import { loginTo } from '../../../transfer/loginTo.js';
import type { MoveEnds } from '../live/leadMove.js';
import { clusterFailure } from '../clusterFailure.js';

export interface Side {
  readonly connection: string;
  /** What the host calls itself. */
  readonly name: string;
  readonly host: VmHost;
  readonly shell: CopyShell;
  ask<T>(work: (copies: NotedCopies) => Promise<T>): Promise<T>;
}

export interface Sides {
  readonly from: Side & { readonly originals: Originals };
  readonly to: Side;
}

interface Ends {
  readonly from: string;
  readonly to: string;
}

/** See `withHosts`. */
export async function withSides<T>(
  engine: EnginePort,
  uris: Ends,
  signal: AbortSignal,
  work: (sides: Sides) => Promise<T>,
): Promise<T> {
  return withHosts(engine, signal, async (sidesOf) => work(await sidesOf(uris)));
}

/**
 * For several moves: each host is opened when the first of them needs it, and closed after the last. Connects where
 * nobody has.
 *
 * @throws Failure `noLogin`, Failure, also of a read-only daemon
 */
export async function withHosts<T>(
  engine: EnginePort,
  signal: AbortSignal,
  work: (sidesOf: (uris: Ends) => Promise<Sides>) => Promise<T>,
): Promise<T> {
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const ends: Promise<void>[] = [];
  /** Opens what `run` hands in for as long as its promise stands, once by its key. */
  const opened = new Map<string, Promise<unknown>>();
  const open = <S>(key: string, run: (keep: (one: S) => Promise<void>) => Promise<void>): Promise<S> => {
    const opening =
      (opened.get(key) as Promise<S> | undefined) ??
      new Promise<S>((resolve, reject) => {
        const keep = (one: S): Promise<void> => {
          resolve(one);
          return closed;
        };
        ends.push(
          run(keep).catch((error: unknown) => {
            // Who asks again may find it there.
            opened.delete(key);
            reject(error instanceof Error ? error : new Error(String(error)));
          }),
        );
      });
    opened.set(key, opening);
    return opening;
  };
  const sideOf = (uri: string): Promise<Side> => open<Side>(uri, (keep) => onSide(engine, uri, signal, keep));
  try {
    return await work(async ({ from, to }) => {
      connectTo(engine, [from, to]);
      const side = await sideOf(from);
      const other = await sideOf(to);
      const originals = await open<Originals>(`files ${from}`, (keep) => withOriginals(side.host, signal, keep));
      return { from: { ...side, originals }, to: other };
    });
  } finally {
    close();
    await Promise.all(ends);
  }
}

function connectTo(engine: EnginePort, uris: readonly string[]): void {
  const known = engine.connections.map(({ uri }) => uri);
  const wanted = uris.filter((uri) => !known.includes(uri));
  if (wanted.length > 0) {
    engine.setConnections([...known, ...wanted]);
  }
}

async function onSide<T>(
  engine: EnginePort,
  connection: string,
  signal: AbortSignal,
  work: (side: Side) => Promise<T>,
): Promise<T> {
  await engine.connect(connection);
  const login = await loginTo(engine, connection, 'toChange');
  const shell = await openCopyShell(login, signal);
  try {
    const ask: Side['ask'] = (use) => engine.withCopies(connection, use);
    const name = login?.hostname ?? hostname();
    return await onVmHost(login, (host) => work({ connection, name, host, shell, ask }));
  } finally {
    shell.close();
  }
}

/** Their parts in a live move, for as long as that lasts. */
export async function withEnds<T>({ from, to }: Sides, work: (ends: MoveEnds) => Promise<T>): Promise<T> {
  const source = await from.ask((copies) => copies.openMigration());
  try {
    const destination = await to.ask((copies) => copies.openMigration());
    try {
      return await work({ source, destination });
    } finally {
      destination.dispose();
    }
  } finally {
    source.dispose();
  }
}

/** @throws Failure `cannotWrite` */
export async function requireRun({ shell }: Side, folder: string, ...words: readonly string[]): Promise<string> {
  const { code, said } = await shell.run(...words);
  if (code !== 0) {
    throw clusterFailure('cannotWrite', { folder, said: displayLine(said || `exit code ${code}`, 1_000) });
  }
  return said;
}

export interface SeenFile {
  readonly identity: string;
  readonly bytes: number;
  readonly modified: string;
}

/**
 * A guest writes to some, so that only another file in their place is seen.
 * @param isOwn it was found on the VM's own host
 */
export function isAsSent(
  file: SeenFile & { readonly identityThere?: string; readonly written?: true },
  found: SeenFile,
  isOwn: boolean,
): boolean {
  const { bytes, modified, identity, identityThere, written } = file;
  const same = found.identity === (isOwn ? identity : identityThere);
  return same && (written === true || (found.bytes === bytes && found.modified === modified));
}

/**
 * What a guest writes to, wherever it lies.
 * @returns without a time: it is no file, so nothing says whether it was written to
 */
export async function topsOn(
  side: Side,
  sources: readonly string[],
): Promise<{ source: string; identity?: string; modified?: string }[]> {
  const paths = sources.filter((source) => source.startsWith('/'));
  const seen = await find(side, paths, '-L', '-type', 'f');
  return sources.map((source) => {
    const found = seen.get(source);
    return { source, ...(found && { identity: found.identity, modified: found.modified }) };
  });
}

/** What stands under each path itself, be it a link. */
export function seenOn(side: Pick<Side, 'shell'>, paths: readonly string[]): Promise<ReadonlyMap<string, SeenFile>> {
  return find(side, paths);
}

async function find(
  { shell }: Pick<Side, 'shell'>,
  paths: readonly string[],
  links: '-P' | '-L' = '-P',
  ...which: readonly string[]
): Promise<ReadonlyMap<string, SeenFile>> {
  const seen = new Map<string, SeenFile>();
  if (paths.length === 0) {
    return seen;
  }
  // As `identityOf`, in hexadecimal of no importance: it is compared with itself alone.
  const { said } = await shell.run(
    'find',
    links,
    ...paths,
    '-maxdepth',
    '0',
    ...which,
    '-printf',
    '%i:%B@ %s %T@ %p\\n',
  );
  for (const line of said.split('\n')) {
    const [, identity, bytes, modified, path] = /^(\S+) (\d+) (\S+) (\/.*)$/u.exec(line) ?? [];
    if (identity !== undefined && bytes !== undefined && modified !== undefined && path !== undefined) {
      seen.set(path, { identity, bytes: Number(bytes), modified: nanoseconds(modified) });
    }
  }
  return seen;
}

/** `find` tells ten digits, `touch` takes nine. */
function nanoseconds(seconds: string): string {
  const [whole = '', fraction = ''] = seconds.split('.');
  return `${whole}.${fraction.slice(0, 9).padEnd(9, '0')}`;
}
