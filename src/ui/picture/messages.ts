// What the picture's page and the editor say to each other: the only file here that the editor's side imports. What
// comes from the page is not trusted: it is checked field by field, and whatever is not known is no message. The page
// imports nothing but types from here, so that it does not have to load what checks it.
import * as v from 'valibot';
import type { BlockRow } from '../../domain/blockMap.js';
import type { LayerFate } from '../../operations/whatIf.js';

/** What stands in a node's menu: a command, or a menu of its own. */
export interface PictureAction {
  readonly id: string;
  readonly title: string;
  /** Tokens: a node must have one of each. */
  readonly is: readonly (readonly string[])[];
  /** Between two groups is a line. */
  readonly group: string;
  readonly items?: readonly PictureAction[];
  /** `whatIf`: shown in the picture before it runs. */
  readonly shows?: 'whatIf';
  /** The key that stands for it while a node has the keyboard, and that of macOS. */
  readonly keys?: readonly string[];
}

export interface PictureNode {
  /** `fork`: a VM that was made of this one. */
  readonly kind: 'snapshot' | 'here' | 'fork';
  /** The snapshot's name; empty for "You are here"; of a fork, which has none, what no snapshot is called. */
  readonly name: string;
  /** Index of the node above, in the same list. */
  readonly parent?: number;
  readonly title: string;
  /** Lines under the title: kind, age, size. */
  readonly lines: readonly string[];
  /** What is wrong with it, in a word or two; absent: nothing. */
  readonly mark?: string;
  /** What a bisect knows of it. */
  readonly searched?: { readonly mark: 'good' | 'bad' | 'firstBad' | 'skipped'; readonly words: string };
  /** All of it as a screen reader says it, with what is wrong in sentences. */
  readonly spoken: string;
  /** `revertable;deletable;` */
  readonly tokens: string;
  /** The current state builds on it. */
  readonly onPath: boolean;
}

export interface PictureState {
  readonly kind: 'state';
  readonly vm: string;
  /** Its state in words. */
  readonly words: string;
  /** Why there is nothing, or nothing new. */
  readonly notice?: string;
  readonly nodes: readonly PictureNode[];
  readonly actions: readonly PictureAction[];
  /** Disks that have blocks. */
  readonly disks: readonly string[];
  /** Files of layers with which something is wrong. */
  readonly marks: readonly PictureMark[];
}

/** What is wrong with a layer. */
export interface PictureMark {
  readonly file: string;
  /** In a word or two. */
  readonly mark: string;
  /** In sentences. */
  readonly words: string;
}

export interface PictureRow {
  readonly id: string;
  /** What people read: a snapshot's title, or the base, or the current state. */
  readonly title: string;
  /** Kind, file, size. */
  readonly words: string;
  readonly file: string;
  readonly kind: BlockRow['kind'];
  readonly snapshot?: string;
  readonly allocatedBytes?: number;
  /** Start and length in turns; absent: not readable. */
  readonly extents?: Float64Array;
  /** Index into `extentKinds`, for each extent. */
  readonly kinds?: Uint8Array;
}

export interface PictureBlocks {
  readonly kind: 'blocks';
  readonly disk: string;
  readonly virtualBytes: number;
  readonly clusterBytes: number;
  readonly rows: readonly PictureRow[];
  /** Start, length and row in turns. */
  readonly reads: Float64Array;
  /** When and how it was read, and how exactly. */
  readonly words: string;
  /** Why there are no blocks; rows are sized by what libvirt tells then. */
  readonly unreadable?: string;
  /** Why some layers have none, which others have. */
  readonly partly?: string;
}

/** The blocks of a disk could not be had at all. */
export interface NoBlocks {
  readonly kind: 'noBlocks';
  readonly disk?: string;
  readonly why: string;
}

export interface PictureWhatIf {
  readonly kind: 'whatIf';
  /** `refused`: it cannot be done here; the lines say why. `asked`: the editor asks it in a dialog. */
  readonly answer: 'plan' | 'refused' | 'asked';
  readonly title: string;
  readonly lines: readonly string[];
  /** What runs just this, with its label; absent where it is refused, or asked elsewhere. */
  readonly run?: {
    readonly action: string;
    readonly snapshot: string;
    readonly label: string;
    /** The number of the plan that is shown. */
    readonly number: number;
    /** The command asks in which way it is done. */
    readonly hasOtherWays: boolean;
    /** Label of what puts it into the trash instead. */
    readonly trash?: string;
  };
  /** By name of the snapshot; the empty name is "You are here". */
  readonly nodes: readonly { readonly name: string; readonly fate: LayerFate; readonly words: string }[];
  /** By id of the row. */
  readonly rows: readonly {
    readonly row: string;
    readonly fate: LayerFate;
    readonly words: string;
    /** Start and length in turns: which of its bytes; absent: all. */
    readonly extents?: Float64Array;
  }[];
}

/** Something that a lesson points at. */
export interface PictureFocus {
  readonly part: 'tree' | 'blocks' | 'whatIf';
  readonly snapshot?: string;
}

export type ToPicture =
  | {
      readonly kind: 'start';
      /** The page's sentences in the reader's language, by their English text. */
      readonly sentences: Readonly<Record<string, string>>;
      readonly language: string;
      /** What is to be kept over a reload. */
      readonly kept: PageState;
    }
  | PictureState
  | PictureBlocks
  | NoBlocks
  | PictureWhatIf
  | { readonly kind: 'noWhatIf' }
  | ({ readonly kind: 'focus' } & PictureFocus)
  /** Answered by `settled` with the same number when all before it is painted. */
  | { readonly kind: 'settle'; readonly number: number };

/** libvirt takes no longer names. */
const longestName = 1_000;
const longestSvg = 20_000_000;
const longestPng = 40_000_000;

const pngStart = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const nameOrNone = v.pipe(v.string(), v.maxLength(longestName));
const name = v.pipe(nameOrNone, v.nonEmpty());

/** What is written to a file of the user's must be what its name says, and no program. */
const svg = v.pipe(
  v.string(),
  v.maxLength(longestSvg),
  v.check((text) => text.startsWith('<svg ') && !/<script|<foreignObject|<[^<>]*\son\w+\s*=/iu.test(text)),
);
const png = v.pipe(
  v.instance(Uint8Array),
  v.maxLength(longestPng),
  v.check((bytes) => pngStart.every((byte, index) => bytes[index] === byte)),
);

const onNode = { action: name, snapshot: nameOrNone };
const fromPicture = v.variant('kind', [
  v.object({ kind: v.picklist(['ready', 'leaveWhatIf', 'refresh']) }),
  v.object({ kind: v.literal('run'), ...onNode }),
  v.object({ kind: v.literal('whatIf'), ...onNode }),
  v.object({ kind: v.literal('throwAway'), number: v.pipe(v.number(), v.safeInteger()) }),
  v.object({ kind: v.literal('agree'), number: v.pipe(v.number(), v.safeInteger()) }),
  v.object({ kind: v.literal('disk'), disk: name }),
  v.object({ kind: v.literal('export'), format: v.literal('svg'), data: svg }),
  v.object({ kind: v.literal('export'), format: v.literal('png'), data: png }),
  v.object({ kind: v.literal('settled'), number: v.pipe(v.number(), v.safeInteger()) }),
  v.object({ kind: v.literal('failed'), message: name }),
]);
export type FromPicture = Readonly<v.InferOutput<typeof fromPicture>>;

/** Undefined: no message of ours. */
export function parseFromPicture(value: unknown): FromPicture | undefined {
  const read = v.safeParse(fromPicture, value, { abortEarly: true });
  return read.success ? read.output : undefined;
}

/** What the page keeps over a reload; it comes back from the editor's storage, and is checked like any message. */
export interface PageState {
  readonly connection: string;
  readonly uuid: string;
  readonly disk?: string;
}

const kept = v.object({ connection: name, uuid: name });
const keptDisk = v.object({ disk: name });

export function parsePageState(value: unknown): PageState | undefined {
  const read = v.safeParse(kept, value);
  return read.success ? { ...read.output, ...(v.is(keptDisk, value) ? { disk: value.disk } : {}) } : undefined;
}
