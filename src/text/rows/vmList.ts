// What is known of many VMs, a line for each: to be shown as a table, and exported. Pure; knows nothing of the editor.
import type { Problem } from '../../diagnosis/problem.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import { type Bytes, sumOf } from '../../domain/layers.js';
import { displayLine } from '../../domain/plainText.js';
import { countSnapshots, type VmView, vmKey } from '../../live/views.js';
import { problemText } from '../problems/problemText.js';
import { emptyOverlayBytes, togetherWords } from './sizeText.js';
import { isTrashed } from '../questions/trashText.js';
import { powerWord } from '../words.js';

/** The longest text of a problem. */
const longestProblem = 300;

export interface VmLine {
  readonly key: string;
  readonly name: string;
  readonly uuid: string;
  readonly connection: string;
  readonly state: string;
  readonly power: VmView['vm']['power'];
  readonly snapshots?: number;
  /** What deleting all of them frees, in the words of its row. */
  readonly together: readonly string[];
  /** Milliseconds since 1970; absent for no snapshot, and where nobody looked. */
  readonly oldestAt?: number;
  /** The size of all its files, also those that it shares; absent where nobody looked. */
  readonly bytes?: Bytes;
  readonly largest?: VmFile;
  /** What its disks have taken since their overlays were made; absent where it has none. */
  readonly grown?: { readonly bytes: number; readonly since: number };
  /** Errors and warnings in sentences, the worst first; absent where nobody judged. */
  readonly problems?: readonly string[];
  /** On its connection; what two VMs share is one. */
  readonly files: readonly VmFile[];
}

interface VmFile {
  readonly file: string;
  readonly bytes: Bytes;
}

/** @param found what is wrong with it; undefined: not judged yet */
export function vmLine(view: VmView, found: readonly Problem[] | undefined, now: number): VmLine {
  const { ref, vm, tree, layers } = view;
  const snapshots = countSnapshots(view);
  const times = (tree?.snapshots ?? []).flatMap(({ name, createdAt }) => (isTrashed(view, name) ? [] : [createdAt]));
  const files = filesOf(view);
  const known = files.flatMap(({ file, bytes }) => (bytes === 'unknown' ? [] : [{ file, bytes }]));
  const [largest] = known.toSorted((a, b) => b.bytes - a.bytes);
  const grown = grownOf(view);
  const wrong = (found ?? []).filter((problem) => severityOf(problem) !== 'note');
  return {
    key: vmKey(ref),
    name: vm.name,
    uuid: ref.uuid,
    connection: ref.connection,
    state: powerWord(vm),
    power: vm.power,
    ...(snapshots !== undefined && { snapshots }),
    together: togetherWords(view),
    ...(times.length > 0 && { oldestAt: Math.min(...times) }),
    ...(layers !== undefined && { bytes: sumOf(files.map(({ bytes }) => bytes)) }),
    ...(largest !== undefined && { largest }),
    ...(grown !== undefined && { grown }),
    // Nothing is called good whose files nobody looked at.
    ...(found !== undefined &&
      (wrong.length > 0 || layers !== undefined) && {
        problems: wrong.map((problem) => displayLine(problemText(problem, view, now).what, longestProblem)),
      }),
    files,
  };
}

/** Each file once: of all layers on all branches, and RAM in files. */
function filesOf({ layers, tree }: VmView): readonly VmFile[] {
  const chains = [...(layers?.disks ?? []), ...(layers?.branches ?? [])].flatMap((chain) => chain.layers);
  const files = new Map(chains.map(({ file, allocatedBytes }) => [file, allocatedBytes]));
  for (const { snapshot, memoryBytes } of layers?.snapshots ?? []) {
    const file = tree?.snapshots.find(({ name }) => name === snapshot)?.memory.file;
    if (file !== undefined && memoryBytes !== undefined) {
      files.set(file, memoryBytes);
    }
  }
  return [...files].map(([file, bytes]) => ({ file, bytes }));
}

/** An overlay of unknown size, or of unknown age, tells nothing. */
function grownOf({ layers }: VmView): VmLine['grown'] {
  const tops = (layers?.disks ?? []).flatMap(({ layers: [top] }) =>
    top?.since === undefined || top.allocatedBytes === 'unknown'
      ? []
      : [{ bytes: top.allocatedBytes, since: top.since }],
  );
  return tops.length === 0
    ? undefined
    : {
        bytes: tops.reduce((sum, { bytes }) => sum + (bytes <= emptyOverlayBytes ? 0 : bytes), 0),
        since: Math.min(...tops.map(({ since }) => since)),
      };
}

/** What all take together, each file once. `isLeast`: of some it is not known. */
export function bytesTogether(lines: readonly VmLine[]): { readonly bytes: number; readonly isLeast: boolean } {
  const files = new Map(
    lines.flatMap(({ connection, files: own }) => own.map(({ file, bytes }) => [`${connection}\n${file}`, bytes])),
  );
  const known = [...files.values()].flatMap((bytes) => (bytes === 'unknown' ? [] : [bytes]));
  return {
    bytes: known.reduce((sum, bytes) => sum + bytes, 0),
    isLeast: known.length < files.size || lines.some(({ bytes }) => bytes === undefined),
  };
}

type Row = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** What is not known is left out, or empty. */
function exportedRow({
  name,
  uuid,
  connection,
  state,
  snapshots,
  oldestAt,
  bytes,
  largest,
  grown,
  problems,
}: VmLine): Row {
  const time = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  return {
    name,
    uuid,
    connection,
    state,
    snapshots,
    oldest: time(oldestAt),
    bytes: bytes === 'unknown' ? undefined : bytes,
    largestFile: largest?.file,
    largestBytes: largest?.bytes === 'unknown' ? undefined : largest?.bytes,
    grownBytes: grown?.bytes,
    grownSince: time(grown?.since),
    problems,
  };
}

export function vmListJson(lines: readonly VmLine[]): string {
  return `${JSON.stringify(lines.map(exportedRow), undefined, 2)}\n`;
}

/** As RFC 4180 has it, with a head. */
export function vmListCsv(lines: readonly VmLine[]): string {
  const rows = lines.map(exportedRow);
  const head = Object.keys(exportedRow(emptyLine));
  return [head, ...rows.map((row) => head.map((column) => csvCell(row[column])))]
    .map((cells) => `${cells.join(',')}\r\n`)
    .join('');
}

const emptyLine: VmLine = {
  key: '',
  name: '',
  uuid: '',
  connection: '',
  state: '',
  power: 'unknown',
  together: [],
  files: [],
};

/** A spreadsheet takes a text that begins as a formula for one, unless something stands before it. */
function csvCell(value: Row[string]): string {
  if (value === undefined || typeof value === 'number') {
    return String(value ?? '');
  }
  const text = typeof value === 'string' ? value : value.join('; ');
  const safe = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
