// The lab of a file, as the library has it.
import { groupQuestion } from '../session/carryOut.js';
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { LabError } from '../lab/labError.js';
import type { Labs } from '../lab/labs.js';
import type { Session } from '../session/session.js';
import type { Harmful, SystemOutcome, VirtualLab } from './publicApi.js';
import { requireName } from './requireName.js';
import { VirtRewindError } from './virtRewindError.js';
import type { LibrarySession } from './librarySession.js';
import { requireWholeOutcome } from './wholeOutcome.js';

const silent = (): void => undefined;

export class SessionLab implements VirtualLab {
  readonly #librarySession: LibrarySession;
  readonly file: string;

  constructor(librarySession: LibrarySession, file: string) {
    this.#librarySession = librarySession;
    this.file = resolve(file);
  }

  check(): Promise<readonly string[]> {
    return this.#with('look', async (labs) => {
      const { problems, differences } = await labs.check(this.file);
      return [
        ...problems.map(({ line, column, message }) => `${this.file}:${line}:${column}: ${message}`),
        ...differences.map(({ message }) => message),
      ];
    });
  }

  create({ signal, name }: Harmful = {}): Promise<void> {
    return this.#with('act', async (labs) => {
      const plan = await labs.plan(this.file);
      if (plan !== 'ready') {
        const [used] = plan.used ?? [];
        if (used !== undefined) {
          throw new LabError(
            'refused',
            t('{0} was created by an interrupted attempt, and may have been used since. Destroy the lab first.', used),
          );
        }
        requireName(plan.isProtected ? plan.lab.name : undefined, name);
        const onNote = (line: string): void => this.#librarySession.log.info(line);
        await labs.create(plan, { signal: this.#librarySession.signal(signal), onStep: silent, onNote });
      }
    });
  }

  reset(point?: string, { signal, name }: Harmful = {}): Promise<SystemOutcome> {
    return this.#with('act', async (labs, session) => {
      const plan = await labs.planReset(this.file, point);
      const isProtected = groupQuestion(session, plan.members).guarded.length > 0;
      requireName((await labs.protectedName(this.file)) ?? (isProtected ? plan.system.name : undefined), name);
      const systems = await session.systems();
      const outcome = requireWholeOutcome(
        plan,
        await systems.run(plan, { signal: this.#librarySession.signal(signal) }),
      );
      await labs.setSpeeds(this.file, (line) => this.#librarySession.log.info(line));
      return outcome;
    });
  }

  destroy({ signal, name }: Harmful = {}): Promise<void> {
    return this.#with('act', async (labs) => {
      const record = await labs.planDestroy(this.file);
      if (record !== undefined) {
        requireName(record.isProtected ? record.name : undefined, name);
        const onNote = (line: string): void => this.#librarySession.log.info(line);
        await labs.destroy(record, { signal: this.#librarySession.signal(signal), onStep: silent, onNote });
      }
    });
  }

  #with<T>(how: 'look' | 'act', call: (labs: Labs, session: Session) => Promise<T>): Promise<T> {
    return this.#librarySession[how](async (session) => {
      const { Labs: Loaded } = await import('../lab/labs.js');
      const { log, shell } = this.#librarySession;
      try {
        return await call(new Loaded({ session, log, shell, environment: process.env }), session);
      } catch (error) {
        throw error instanceof LabError && error.labKind === 'wrong'
          ? new VirtRewindError('wrong', error.message)
          : error;
      }
    });
  }
}
