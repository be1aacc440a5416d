// How far an operation on all VMs of a system is, as a line of text: who is at work, then who is up and who is waited
// for.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { VmRef } from '../../domain/vm.js';
import { vmKey } from '../../live/views.js';
import type { RunWish } from '../../systems/groupRun.js';
import type { PlannedSystem } from '../../systems/systemPower.js';

/**
 * | operation  | first                | then                                     |
 * |------------|----------------------|------------------------------------------|
 * | revert     | who is not back yet  | who is up, and who is waited for         |
 * | start      |                      | who is up, and who is waited for         |
 * | any other  | who is not done yet  |                                          |
 */
export class SystemProgress {
  /** Their names, by `vmKey`. */
  readonly #atWork = new Map<string, string>();
  readonly #waitedFor = new Map<string, string>();
  readonly #up: string[] = [];

  constructor(plan: PlannedSystem) {
    const { kind, system, members } = plan;
    const called = new Map(members.map(({ member, view }) => [vmKey(member), view.vm.name]));
    for (const member of system.members) {
      const key = vmKey(member);
      const name = displayLine(called.get(key) ?? member.name, 40);
      const isOfIt = kind === 'shutDown' || called.has(key);
      if (kind !== 'start' && isOfIt) {
        this.#atWork.set(key, name);
      }
      if (kind === 'start' || (kind === 'revert' && plan.ends.get(key)?.state === 'running')) {
        this.#waitedFor.set(key, name);
      }
    }
  }

  /** Its own part is done. */
  isDone(member: VmRef): void {
    this.#atWork.delete(vmKey(member));
  }

  /** It is up, or off where all are shut down. */
  isUp(member: VmRef): void {
    const name = this.#waitedFor.get(vmKey(member));
    this.#atWork.delete(vmKey(member));
    if (name !== undefined && this.#waitedFor.delete(vmKey(member))) {
      this.#up.push(name);
    }
  }

  /** @param show the text, whenever it changes */
  whenever(show: (text: string, change: 'done' | 'up') => void): Required<Pick<RunWish, 'onDone' | 'onUp'>> {
    return {
      onDone: (member) => {
        this.isDone(member);
        show(this.text, 'done');
      },
      onUp: (member) => {
        this.isUp(member);
        show(this.text, 'up');
      },
    };
  }

  get text(): string {
    const [atWork, waitedFor] = [namesOf(this.#atWork), namesOf(this.#waitedFor)];
    const up = this.#up.join(', ');
    if (atWork !== '') {
      return t('working on {0}', atWork);
    }
    if (waitedFor === '') {
      return up === '' ? t('almost done') : t('ready: {0}', up);
    }
    return up === '' ? t('waiting for {0} to be ready', waitedFor) : t('ready: {0}; waiting for {1}', up, waitedFor);
  }
}

function namesOf(names: ReadonlyMap<string, string>): string {
  return [...names.values()].join(', ');
}
