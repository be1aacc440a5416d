// Turns for looking at files on this machine. Node has four threads for files, which the whole extension host shares,
// and a share whose server is gone keeps each that asks it until it is back. Knows no file.
import type { CannotAct } from '../../domain/hostFiles.js';

/** The journal, and other extensions, go on in the threads that are left. */
const mostLooks = 3;
/** A folder that hangs leaves something to the others. */
const mostInFolder = 2;
/** A caller that waits for a look gives up by then: see live/hostFacts. */
const hangsMs = 15_000;

/** Nothing is known of what is in a folder, and nothing can be done there. */
export class OutOfReach extends Error {
  override readonly name: string = 'OutOfReach';

  constructor(
    readonly why: CannotAct['why'],
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A look at the folder that began a while ago has not ended. */
export class FolderHangs extends OutOfReach {
  override readonly name = 'FolderHangs';

  constructor(readonly folder: string) {
    super('silent', `${folder} gives no answer`);
  }
}

interface FolderRead {
  readonly folder: string;
  readonly since: number;
}

interface WaitingRead {
  readonly folder: string;
  readonly begin: (look: FolderRead) => void;
}

/** The turns of a reader. */
export type Turns = Pick<FileTurns, 'within'>;

export class FileTurns {
  readonly #now: () => number;
  readonly #looks = new Set<FolderRead>();
  readonly #waiting: WaitingRead[] = [];

  /** @param now milliseconds of a clock that never jumps */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Reads in its turn. Rejects with FolderHangs, and has nothing read, where a look at the same folder hangs, or all
   * there may be.
   */
  async within<T>(folder: string, read: () => Promise<T>): Promise<T> {
    const look = await this.#begin(folder);
    try {
      return await read();
    } finally {
      this.#looks.delete(look);
      this.#next();
    }
  }

  #begin(folder: string): Promise<FolderRead> | FolderRead {
    const own = this.#of(folder);
    const all = [...this.#looks];
    if (own.some((look) => this.#hangs(look)) || (this.#isFull() && all.every((look) => this.#hangs(look)))) {
      throw new FolderHangs(folder);
    }
    return this.#mayBegin(folder)
      ? this.#addRead(folder)
      : new Promise((begin) => {
          this.#waiting.push({ folder, begin });
        });
  }

  #next(): void {
    const index = this.#isFull() ? -1 : this.#waiting.findIndex(({ folder }) => this.#mayBegin(folder));
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    next?.begin(this.#addRead(next.folder));
  }

  #addRead(folder: string): FolderRead {
    const look = { folder, since: this.#now() };
    this.#looks.add(look);
    return look;
  }

  #mayBegin(folder: string): boolean {
    return !this.#isFull() && this.#of(folder).length < mostInFolder;
  }

  #isFull(): boolean {
    return this.#looks.size >= mostLooks;
  }

  #of(folder: string): readonly FolderRead[] {
    return [...this.#looks].filter((look) => look.folder === folder);
  }

  #hangs({ since }: FolderRead): boolean {
    return this.#now() - since > hangsMs;
  }
}

/** The turns of this process, whose threads all connections share. */
export const turnsOfAll = new FileTurns();
