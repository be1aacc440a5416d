// The files of a host that is logged in to: a shell there for looks, and one for each change at a time. Opens them when
// they are needed.
import { posix } from 'node:path';
import type { Disposable } from '../../base/disposable.js';
import type { FileSystem } from '../../base/fileSystem.js';
import type { Log } from '../../base/log.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { HostShell, type ShellAnswer, ShellEnded, ShellSilent } from '../../hosts/hostShell.js';
import { HostUnreachable } from '../../hosts/login.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import type { ImageContents } from '../../domain/imageContents.js';
import type { ImageHost, QemuImg } from '../../qemu/qemuImg.js';
import { qemuImgFailure } from '../../qemu/fileFailure.js';
import type { FileAccess } from './composedFiles.js';
import { directFiles, type DirectHost } from './directFiles.js';
import { FolderHangs, OutOfReach, type Turns } from './fileTurns.js';
import { lostWithShell, shellFileSystem } from './shellFileSystem.js';
import functions from './shellFileSystem.sh';
import { contentsOf } from './localContents.js';
import type { RamAccess } from './ramForFork.js';
import { shellRam } from './shellRam.js';

/** A look that takes longer hangs. */
const lookMs = 15_000;
/** What is flushed, or an image that is changed, may take as long. */
const actMs = 15 * 60_000;
/** A folder that gave no answer, and a host without a shell, are asked again after. */
const againMs = 60_000;
/** A shell that nobody uses any more is kept as long. */
const idleMs = 30_000;

interface ShellAccess {
  readonly login: HostLogin;
  readonly log: Log;
}

export interface ShellFiles extends Disposable {
  readonly files: FileAccess;
  readonly contents: ImageContents;
  readonly stat: FileSystem['stat'];
  readonly readText: FileSystem['readText'];
  readonly ram: RamAccess;
}

export function shellFiles(access: ShellAccess): ShellFiles {
  const host = new ShellHost(access);
  return {
    files: { ...directFiles(host), ready: () => host.ready() },
    contents: contentsOf(host, host.turns),
    stat: (path) => host.turns.within(posix.dirname(path), () => host.files.stat(path)),
    readText: (path, most) => host.files.readText(path, most),
    ram: shellRam((use) => host.withShell(use)),
    dispose: () => host.dispose(),
  };
}

/** Changes and looks in one shell of its own, which ends with the work. Rejects as `act` does. */
export async function withShellHost<T>(access: ShellAccess, work: (host: ImageHost) => Promise<T>): Promise<T> {
  const host = new ShellHost(access);
  try {
    return await host.act(work);
  } finally {
    host.dispose();
  }
}

class ShellHost implements DirectHost, Disposable {
  readonly #access: ShellAccess;
  readonly #hanging = new Map<string, number>();
  readonly #idle = new Map<HostShell, NodeJS.Timeout>();
  readonly #open = new Set<HostShell>();
  #looking: Promise<HostShell> | undefined;
  /** The end of the last use of a shell that others look with. */
  #turn: Promise<void> = Promise.resolve();
  #noShell: { readonly error: OutOfReach; readonly until: number } | undefined;
  readonly #disposed = new AbortController();
  readonly files: ImageHost['files'];
  readonly qemuImg: QemuImg;
  readonly turns: Turns;

  constructor(access: ShellAccess) {
    this.#access = access;
    this.files = shellFileSystem(async (words) => (await this.#lookShell()).ask(...words));
    this.qemuImg = shellQemuImg((use) => this.withShell(use));
    this.turns = { within: (folder, read) => this.#within(folder, read) };
  }

  /** Why there is no shell is told to each who looks. */
  async ready(): Promise<void> {
    await this.#lookShell().catch(() => undefined);
  }

  /** Rejects with a Failure `lost` where the connection ends meanwhile. */
  readonly act: DirectHost['act'] = (change) =>
    this.withShell((shell) =>
      change({
        files: shellFileSystem((words) => shell.ask(...words), shell),
        qemuImg: shellQemuImg((use) => use(shell)),
      }),
    );

  dispose(): void {
    this.#disposed.abort();
    this.#open.forEach((shell) => shell.close());
    this.#idle.forEach((timer) => clearTimeout(timer));
  }

  async withShell<T>(use: (shell: HostShell) => Promise<T>): Promise<T> {
    const [idle] = this.#idle.keys();
    if (idle !== undefined) {
      clearTimeout(this.#idle.get(idle));
      this.#idle.delete(idle);
    }
    try {
      const shell = idle?.isOpen === true ? idle : await this.#newShell(actMs).catch(passOver);
      if (shell === undefined) {
        return await this.#inTurn(use);
      }
      try {
        return await use(shell);
      } finally {
        if ((await this.#looking) === shell) {
          // It is the only one that the host allows.
        } else if (shell.isIdle) {
          this.#idle.set(
            shell,
            setTimeout(() => {
              this.#idle.delete(shell);
              shell.close();
            }, idleMs).unref(),
          );
        } else {
          shell.close();
        }
      }
    } catch (error) {
      if (error instanceof OutOfReach) {
        throw new Failure('unsupported', { libvirtMessage: error.message }, { cause: error });
      }
      throw lostWithShell(error);
    }
  }

  /** Where the host allows no further session: in the shell that others look with, one after the other. */
  #inTurn<T>(use: (shell: HostShell) => Promise<T>): Promise<T> {
    const used = this.#turn.then(async () => {
      const shell = await this.#lookShell();
      shell.patienceMs = actMs;
      return use(shell);
    });
    this.#turn = used.then(
      () => undefined,
      () => undefined,
    );
    return used;
  }

  /** All looks share one, and are answered in their order. */
  async #lookShell(): Promise<HostShell> {
    if (this.#looking !== undefined && !(await this.#looking).isOpen) {
      this.#looking = undefined;
    }
    this.#looking ??= this.#newShell(lookMs).catch((error: unknown) => {
      // A change of ours may hold the only session.
      const [open] = [...this.#open].filter(({ isOpen }) => isOpen);
      if (open === undefined || !(error instanceof OutOfReach) || error.why !== 'noSession') {
        this.#looking = undefined;
        throw error;
      }
      clearTimeout(this.#idle.get(open));
      this.#idle.delete(open);
      return open;
    });
    return this.#looking;
  }

  /** A look that hangs ends the shell; those that wait behind it are asked again. */
  async #within<T>(folder: string, read: () => Promise<T>): Promise<T> {
    if ((this.#hanging.get(folder) ?? -Infinity) > performance.now()) {
      throw new FolderHangs(folder);
    }
    for (let tries = 1; ; tries++) {
      try {
        return await read();
      } catch (error) {
        if (error instanceof ShellSilent) {
          this.#hanging.set(folder, performance.now() + againMs);
          throw new FolderHangs(folder);
        }
        if (!(error instanceof ShellEnded)) {
          throw error;
        }
        if (tries > 1 || this.#disposed.signal.aborted) {
          throw new OutOfReach('silent', error.message, { cause: error });
        }
      }
    }
  }

  /** Rejects with OutOfReach where there is none that does. */
  async #newShell(patienceMs: number): Promise<HostShell> {
    if (this.#noShell !== undefined && this.#noShell.until > performance.now()) {
      throw this.#noShell.error;
    }
    try {
      const wish = { setUp: functions, requireFit: requireGnu, signal: this.#disposed.signal, patienceMs };
      const shell = await HostShell.open(this.#access.login, wish);
      this.#open.add(shell);
      shell.onEnd(() => this.#open.delete(shell));
      this.#noShell = undefined;
      return shell;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      this.#access.log.info(`no shell on ${this.#access.login.hostname}: ${said}`);
      const reason = new OutOfReach(isNoSession(error) ? 'noSession' : 'otherHost', said, { cause: error });
      if (reason.why !== 'noSession') {
        this.#noShell = { error: reason, until: performance.now() + againMs };
      }
      throw reason;
    }
  }
}

/** Programs of another kind answer otherwise. */
async function requireGnu(shell: HostShell): Promise<void> {
  const { out } = await shell.ask('stat', '-c', '%.9Y', '--', '/');
  if (!/^-?\d+\.\d{9}$/u.test(out.toString('utf8').trim())) {
    throw new Error('GNU coreutils are not installed there');
  }
}

function isNoSession(error: unknown): boolean {
  return error instanceof HostUnreachable && error.reason === 'noSession';
}

/** @returns undefined where the host allows no further session */
function passOver(error: unknown): undefined {
  if (!(error instanceof OutOfReach) || error.why !== 'noSession') {
    throw error;
  }
}

/** @param withShell has one that nobody else asks meanwhile */
function shellQemuImg(withShell: <T>(use: (shell: HostShell) => Promise<T>) => Promise<T>): QemuImg {
  let found: string | undefined;
  const find: QemuImg['find'] = () =>
    found === undefined
      ? withShell(async (shell) => {
          const { code, out } = await shell.ask('command', '-v', 'qemu-img');
          return (found = code === 0 ? out.toString('utf8').trim() : undefined);
        })
      : Promise.resolve(found);
  const requireEnd = ({ code, said }: ShellAnswer, details: FailureDetails): void => {
    if (code === 127) {
      found = undefined;
      throw new Failure('unsupported', { ...details, libvirtMessage: 'qemu-img is not installed on the host' });
    }
    if (code !== 0) {
      throw qemuImgFailure(said === '' ? `it ended with ${code}` : said, details);
    }
  };
  return {
    find,
    run: ({ args }, details) =>
      withShell(async (shell) => {
        const answer = await shell.ask('qemu-img', ...args);
        requireEnd(answer, details);
        return answer.out.toString('utf8');
      }),
    watch: ({ args }, details, signal, onFraction) =>
      withShell(async (shell) => {
        const requireWanted = (): void => {
          if (signal.aborted) {
            throw new Failure('cancelled', details);
          }
        };
        requireWanted();
        const answer = await shell.watch(['qemu-img', ...args], signal, (part) => {
          const percent = [...part.toString('utf8').matchAll(/\((\d+(?:\.\d+)?)\/100%\)/gu)].at(-1)?.[1];
          if (percent !== undefined) {
            onFraction(Math.min(1, Number(percent) / 100));
          }
        });
        if (answer.code !== 0) {
          requireWanted();
        }
        requireEnd(answer, details);
      }),
  };
}
