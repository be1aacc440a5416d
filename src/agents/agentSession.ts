// Where agents come with their wishes: reads them as untrusted, asks the guard, has them carried out one act at a time,
// and answers in few words. Never rejects. Knows no protocol and no editor.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { AgentCheckpoints } from '../journal/agentCheckpoints.js';
import { Audit } from '../journal/audit.js';
import type { Session } from '../session/session.js';
import { cleanAnswer, untrustedLine, untrustedNote } from './guestText.js';
import { ToolRefusal, toolError } from './refusal.js';
import { readInput } from './toolInput.js';
import { type ToolName, toolOf } from './toolTable.js';
import type { AgentReaders, FreshCheckpoint, LookedAt, AgentTools, ToolQuestion } from './toolCall.js';

/** More at once are no work, but a flood. */
const mostCalls = 16;
const longestAgent = 60;

interface AgentSessionOptions {
  /** With the settings as they are now: what a person forbids counts from the next call on. */
  readonly session: () => Promise<Session>;
  /** As it calls itself: nobody believes it. */
  readonly agent: () => string;
  readonly log: Log;
  readonly readers: AgentReaders;
}

export interface ToolAnswer {
  readonly isError: boolean;
  readonly content: Readonly<Record<string, unknown>>;
  /** A PNG. */
  readonly picture?: Uint8Array;
}

export class AgentSession implements AgentTools {
  readonly log: Log;
  /** By the UUID of the VM. */
  readonly fresh = new Map<string, FreshCheckpoint>();
  readonly looked = new Map<string, LookedAt>();
  readonly readers: AgentReaders;
  readonly #options: AgentSessionOptions;
  #calls = 0;
  #acts: Promise<unknown> = Promise.resolve();

  constructor(options: AgentSessionOptions) {
    this.#options = options;
    this.log = options.log;
    this.readers = options.readers;
  }

  get agent(): string {
    return untrustedLine(this.#options.agent(), longestAgent) || 'an agent';
  }

  checkpoints({ folder }: Session): AgentCheckpoints {
    return new AgentCheckpoints(folder, this.log);
  }

  audit({ folder }: Session): Audit {
    return new Audit(folder, this.log);
  }

  async call(name: ToolName, given: unknown, signal: AbortSignal): Promise<ToolAnswer> {
    const input = readInput(name, given);
    if (typeof input === 'string') {
      return answerOf(new ToolRefusal('invalid', input));
    }
    if (this.#calls >= mostCalls) {
      return answerOf(new ToolRefusal('busy', `${mostCalls} calls are under way. Wait for their answers.`));
    }
    this.#calls += 1;
    try {
      const work = async (): Promise<ToolAnswer> => {
        signal.throwIfAborted();
        const session = await this.#options.session();
        const handle = await toolOf(name).act();
        const content = await handle({ session, tools: this, input, signal });
        return 'picture' in content
          ? { isError: false, content: {}, picture: content.picture as Uint8Array }
          : { isError: false, content: { ...(cleanAnswer(content) as object), note: untrustedNote } };
      };
      return await (toolOf(name).acts ? this.#inTurn(work) : work());
    } catch (error) {
      this.log.info(`${name} by ${this.agent}: ${error instanceof ToolRefusal ? error.reason : asFailure(error).line}`);
      return answerOf(signal.aborted ? new ToolRefusal('cancelled', 'Cancelled.') : error);
    } finally {
      this.#calls -= 1;
    }
  }

  /**
   * What a person is to be told before it is done; undefined where nothing is changed, and of what is refused. Changes
   * nothing.
   */
  async question(name: ToolName, given: unknown, signal: AbortSignal): Promise<ToolQuestion | undefined> {
    const input = readInput(name, given);
    if (typeof input === 'string' || !toolOf(name).acts) {
      return undefined;
    }
    try {
      const { questionFor } = await import('./stepPlans.js');
      return await questionFor(name, { session: await this.#options.session(), tools: this, input, signal });
    } catch (error) {
      this.log.info(`${name} will be refused: ${asFailure(error).line}`);
      return undefined;
    }
  }

  /** One after the other: what is counted before an act must be so when it begins. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#acts.then(act, act);
    this.#acts = turn.catch(() => undefined);
    return turn;
  }
}

function answerOf(error: unknown): ToolAnswer {
  return { isError: true, content: { error: toolError(error) } };
}
