// Logs in to another host through the user's own ssh client, so that their configuration, keys, agents and jump hosts
// are used as in a terminal.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { ShellStream } from './hostLogin.js';
import { HostUnreachable, type LoginOptions } from './login.js';
import { listenForQuestions } from './loginQuestions.js';
import loginShell from './loginShell.sh';
import { MarkedStream, TooLong } from './markedStream.js';
import { sharingOf } from './sharedLogin.js';
import { lineForShell, type SshCommand, sshCommand, type SshHost, type SshWish } from './sshCommand.js';

/** How much of the end of the client's standard error is kept. */
const mostSaid = 4_000;
/** The most bytes that the host's shell may print before our mark. */
const mostNoise = 65_536;
/** What ssh says when the host, or a look at its key, does not let us in. Its words are never translated. */
const refusals =
  /permission denied|host key verification failed|host identification has changed|no matching host key|too many authentication failures|no supported authentication methods/iu;

/** What the client says where the host opens no session in a login that is shared: `MaxSessions` of its sshd. */
const noSession = /session request failed|open failed: administratively prohibited/iu;
/** A login that asks nobody anything has ended by then: an agent that hangs is waited for without an end by ssh. */
const nobodyMs = 45_000;

/** What is run on a host. */
interface RunThere {
  /** For the shell of the login: it prints the mark in a line of its own, and then it is what leads on. */
  readonly lineWith: (mark: string) => string;
  /** Why it ended before its mark with an exit of its own. */
  readonly reasonOf: (code: number, said: string) => HostUnreachable | undefined;
}

/** A shell of POSIX, `sh`, that reads commands. Rejects as `openSsh`. */
export async function openShellBySsh(host: SshHost, options: LoginOptions): Promise<ShellStream> {
  const shell: RunThere = { lineWith: (mark) => lineForShell(loginShell, mark, 'sh'), reasonOf: () => undefined };
  return openSsh(host, shell, options, 'inOpenLogin');
}

/**
 * What stands behind the login.
 *
 * @param first `inOpenLogin`: where a login is open that others share, in it, and by another one where it has ended
 *   meanwhile: a host that refuses a session in it would be logged in to by itself, unasked and unseen
 *
 *   Rejects with HostUnreachable, or with the signal's reason.
 */
export async function openSsh(
  host: SshHost,
  run: RunThere,
  options: LoginOptions,
  first?: 'inOpenLogin',
): Promise<ShellStream> {
  const { answers, environment, log, onLogin, signal } = options;
  signal?.throwIfAborted();
  const mark = `virt-rewind-${randomBytes(8).toString('hex')}`;
  const questions =
    typeof answers === 'function'
      ? await listenForQuestions(answers, { host: host.name, environment, log, onLogin })
      : undefined;
  try {
    onLogin('login');
    const isBatch = answers === 'nobody';
    const commandFor = (wish: SshWish): SshCommand => sshCommand(host, wish, run.lineWith(mark));
    const sharing = await sharingOf((more) => commandFor({ isBatch, ...more }), environment);
    const { sharedLogin: shared = 'none' } = sharing.wish;
    const isAsked = answers === 'terminal' && shared !== 'none';
    const wish: SshWish = { isBatch, ...sharing.wish };
    if (sharing.wish.sharedLogin === 'none') {
      log.warn(`the login at ${host.name} that others share does not answer: another one is made beside it`);
    }
    if (isAsked && !sharing.isOpen) {
      await logInByTerminal(commandFor(wish), environment, signal);
    }
    const open = async (more: Pick<SshWish, 'mayLogIn'>): Promise<ShellStream> => {
      const { program, args } = commandFor({ ...wish, ...more, isBatch: isBatch || isAsked });
      log.info(`${program} ${args.slice(0, -1).join(' ')} …`);
      // A group of its own: Ctrl+C in a terminal cancels an operation, and must not end its connection.
      const detached = process.platform !== 'win32' && (answers !== 'terminal' || isAsked);
      const env = { ...environment, ...questions?.environment };
      const child = spawn(program, args, { env, stdio: 'pipe', detached });
      const login = { host: host.name, mark, program, isDetached: detached, reasonOf: run.reasonOf };
      return isBatch ? await loggedInSoon(child, login, signal) : await loggedIn(child, login, signal);
    };
    if (first === 'inOpenLogin' && sharing.isOpen) {
      try {
        return await open({ mayLogIn: false });
      } catch (error) {
        // The login ended meanwhile.
        if (!(error instanceof HostUnreachable) || !['refused', 'noAnswer'].includes(error.reason)) {
          throw error;
        }
      }
    }
    return await open({});
  } finally {
    questions?.dispose();
  }
}

/**
 * What the client asks, it asks in the terminal, where it says itself what is wrong; the connection then shares this
 * login. How it ends is not looked at: where it failed, the connection fails too, and tells why.
 */
async function logInByTerminal(
  { program, args }: SshCommand,
  environment: NodeJS.ProcessEnv,
  signal: LoginOptions['signal'],
): Promise<void> {
  const child = spawn(program, [...args.slice(0, -1), 'exit 0'], {
    env: environment,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const stop = (): void => void child.kill();
  signal?.addEventListener('abort', stop);
  try {
    await new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

interface Login extends Pick<RunThere, 'reasonOf'> {
  readonly host: string;
  readonly mark: string;
  readonly program: string;
  /** The client leads a group of processes. */
  readonly isDetached: boolean;
}

/** As `loggedIn`; nobody waits for a login that hangs: an agent, a program in the place of ssh. */
async function loggedInSoon(
  child: ChildProcessWithoutNullStreams,
  login: Login,
  signal: LoginOptions['signal'],
): Promise<ShellStream> {
  const seconds = nobodyMs / 1_000;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new HostUnreachable('silent', login.host, { seconds })), nobodyMs);
  try {
    return await loggedIn(child, login, signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the host's script leads to the daemon. Ends the client where it does not. */
async function loggedIn(
  child: ChildProcessWithoutNullStreams,
  login: Login,
  signal: LoginOptions['signal'],
): Promise<ShellStream> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    const [said, end] = [wordsOf(child), endOf(child)];
    const ended = await Promise.race([untilMark(child, login), end, aborted]);
    signal?.throwIfAborted();
    if (ended !== undefined) {
      throw await reasonBefore(ended, said, login);
    }
    return new ProgramStream(child, async () => reasonAfter(await end, said, login));
  } catch (error) {
    endLogin(child, login);
    throw error;
  }
}

/** With the programs that it has started, which could hold its streams: this process must not wait for them. */
function endLogin(child: ChildProcessWithoutNullStreams, { isDetached }: Login): void {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    try {
      process.kill(isDetached ? -child.pid : child.pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  [child.stdin, child.stdout, child.stderr].forEach((stream) => stream.destroy());
  child.unref();
}

/** The last words of the client, read as they come, for a full pipe would stop it. */
function wordsOf(child: ChildProcessWithoutNullStreams): () => Promise<string> {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
  return async () => {
    await untilSaid(child);
    return said.trim();
  };
}

/** Not until `close` of the program: a login that others share goes on, and holds what it was given. */
async function untilSaid({ stderr }: ChildProcessWithoutNullStreams): Promise<void> {
  if (!stderr.readableEnded && !stderr.destroyed) {
    await Promise.race([once(stderr, 'end'), once(stderr, 'close'), delay()]);
  }
}

/** For the last words to arrive after the end of the program. */
function delay(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200).unref());
}

type End = { readonly code: number | null } | { readonly error: NodeJS.ErrnoException };

function endOf(child: ChildProcessWithoutNullStreams): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code) => resolve({ code }));
  });
}

/** What comes behind the mark is left in the stream. Never settles where that ends: the end of the client tells why. */
function untilMark({ stdout }: ChildProcessWithoutNullStreams, { host, mark }: Login): Promise<undefined> {
  return new Promise((resolve, reject) => {
    new MarkedStream(stdout, `${mark}\n`, mostNoise).next({ isLast: true }).then(
      () => resolve(undefined),
      (error: unknown) => {
        if (error instanceof TooLong) {
          reject(new HostUnreachable('noScript', host, { said: `${error.message} at login` }));
        }
      },
    );
  });
}

/**
 * Before our script has given its mark.
 *
 * | how it ended                        | reason                     |
 * |-------------------------------------|----------------------------|
 * | it could not be started             | noProgram                  |
 * | an exit that the script knows       | its reason |
 * | 255 or a signal, no session         | noSession                  |
 * | 255 or a signal, words of a refusal | refused                    |
 * | 255 or a signal, others             | noAnswer                   |
 * | any other                           | noScript                   |
 */
async function reasonBefore(
  end: End,
  said: () => Promise<string>,
  { host, program, reasonOf }: Login,
): Promise<HostUnreachable> {
  if ('error' in end) {
    return new HostUnreachable('noProgram', host, { program }, { cause: end.error });
  }
  const words = await said();
  const quoted = words === '' ? {} : { said: words };
  if (end.code === 255 || end.code === null) {
    const reason = noSession.test(words) ? 'noSession' : refusals.test(words) ? 'refused' : 'noAnswer';
    return new HostUnreachable(reason, host, quoted);
  }
  return reasonOf(end.code, words) ?? new HostUnreachable('noScript', host, { program, ...quoted });
}

/** Behind the mark: the connection was cut, or the helper or `nc` found no daemon. */
async function reasonAfter(end: End, said: () => Promise<string>, { host }: Login): Promise<HostUnreachable> {
  const words = await said();
  const isCut = 'error' in end || end.code === 255 || end.code === null;
  return new HostUnreachable(isCut ? 'noAnswer' : 'noLibvirt', host, words === '' ? {} : { said: words });
}

/** A program's input and output as one stream. Its end before the first byte is an error that says why. */
class ProgramStream extends Duplex implements ShellStream {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #whyEnded: () => Promise<Error>;
  #hasSpoken = false;

  constructor(child: ChildProcessWithoutNullStreams, whyEnded: () => Promise<Error>) {
    super({ allowHalfOpen: false });
    this.#child = child;
    this.#whyEnded = whyEnded;
    const { stdin, stdout } = child;
    stdin.on('error', (error) => this.#fail(error));
    stdout.on('error', (error) => this.#fail(error));
    stdout.on('data', (chunk: Buffer) => {
      this.#hasSpoken = true;
      if (!this.push(chunk)) {
        stdout.pause();
      }
    });
    stdout.once('end', () => {
      if (this.#hasSpoken) {
        // With its end, this stream drops what is not read yet of its errors.
        void untilSaid(child).finally(() => this.push(null));
      } else {
        void whyEnded().then((error) => this.destroy(error));
      }
    });
    stdout.resume();
  }

  get errors(): Readable {
    return this.#child.stderr;
  }

  get input(): Writable {
    return this.#child.stdin;
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, (error) => {
      if (error instanceof Error && !this.#hasSpoken) {
        // Who reads it has ended, and says why.
        void this.#whyEnded().then(done);
      } else {
        done(error);
      }
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    this.#child.kill();
    done(error);
  }

  /** The program's end says more than a broken pipe. */
  #fail(error: Error): void {
    if (this.#hasSpoken) {
      this.destroy(error);
    }
  }
}
