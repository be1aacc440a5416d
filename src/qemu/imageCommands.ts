// Every command line of qemu-img, of which nobody else makes one. An image is opened by a graph that was judged; any
// other name is that of a file that is made, or stands as a text in a header.
import type { NewOverlay } from '../domain/hostFiles.js';
import type { JudgedChain, LoneImage } from './judgedChain.js';
import type { Qcow2Header } from './qcow2Header.js';

/** How a qcow2 is laid out; what is absent is as QEMU lays out a new one. */
export type ImageShape = Partial<Pick<Qcow2Header, 'version' | 'clusterBytes' | 'extendedL2' | 'refcountBits'>>;

/** Whose size is known, so that nothing has to be opened for it. */
interface SizedOverlay extends NewOverlay {
  readonly virtualBytes: number;
  readonly shape?: ImageShape;
}

interface Bench {
  readonly requests: number;
  readonly bytes: number;
  readonly step: number;
  /** Absent: it reads. */
  readonly content?: number;
}

const qcow2 = ['-f', 'qcow2'] as const;

export class ImageCommand {
  readonly #args: readonly string[];

  private constructor(...args: readonly string[]) {
    this.#args = args;
  }

  get args(): readonly string[] {
    return this.#args;
  }

  static create(file: string, virtualBytes: number, shape?: ImageShape): ImageCommand {
    return new ImageCommand('create', '-q', ...qcow2, ...shapeWords(shape), '--', file, String(virtualBytes));
  }

  /** `-u`: what it rests on is not opened. */
  static createOverlay({ file, backing, backingFormat, virtualBytes, shape }: SizedOverlay): ImageCommand {
    const below = [...shapeWords(shape), '-F', backingFormat, '-b', backing];
    return new ImageCommand('create', '-q', '-u', ...qcow2, ...below, '--', file, String(virtualBytes));
  }

  /** @param from `tag`: what is inside of it under this name, in place of the current state */
  static convert(from: JudgedChain, made: string, { tag, over }: ConvertWish = {}): ImageCommand {
    const inside = tag === undefined ? [] : ['-l', `snapshot.name=${tag}`];
    const graph = from.graph(over === undefined ? {} : { over });
    return new ImageCommand('convert', '-p', '-O', 'qcow2', ...inside, '--', graph, made);
  }

  /**
   * `-d`: the image above keeps what it has. QEMU finds the base by its name, which it has only where nobody says what
   * the base rests on: so of that one header, judged a moment ago, QEMU resolves the name.
   */
  static commit(top: JudgedChain, base: number, bytesPerSecond?: number): ImageCommand {
    const speed = bytesPerSecond === undefined ? [] : ['-r', String(Math.ceil(bytesPerSecond))];
    const { layers } = top;
    const below = layers[base];
    const isNamed = base > 1 && below !== undefined;
    const isLast = base === layers.length - 1;
    const named = isNamed ? ['-b', isLast ? below.name : below.path] : [];
    const graph = top.graph(isNamed && !isLast ? { asNamedFrom: base } : {});
    return new ImageCommand('commit', '-p', '-d', ...speed, ...named, '--', graph);
  }

  /** Changes nothing; ends badly where only space is lost, too. */
  static check(image: JudgedChain): ImageCommand {
    return new ImageCommand('check', '-q', '--', image.graph({ alone: true }));
  }

  /** Only a qcow2 has any. */
  static giveBackLeaks(image: JudgedChain): ImageCommand {
    return new ImageCommand('check', '-q', '-r', 'leaks', '--', image.graph({ alone: true }));
  }

  /** What QEMU itself does when it opens an image for writing whose last writer died. */
  static repair(image: JudgedChain): ImageCommand {
    return new ImageCommand('check', '-q', '-r', 'all', '--', image.graph({ alone: true }));
  }

  /** `-u`: neither the one that it rests on nor the other is opened. */
  static rebase(image: JudgedChain, backing: string, backingFormat: string): ImageCommand {
    return new ImageCommand('rebase', '-u', '-F', backingFormat, '-b', backing, '--', image.graph({ alone: true }));
  }

  /** What it rests on counts where the disk had another size then. */
  static applyTag(image: JudgedChain, id: string): ImageCommand {
    return new ImageCommand('snapshot', '-q', '-a', id, '--', image.graph());
  }

  /** A file of ours, whole, in the place of the first bytes of an image of ours. */
  static fill(from: string, made: string): ImageCommand {
    return new ImageCommand('convert', '-n', '-f', 'raw', '-O', 'qcow2', '--', from, made);
  }

  static removeTag(image: JudgedChain, tag: string): ImageCommand {
    return new ImageCommand('snapshot', '-q', '-d', tag, '--', image.graph({ alone: true }));
  }

  static resize(image: JudgedChain, virtualBytes: number): ImageCommand {
    return new ImageCommand('resize', '-q', '--', image.graph(), String(virtualBytes));
  }

  /** Where the file has data. */
  static map(file: JudgedChain): ImageCommand {
    return new ImageCommand('map', '-U', '--output=json', '--', file.graph({ alone: true }));
  }

  static describe(image: LoneImage): ImageCommand {
    return new ImageCommand('info', '-U', '--output=json', '--', image.graph);
  }

  static bench(image: JudgedChain, { requests, bytes, step, content }: Bench): ImageCommand {
    const shape = ['-c', String(requests), '-d', '1', '-s', String(bytes), '-S', String(step)];
    const write = content === undefined ? [] : ['-w', '--pattern', String(content)];
    return new ImageCommand('bench', '-t', 'unsafe', ...shape, ...write, '--', image.graph());
  }
}

function shapeWords({ version, clusterBytes, extendedL2, refcountBits }: ImageShape = {}): readonly string[] {
  const words = [
    ...(version === undefined ? [] : [`compat=${version === 2 ? '0.10' : '1.1'}`]),
    ...(clusterBytes === undefined ? [] : [`cluster_size=${clusterBytes}`]),
    ...(refcountBits === undefined || version === 2 ? [] : [`refcount_bits=${refcountBits}`]),
    ...(extendedL2 === true ? ['extended_l2=on'] : []),
  ];
  return words.length === 0 ? [] : ['-o', words.join(',')];
}

interface ConvertWish {
  readonly tag?: string;
  readonly over?: string;
}
