// One system of VMs of a session, as the library has it. Each operation is planned for all members, and carried out for all or none.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { memberNamed, type StartWait, type StoredSystem, type SystemPoint } from '../domain/system.js';
import { checkpointTitle } from '../domain/titleSuggestion.js';
import { carriedOut } from '../session/carriedOut.js';
import type { Session } from '../session/session.js';
import { memberOutcomes, systemInfo, systemOutcome } from '../session/systemInfos.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import type { PlannedPower, SystemPowerAction } from '../systems/systemPower.js';
import type { Systems } from '../systems/systems.js';
import { notInSystemText, systemPowerText } from '../text/systemText.js';
import { asError } from './asError.js';
import type {
  Cancellable,
  CountsAsUp,
  Harmful,
  StartOrder,
  SystemInfo,
  SystemOutcome,
  SystemPowerOutcome,
  VirtualSystem,
} from './publicApi.js';
import { VirtRewindError } from './virtRewindError.js';

const usualSeconds = 120;
const never = new AbortController().signal;

export class SessionSystem implements VirtualSystem {
  readonly #session: Session;
  readonly name: string;

  private constructor(session: Session, name: string) {
    this.#session = session;
    this.name = name;
  }

  /** @throws VirtRewindError `notFound` */
  static async open(session: Session, name: string): Promise<SessionSystem> {
    const found = new SessionSystem(session, name);
    await found.#read();
    return found;
  }

  info(): Promise<SystemInfo> {
    return asError(async () => {
      const [systems, stored] = await this.#read();
      return systemInfo(await systems.look(stored));
    });
  }

  checkpoint(title?: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => {
      const titles = stored.points.map((point) => ({ name: point.title, title: point.title }));
      return systems.planCheckpoint(stored, { title: title ?? checkpointTitle(titles, new Date()) });
    });
  }

  revert(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planRevert(stored, this.#pointOf(stored, point)));
  }

  undo(options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => {
      const point = stored.points.findLast(({ auto }) => auto === 'revert');
      if (point === undefined) {
        throw new VirtRewindError('notFound', t('No revert of the system {0} can be undone.', displayLine(this.name)));
      }
      return systems.planRevert(stored, point);
    });
  }

  delete(point: string, options: Harmful = {}): Promise<SystemOutcome> {
    return this.#carryOut(options, (systems, stored) => systems.planDelete(stored, this.#pointOf(stored, point)));
  }

  renamePoint(point: string, title: string): Promise<void> {
    return asError(async () => {
      const [systems, stored] = await this.#read();
      await systems.renamePoint(stored, this.#pointOf(stored, point), title);
    });
  }

  order(vm: string, { after = [], wait, seconds = usualSeconds }: StartOrder): Promise<void> {
    return asError(async () => {
      const [systems, stored] = await this.#read();
      await systems.setStart(stored, this.#memberOf(stored, vm), {
        after: after.map((one) => this.#memberOf(stored, one)),
        ...(wait !== undefined && { wait: startWait(wait, seconds) }),
      });
    });
  }

  start(options: Cancellable = {}): Promise<SystemPowerOutcome> {
    return this.#power('start', options);
  }

  shutDown(options: Harmful = {}): Promise<SystemPowerOutcome> {
    return this.#power('shutDown', options);
  }

  #power(kind: SystemPowerAction, { signal = never, name }: Harmful): Promise<SystemPowerOutcome> {
    return asError(async () => {
      const [systems, stored] = await this.#read();
      const plan = await systems.planPower(stored, kind);
      this.#requireName(plan.members, name);
      const act = ({ plan: own }: PlannedPower): Promise<unknown> => carriedOut(this.#session, own, { signal });
      const result = await systems.runPower(plan, { signal, act });
      const failure = result.members.find((member) => member.failure !== undefined)?.failure;
      if (failure !== undefined) {
        const message = systemPowerText(plan, result).join(' ');
        throw new VirtRewindError(failure.kind, message, failure.details.refusal?.reason, { cause: failure });
      }
      return { durationMs: result.durationMs, members: memberOutcomes(result.members) };
    });
  }

  /** @throws VirtRewindError `protected` */
  #requireName(members: readonly PlannedPower[], name: string | undefined): void {
    if (name !== this.name && members.some(({ view, plan }) => this.#session.needsName(view, plan))) {
      throw new VirtRewindError(
        'protected',
        t('{0} is protected, so nothing was changed. Say {1} with its name to go on.', displayLine(this.name), 'name'),
      );
    }
  }

  #memberOf({ system }: StoredSystem, wanted: string): string {
    const found = memberNamed(system, wanted);
    if (found === undefined) {
      throw new VirtRewindError('notFound', notInSystemText(system.name, wanted));
    }
    return found.uuid;
  }

  async #read(): Promise<readonly [Systems, StoredSystem]> {
    const systems = await this.#session.systems();
    const stored = await systems.find(this.name);
    if (stored === undefined) {
      throw new VirtRewindError('notFound', t('There is no system {0}.', displayLine(this.name)));
    }
    this.#session.reachMembers(stored);
    return [systems, stored];
  }

  #pointOf({ points }: StoredSystem, wanted: string): SystemPoint {
    const point = points.findLast(({ title, auto }) => auto !== 'revert' && title === wanted);
    if (point === undefined) {
      throw new VirtRewindError(
        'notFound',
        t('The system {0} has no restore point “{1}”.', displayLine(this.name), displayLine(wanted)),
      );
    }
    return point;
  }

  #carryOut(
    { signal, name }: Harmful,
    decide: (systems: Systems, stored: StoredSystem) => Promise<SystemPlan>,
  ): Promise<SystemOutcome> {
    return asError(async () => {
      const [systems, stored] = await this.#read();
      const plan = await decide(systems, stored);
      this.#requireName(plan.members, name);
      return systemOutcome(plan.point.title, await systems.run(plan, { ...(signal !== undefined && { signal }) }));
    });
  }
}

function startWait(wait: CountsAsUp, seconds: number): StartWait {
  if (wait === 'agent' || wait === 'time') {
    return { kind: wait, seconds };
  }
  if ('program' in wait) {
    const { program, args = [] } = wait;
    return { kind: 'command', program, args, seconds };
  }
  return { kind: 'port', ...wait, seconds };
}
