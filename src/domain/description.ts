// What we know of a snapshot stands at the end of its description as trailers, readable by people in any client.
// Any client may write a description, so everything in it is untrusted.
import { displayLine, storableText } from './plainText.js';

const consistencies = ['memory', 'quiesced', 'crash-consistent', 'offline'] as const;
export type Consistency = (typeof consistencies)[number];
/**
 * `revert`: keeps the state that a revert leaves. `layout`: an extra leaf without which another release of libvirt
 * would remove a file in use after an external revert of ours. `work`: a setting wants it at a moment of the work in
 * the editor, which the title tells. `backup`: a backup is made from it. `reading`: its files are read, and it goes
 * when they were. `schedule`: its time has come.
 */
export const autoReasons = ['revert', 'layout', 'work', 'backup', 'reading', 'schedule'] as const;
export type AutoReason = (typeof autoReasons)[number];

/** How RAM in a file of its own came there: see `RamMethod`. */
const ramWays = ['seamless', 'live', 'stopped'] as const;
export type RamWritten = (typeof ramWays)[number];

interface Trailer {
  readonly key: string;
  readonly value: string;
}

export interface Trailers {
  /** One line, at most 200 characters, safe to show. Empty is written as none. */
  readonly title?: string;
  /** `branch@commit` of the workspace when the snapshot was taken. */
  readonly git?: string;
  readonly guestPausedMs?: number;
  /** How RAM was written to a file, and how long the guest was paused; absent: not known, as for old snapshots. */
  readonly ramWritten?: RamWritten;
  readonly consistency?: Consistency;
  readonly createdBy?: string;
  /** We took it unasked. Anybody can write that: it counts only where our own record agrees. */
  readonly auto?: AutoReason;
  /** Those that we do not know, or whose value is not what we would write; kept when a description is edited. */
  readonly other?: readonly Trailer[];
}

/** The longest text that is written, in UTF-16 units, without the trailers. */
export const longestDescription = 65_536;

const mark = '--';
const mostTrailers = 50;
const longestTrailer = 1_000;
const trailerLine = /^(?<key>[A-Za-z][A-Za-z0-9-]{0,39}):(?<value>.*)$/u;

/**
 * The trailers are the lines after the last line `--`, if all of them are `Key: value`.
 *
 * | last line `--` | lines after it                 | trailers | text                         |
 * |----------------|--------------------------------|----------|------------------------------|
 * | none           |                                | none     | all                          |
 * | there          | one or more, all `Key: value`  | those    | before the `--`              |
 * | there          | something else among them      | none     | all                          |
 * | there          | none, but trailers above it    | none     | before the `--`: see writing |
 * | there          | none, no trailers above it     | none     | all                          |
 */
export function parseDescription(raw: string): { readonly text: string; readonly trailers: Trailers } {
  const lines = storableText(raw).split('\n');
  const found = findBlock(lines);
  if (found !== undefined) {
    return { text: lines.slice(0, found.start).join('\n'), trailers: toTrailers(found.block) };
  }
  const text = lastIsEscape(lines) ? lines.slice(0, -1) : lines;
  return { text: text.join('\n'), trailers: {} };
}

/**
 * The inverse of parsing, for any text: one that ends in something like trailers, and has none of ours behind it, gets
 * a lone `--` as its last line, so that they stay text.
 */
export function writeDescription(text: string, trailers: Trailers): string {
  const kept = storableText(text.slice(0, longestDescription));
  const block = toBlock(trailers);
  if (block.length > 0) {
    return [...(kept === '' ? [] : [kept]), mark, ...block].join('\n');
  }
  const lines = kept.split('\n');
  return findBlock(lines) !== undefined || lastIsEscape(lines) ? `${kept}\n${mark}` : kept;
}

interface Block {
  /** Index of the line `--`. */
  readonly start: number;
  readonly block: readonly Trailer[];
}

function findBlock(lines: readonly string[], before = lines.length): Block | undefined {
  let end = before;
  while (end > 0 && lines[end - 1]?.trim() === '') {
    end--;
  }
  const block: Trailer[] = [];
  for (let at = end - 1; at >= 0 && block.length <= mostTrailers; at--) {
    const line = lines[at] ?? '';
    if (line.trimEnd() === mark) {
      return block.length === 0 ? undefined : { start: at, block: block.reverse() };
    }
    const { key, value } = (line.length <= longestTrailer ? trailerLine.exec(line)?.groups : undefined) ?? {};
    if (key === undefined || value === undefined) {
      return undefined;
    }
    block.push({ key, value: displayLine(value, longestTrailer) });
  }
  return undefined;
}

function lastIsEscape(lines: readonly string[]): boolean {
  let end = lines.length;
  while (end > 0 && lines[end - 1] === mark) {
    end--;
  }
  return end < lines.length && findBlock(lines, end) !== undefined;
}

/** The known keys, how each is read and written. A value that does not read is kept among the others. */
const known = new Map<string, (value: string) => Trailers | undefined>(
  Object.entries({
    title: (value: string) => (value === '' ? undefined : { title: displayLine(value) }),
    git: (value: string) => (value === '' ? undefined : { git: displayLine(value) }),
    'guest-paused': (value: string) => {
      const ms = /^(\d{1,9}) ms$/u.exec(value)?.[1];
      return ms === undefined ? undefined : { guestPausedMs: Number(ms) };
    },
    'ram-written': (value: string) => {
      const ramWritten = ramWays.find((word) => word === value);
      return ramWritten === undefined ? undefined : { ramWritten };
    },
    consistency: (value: string) => {
      const consistency = consistencies.find((word) => word === value);
      return consistency === undefined ? undefined : { consistency };
    },
    auto: (value: string) => {
      const auto = autoReasons.find((word) => word === value);
      return auto === undefined ? undefined : { auto };
    },
    'created-by': (value: string) => (value === '' ? undefined : { createdBy: displayLine(value) }),
  }),
);

function toTrailers(block: readonly Trailer[]): Trailers {
  let trailers: Trailers = {};
  const other: Trailer[] = [];
  for (const trailer of block) {
    const read = known.get(trailer.key.toLowerCase())?.(trailer.value);
    if (read === undefined) {
      other.push(trailer);
    } else {
      // The first of a key wins, as a later one may have been appended by somebody else.
      trailers = { ...read, ...trailers };
    }
  }
  return other.length === 0 ? trailers : { ...trailers, other };
}

function toBlock(trailers: Trailers): readonly string[] {
  const { title, git, guestPausedMs, ramWritten, consistency, createdBy, auto, other = [] } = trailers;
  const own = {
    Title: title === undefined ? '' : displayLine(title),
    Git: git === undefined ? '' : displayLine(git),
    'Guest-Paused': guestPausedMs === undefined ? '' : `${Math.round(guestPausedMs)} ms`,
    'Ram-Written': ramWritten ?? '',
    Consistency: consistency ?? '',
    'Created-By': createdBy === undefined ? '' : displayLine(createdBy),
    Auto: auto ?? '',
  };
  const written = Object.entries(own).filter(([, value]) => value !== '');
  const writtenKeys = new Set(written.map(([key]) => key.toLowerCase()));
  const kept = other
    .filter(({ key }) => !writtenKeys.has(key.toLowerCase()))
    .slice(0, mostTrailers - written.length)
    .map(({ key, value }) => `${key}: ${displayLine(value, longestTrailer - key.length - 2)}`.trimEnd())
    .filter((line) => trailerLine.test(line));
  return [...written.map(([key, value]) => `${key}: ${value}`), ...kept];
}
