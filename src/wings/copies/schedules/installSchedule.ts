// Gives a schedule to systemd, or to cron where systemd does not run; and takes it away. Where neither is here, nothing
// is installed: an editor runs it.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../../base/findProgram.js';
import { calendarOf, isPeriod, parseNextElapse, type Schedule } from './schedule.js';
import { editCrontab, isInCrontab, unitName, writeService, writeTimer } from './scheduleFiles.js';
import { scheduleFailure } from './scheduleFailure.js';

const mostBytes = 16 * 1024 * 1024;

export class Scheduler {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #scope = process.geteuid?.() === 0 ? [] : ['--user'];

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** Where neither is here, an editor runs it while it is open. @throws Failure where what is here cannot run it */
  async choose(every: string): Promise<Schedule['by']> {
    const systemd = await this.#run('systemctl', [...this.#scope, 'show', '--property=Version']);
    if (systemd.code === 0) {
      const { code, stderr } = await this.#calendar(every);
      // A line more would be a line more of the unit.
      if (code !== 0 || /\p{Cc}/u.test(every)) {
        throw scheduleFailure('badCalendar', { about: stderr || every });
      }
      return 'systemd';
    }
    if (!isPeriod(every)) {
      throw scheduleFailure('needsSystemd', { about: every });
    }
    return (await findProgram('crontab', this.#environment)) === undefined ? 'editor' : 'cron';
  }

  /** @throws Failure: then it is not installed */
  async install(schedule: Schedule, script: string): Promise<void> {
    if (schedule.by === 'editor') {
      return;
    }
    if (schedule.by === 'cron') {
      await this.#writeCrontab(schedule.name, script, 'notInstalled');
      return;
    }
    const unit = unitName(schedule.name);
    const files = { [`${unit}.service`]: writeService(schedule, script), [`${unit}.timer`]: writeTimer(schedule) };
    const trial = await mkdtemp(join(tmpdir(), 'virt-rewind-units-'));
    try {
      const paths = await writeAll(trial, files);
      const { code, stderr } = await this.#run('systemd-analyze', [...this.#scope, 'verify', ...paths]);
      // It ends well where it only warns, also of other units.
      if (code !== 0 || stderr.includes(unit)) {
        throw scheduleFailure('notInstalled', { about: stderr });
      }
      await mkdir(this.#unitFolder(), { recursive: true });
      await writeAll(this.#unitFolder(), files);
      await this.#must('systemctl', [...this.#scope, 'daemon-reload']);
      await this.#must('systemctl', [...this.#scope, 'enable', '--now', `${unit}.timer`]);
    } catch (error) {
      await this.#removeUnits(unit);
      throw error;
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
  }

  /** @throws Failure `notRemoved` */
  async uninstall({ name, by }: Pick<Schedule, 'name' | 'by'>): Promise<void> {
    if (by === 'editor') {
      return;
    }
    if (by === 'cron') {
      await this.#writeCrontab(name, undefined, 'notRemoved');
      return;
    }
    const unit = unitName(name);
    const { code, stderr } = await this.#run('systemctl', [...this.#scope, 'disable', '--now', `${unit}.timer`]);
    if (code !== 0 && !/does not exist|not loaded/u.test(stderr)) {
      throw scheduleFailure('notRemoved', { about: stderr });
    }
    await this.#removeUnits(unit);
  }

  async isInstalled({ name, by }: Schedule): Promise<boolean> {
    if (by === 'editor') {
      return true;
    }
    return by === 'cron'
      ? isInCrontab((await this.#run('crontab', ['-l'])).stdout, name)
      : (await this.#run('systemctl', [...this.#scope, 'is-active', `${unitName(name)}.timer`])).code === 0;
  }

  /** After a time; undefined where systemd cannot say it. */
  async nextAfter(every: string, at: number): Promise<number | undefined> {
    return parseNextElapse((await this.#calendar(every, `--base-time=@${Math.floor(at / 1_000)}`)).stdout);
  }

  #calendar(every: string, ...options: readonly string[]): Promise<ProgramEnd> {
    return this.#run('systemd-analyze', ['calendar', ...options, '--', calendarOf(every)]);
  }

  /** Where systemd is told of another one, by its own variable, that one. */
  #unitFolder(): string {
    const { SYSTEMD_UNIT_PATH: told, XDG_CONFIG_HOME: config } = this.#environment;
    const [first = ''] = (told ?? '').split(':');
    return first !== ''
      ? first
      : this.#scope.length === 0
        ? '/etc/systemd/system'
        : join(config ?? join(homedir(), '.config'), 'systemd', 'user');
  }

  async #removeUnits(unit: string): Promise<void> {
    for (const kind of ['timer', 'service']) {
      await rm(join(this.#unitFolder(), `${unit}.${kind}`), { force: true });
    }
    await this.#run('systemctl', [...this.#scope, 'daemon-reload']);
  }

  async #crontab(fault: InstallFault): Promise<string> {
    const { code, stdout, stderr } = await this.#run('crontab', ['-l']);
    if (code !== 0 && !/no crontab for/iu.test(stderr)) {
      // Whatever is in it must not be replaced.
      throw scheduleFailure(fault, { about: stderr });
    }
    return code === 0 ? stdout : '';
  }

  async #writeCrontab(name: string, script: string | undefined, fault: InstallFault): Promise<void> {
    const text = editCrontab(await this.#crontab(fault), name, script);
    const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-crontab-'));
    try {
      const [file = ''] = await writeAll(folder, { crontab: text });
      await this.#must('crontab', [file], fault);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    if (isInCrontab(await this.#crontab(fault), name) !== (script !== undefined)) {
      throw scheduleFailure(fault, { about: 'crontab' });
    }
  }

  async #must(program: string, words: readonly string[], fault: InstallFault = 'notInstalled'): Promise<void> {
    const { code, stdout, stderr } = await this.#run(program, words);
    if (code !== 0) {
      throw scheduleFailure(fault, { about: stderr || stdout || `${program} ${words.join(' ')}` });
    }
  }

  async #run(program: string, words: readonly string[]): Promise<ProgramEnd> {
    const path = await findProgram(program, this.#environment);
    if (path === undefined) {
      return { code: 127, stdout: '', stderr: program };
    }
    const options = { env: { ...this.#environment, LC_ALL: 'C' }, maxBuffer: mostBytes };
    return new Promise((done) => {
      execFile(path, [...words], options, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code) || 1, stdout, stderr }),
      );
    });
  }
}

type InstallFault = 'notInstalled' | 'notRemoved';

interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const entries = Object.entries(files).map(([name, text]) => ({ path: join(folder, name), text }));
  for (const { path, text } of entries) {
    await writeFile(path, text, { flush: true });
  }
  return entries.map(({ path }) => path);
}
