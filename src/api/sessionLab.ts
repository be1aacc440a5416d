// The lab of a file, as the library has it.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import type { Log } from '../base/log.js';
import { displayLine } from '../domain/plainText.js';
import { LabError } from '../lab/labError.js';
import type { Labs } from '../lab/labs.js';
import type { Session } from '../session/session.js';
import { systemOutcome } from '../session/systemInfos.js';
import { asError } from './asError.js';
import type { Cancellable, Harmful, SystemOutcome, VirtualLab } from './publicApi.js';
import { VirtRewindError } from './virtRewindError.js';

const never = new AbortController().signal;
const silent = (): void => undefined;

export class SessionLab implements VirtualLab {
  readonly #session: Session;
  readonly #log: Log;
  readonly file: string;

  constructor(session: Session, file: string, log: Log) {
    this.#session = session;
    this.#log = log;
    this.file = resolve(file);
  }

  check(): Promise<readonly string[]> {
    return this.#with(async (labs) => {
      const { problems, differences } = await labs.check(this.file);
      return [
        ...problems.map(({ line, column, message }) => `${this.file}:${line}:${column}: ${message}`),
        ...differences.map(({ message }) => message),
      ];
    });
  }

  create({ signal = never }: Cancellable = {}): Promise<void> {
    return this.#with(async (labs) => {
      const plan = await labs.plan(this.file);
      if (plan !== 'ready') {
        await labs.create(plan, { signal, onStep: silent });
      }
    });
  }

  reset(point?: string, { signal, name }: Harmful = {}): Promise<SystemOutcome> {
    return this.#with(async (labs) => {
      const plan = await labs.planReset(this.file, point);
      const isProtected = plan.members.some(({ view, plan: own }) => this.#session.needsName(view, own));
      this.#requireName((await labs.protectedName(this.file)) ?? (isProtected ? plan.system.name : undefined), name);
      const systems = await this.#session.systems();
      return systemOutcome(plan.point.title, await systems.run(plan, { ...(signal !== undefined && { signal }) }));
    });
  }

  destroy({ signal = never, name }: Harmful = {}): Promise<void> {
    return this.#with(async (labs) => {
      const record = await labs.planDestroy(this.file);
      if (record !== undefined) {
        this.#requireName(record.isProtected ? record.name : undefined, name);
        await labs.destroy(record, { signal, onStep: silent });
      }
    });
  }

  #requireName(wanted: string | undefined, given: string | undefined): void {
    if (wanted !== undefined && wanted !== given) {
      throw new VirtRewindError(
        'protected',
        t('{0} is protected, so nothing was changed. Say {1} with its name to go on.', displayLine(wanted), 'name'),
      );
    }
  }

  #with<T>(act: (labs: Labs) => Promise<T>): Promise<T> {
    return asError(async () => {
      const { Labs: Loaded } = await import('../lab/labs.js');
      const shell = 'virt-rewind (library)';
      try {
        return await act(new Loaded({ session: this.#session, log: this.#log, shell, environment: process.env }));
      } catch (error) {
        throw error instanceof LabError ? new VirtRewindError(error.kind, error.message) : error;
      }
    });
  }
}
