// The only value by which a program of QEMU's opens an image: the image with all that it rests on, each layer looked at
// by our own reader and held open. QEMU gets the whole graph, and resolves no name that a header has.
import type { FileStats, FileSystem, OpenFile } from '../base/fileSystem.js';
import { Failure } from '../domain/failure.js';
import { mostLayers, unjudgedImage } from '../domain/unjudgedImage.js';
import { backingOf } from './backingOf.js';
import { asRawImage, factsOf } from './fileFacts.js';
import { fileFailure } from './fileFailure.js';
import { BadImage, boundedBytes, type ImageBytes, ReadLimitError } from './imageBytes.js';
import { formatOf, openAlone } from './otherFormats.js';
import { type Qcow2Header, readQcow2Header } from './qcow2Header.js';

export interface JudgedLayer {
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  readonly device: number;
  readonly inode: number;
  readonly bytes: number;
  readonly virtualBytes: number;
  readonly modifiedAt: number;
  /**
   * Nothing is to be built on it: QEMU marked it as damaged, its last writer died, or it is a raw disk that ends within
   * a sector.
   */
  readonly isUnfit: boolean;
  /** By which programs of that computer open it, as long as it is held. */
  readonly name: string;
  readonly isBlockDevice: boolean;
}

interface ImageToJudge {
  readonly file: string;
  /** As its user reads it. Absent: as its header says. */
  readonly format?: string;
  /** What it rests on, the next first, in place of what it and these say themselves. Absent: that. */
  readonly below?: readonly { readonly file: string; readonly format: string }[];
}

interface GraphOptions {
  readonly alone?: boolean;
  readonly shared?: boolean;
  readonly over?: string;
  readonly asNamedFrom?: number;
}

interface SeenLayer {
  readonly layer: JudgedLayer;
  readonly header: Qcow2Header | undefined;
}

type Node = Record<string, unknown>;

/** The largest header, with a backing file's name of the usual length. */
const mostHeadBytes = 16 * 1024 * 1024;
const sectorBytes = 512;
/** How often a header is read again: a guest or a VM that starts may write to it meanwhile. */
const attempts = 3;

export class JudgedChain {
  /** No other value is one of these. */
  readonly #layers: readonly [JudgedLayer, ...JudgedLayer[]];

  private constructor(layers: readonly [JudgedLayer, ...JudgedLayer[]]) {
    this.#layers = layers;
  }

  /**
   * Each layer is held from before it is looked at until `use` has ended: what stands under its name meanwhile counts
   * for nothing. Where files cannot be held, another file under a name makes it fail.
   *
   * @throws Failure `refused` (`unjudgedImage`), or of the file system
   */
  static async within<T>(image: ImageToJudge, files: FileSystem, use: (chain: JudgedChain) => Promise<T>): Promise<T> {
    const held: OpenFile[] = [];
    try {
      const [first, ...more] = await judgeLayers(image, files, held);
      if (first === undefined) {
        throw new Failure('invalid', { path: image.file });
      }
      const chain = new JudgedChain([first, ...more]);
      const done = await use(chain).catch((error: unknown) => {
        throw chain.#withPaths(error);
      });
      await requireStillThose(chain.layers, files);
      return done;
    } finally {
      await Promise.all(held.map((file) => file.close()));
    }
  }

  /** The image itself first. */
  get layers(): readonly [JudgedLayer, ...JudgedLayer[]] {
    return this.#layers;
  }

  /**
   * For a program in place of a file's name.
   *
   * | option        | →                                                                                       |
   * |---------------|-----------------------------------------------------------------------------------------|
   * | `alone`       | without what it rests on, for what reads or writes nothing of the guest                  |
   * | `shared`      | also while others write to it                                                           |
   * | `over`        | what is written to the image goes into this qcow2 of ours, which holds it as a raw file  |
   * | `asNamedFrom` | that layer by its path, and below it what its header names                               |
   */
  graph({ alone = false, shared = false, over, asNamedFrom }: GraphOptions = {}): string {
    const [top, ...below] = this.#layers;
    const graph = nodeOf(top);
    if (over !== undefined) {
      graph['file'] = {
        driver: 'qcow2',
        file: { driver: 'file', filename: over },
        backing: { driver: 'raw', file: graph['file'] },
      };
    }
    let above = graph;
    for (const [index, layer] of (alone ? [] : below).entries()) {
      const isNamed = index + 1 === asNamedFrom;
      const node = isNamed ? { driver: layer.format, file: fileOf(layer, layer.path) } : nodeOf(layer);
      above['backing'] = node;
      above = node;
      if (isNamed) {
        break;
      }
    }
    return jsonName({ ...graph, ...(shared && { 'force-share': true }) });
  }

  #withPaths(error: unknown): unknown {
    if (!(error instanceof Failure) || error.details.libvirtMessage === undefined) {
      return error;
    }
    const libvirtMessage = this.inPaths(error.details.libvirtMessage);
    return new Failure(error.kind, { ...error.details, libvirtMessage }, { cause: error });
  }

  /** What QEMU says, which has the names that it was given. */
  inPaths(said: string): string {
    const [top] = this.#layers;
    const graphs = [{}, { alone: true }, { shared: true }].map((options) => [this.graph(options), top.path] as const);
    // A longer name first: another one may be how it begins.
    const names = this.#layers.map(({ name, path }) => [name, path] as const);
    return [...graphs, ...names.toSorted(([one], [other]) => other.length - one.length)].reduce(
      (text, [name, path]) => text.replaceAll(name, path),
      said,
    );
  }
}

/** An image of another format, which QEMU opens without any other file as long as it leaves out what it rests on. */
export class LoneImage {
  readonly #graph: string;

  private constructor(graph: string) {
    this.#graph = graph;
  }

  static async within<T>(
    path: string,
    format: string,
    files: FileSystem,
    use: (image: LoneImage) => Promise<T>,
  ): Promise<T> {
    if (!openAlone.has(format)) {
      throw unjudgedImage(path, 'format');
    }
    const held = await files.open(path);
    try {
      const isBlockDevice = (await held.stat()).isBlockDevice();
      const node = { driver: format, backing: null, file: fileOf({ isBlockDevice }, held.path) };
      return await use(new LoneImage(jsonName(node)));
    } finally {
      await held.close();
    }
  }

  get graph(): string {
    return this.#graph;
  }
}

function nodeOf(layer: JudgedLayer): Node {
  return {
    driver: layer.format,
    file: fileOf(layer, layer.name),
    ...(layer.format === 'qcow2' && { backing: null }),
  };
}

function fileOf({ isBlockDevice }: Pick<JudgedLayer, 'isBlockDevice'>, filename: string): Node {
  return { driver: isBlockDevice ? 'host_device' : 'file', filename };
}

function jsonName(node: Node): string {
  return `json:${JSON.stringify(node)}`;
}

/** @param held gets what is opened */
async function judgeLayers(
  { file, format, below }: ImageToJudge,
  files: FileSystem,
  held: OpenFile[],
): Promise<readonly JudgedLayer[]> {
  const layers: JudgedLayer[] = [];
  let next: { readonly file: string; readonly format: string | undefined } | undefined = { file, format };
  while (next !== undefined) {
    const path: string = next.file;
    if (!path.startsWith('/') || path.includes('\0')) {
      throw new Failure('invalid', { doing: 'looking at an image', path });
    }
    const { layer, header }: SeenLayer = await judgeLayer(path, next.format, files, held).catch((error: unknown) => {
      throw fileFailure(error, { doing: 'looking at an image', path });
    });
    if (layers.length === mostLayers || layers.some((one) => isSame(one, layer))) {
      throw unjudgedImage(file, 'loop');
    }
    layers.push(layer);
    next = below === undefined ? await nameBelow(path, header, files) : below[layers.length - 1];
    if (next !== undefined && layer.format !== 'qcow2') {
      throw unjudgedImage(path, 'format');
    }
  }
  return layers;
}

async function judgeLayer(
  path: string,
  format: string | undefined,
  files: FileSystem,
  held: OpenFile[],
): Promise<SeenLayer> {
  if (format !== undefined && format !== 'raw' && format !== 'qcow2') {
    throw unjudgedImage(path, 'format');
  }
  const isFile = (stats: FileStats): boolean => stats.isFile() || stats.isBlockDevice();
  // Even an open can trigger an action of another kind of device.
  if (!isFile(await files.stat(path))) {
    throw unjudgedImage(path, 'format');
  }
  const handle = await files.open(path);
  held.push(handle);
  for (let attempt = 1; ; attempt++) {
    const stats = await handle.stat();
    const facts = isFile(stats) ? await factsOf(stats, files) : undefined;
    if (facts === undefined) {
      throw unjudgedImage(path, 'format');
    }
    try {
      const bytes = boundedBytes(facts.bytes, mostHeadBytes, (into, at) => handle.read(into, at));
      const header = format === 'raw' ? undefined : await readHeader(bytes, path, format);
      return {
        header,
        layer: {
          path,
          format: header === undefined ? 'raw' : 'qcow2',
          device: stats.dev,
          inode: stats.ino,
          bytes: facts.bytes,
          virtualBytes: header?.virtualBytes ?? asRawImage(facts).virtualBytes,
          modifiedAt: stats.mtimeMs,
          isUnfit: header === undefined ? facts.bytes % sectorBytes !== 0 : header.corrupt || header.dirty,
          name: handle.path,
          isBlockDevice: stats.isBlockDevice(),
        },
      };
    } catch (error) {
      if (!(error instanceof BadImage) && !(error instanceof ReadLimitError)) {
        throw error;
      }
      if (attempt === attempts) {
        throw unjudgedImage(path, 'format');
      }
    }
  }
}

/** Undefined where it is none of qcow2, and nobody says that it is. */
async function readHeader(
  bytes: ImageBytes,
  path: string,
  format: string | undefined,
): Promise<Qcow2Header | undefined> {
  const header = await readQcow2Header(bytes);
  if (header !== 'notQcow2') {
    if (header.externalData || header.encrypted) {
      throw unjudgedImage(path, 'dataFile');
    }
    return header;
  }
  if (format === 'qcow2' || (await formatOf(bytes)) !== 'raw') {
    throw unjudgedImage(path, 'format');
  }
  return undefined;
}

async function nameBelow(
  path: string,
  header: Qcow2Header | undefined,
  files: FileSystem,
): Promise<{ readonly file: string; readonly format: string } | undefined> {
  if (header?.backing === undefined) {
    return undefined;
  }
  const { backing: written, backingFormat } = header;
  const { file, part, options } = await backingOf(written, backingFormat, path, files);
  // What is no text here is another name for QEMU.
  const isPath = part === undefined && options === undefined && !/[\0\uFFFD]/u.test(written) && file.startsWith('/');
  if (!isPath) {
    throw unjudgedImage(path, 'name', written);
  }
  if (backingFormat === undefined) {
    throw unjudgedImage(path, 'noFormat', file);
  }
  return { file, format: backingFormat };
}

/** Checks the files that have only their names as identity. */
async function requireStillThose(layers: readonly JudgedLayer[], files: FileSystem): Promise<void> {
  for (const { path, name, device, inode } of layers.filter((layer) => layer.name === layer.path)) {
    const { dev, ino } = await files.stat(name);
    if (dev !== device || ino !== inode) {
      throw unjudgedImage(path, 'replaced');
    }
  }
}

function isSame(one: JudgedLayer, other: JudgedLayer): boolean {
  return one.device === other.device && one.inode === other.inode;
}
