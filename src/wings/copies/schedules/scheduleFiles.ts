// What systemd, cron and a shell read of a schedule, written by their rules. Pure.
import { resolve } from 'node:path';
import { shellWord } from '../../../base/shellWord.js';
import { calendarOf, type Schedule } from './schedule.js';
import { scheduleFailure } from './scheduleFailure.js';

/** In the line of a crontab that is ours. */
const mark = (name: string): string => `# virt-rewind schedule ${name}`;

export function unitName(name: string): string {
  return `virt-rewind-${name}`;
}

/** A word of a unit's command line: systemd.syntax(7), systemd.service(5). */
function unitWord(word: string): string {
  const escaped = word
    .replace(/[\\"]/gu, '\\$&')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')
    .replace(/[\p{Cc}]/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

/** @param script the path of the shell script that runs it */
export function writeService({ name }: Schedule, script: string): string {
  return [
    '[Unit]',
    `Description=Virt Rewind: a run of the schedule ${name}`,
    'Wants=network-online.target',
    'After=network-online.target libvirtd.service virtqemud.socket',
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=/bin/sh ${unitWord(script)}`,
    '# Only by this signal does restic take its lock away.',
    'KillSignal=SIGINT',
    'KillMode=mixed',
    '',
  ].join('\n');
}

export function writeTimer({ name, every }: Schedule): string {
  return [
    '[Unit]',
    `Description=Virt Rewind: the schedule ${name}`,
    '',
    '[Timer]',
    `OnCalendar=${calendarOf(every)}`,
    '# A run that was missed is made up for.',
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
}

/** A user's crontab with the line of this schedule, or without it where there is no script. */
export function editCrontab(crontab: string, name: string, script?: string): string {
  const others = crontab.split('\n').filter((own) => !own.endsWith(mark(name)));
  while (others.at(-1) === '') {
    others.pop();
  }
  if (script !== undefined) {
    if (/[\p{Cc}]/u.test(script)) {
      throw scheduleFailure('badPath', { about: script });
    }
    // cron reads a new line where a percent sign is.
    const command = `/bin/sh ${shellWord(script)} --if-due`.replaceAll('%', '\\%');
    others.push(`0 * * * * ${command} ${mark(name)}`);
  }
  return others.map((own) => `${own}\n`).join('');
}

export function isInCrontab(crontab: string, name: string): boolean {
  return crontab.split('\n').some((own) => own.endsWith(mark(name)));
}

/** What a run has of the environment of today: systemd and cron start programs with almost none. */
const keptVariables = [
  ...['HOME', 'PATH', 'LANG', 'LC_ALL', 'TZ', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'TMPDIR'],
  ...['LIBVIRT_DEFAULT_URI', 'VIRT_REWIND_STATE', 'ELECTRON_RUN_AS_NODE'],
  ...['RESTIC_PASSWORD_FILE', 'RESTIC_PASSWORD_COMMAND', 'RESTIC_CACHE_DIR'],
];

export function launchEnvironment(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    keptVariables.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, name === 'RESTIC_PASSWORD_FILE' ? resolve(value) : value]];
    }),
  );
}

interface Launch {
  readonly node: string;
  /** The command line's file. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Both programs may be of a version that an update replaces: of the editor's extension, its server, or a manager of
 * versions. Then the script takes another one beside it.
 */
export function writeScript({ name }: Schedule, { node, program, environment }: Launch): string {
  const find = (variable: string, test: string, path: string): readonly string[] => {
    const pattern = otherVersions(path);
    return [
      `${variable}=${shellWord(path)}`,
      ...(pattern === undefined
        ? []
        : [`[ ${test} "$${variable}" ] || for one in ${pattern}; do [ ${test} "$one" ] && ${variable}=$one; done`]),
    ];
  };
  return [
    '#!/bin/sh',
    `# Runs the schedule ${name}. Written by virt-rewind schedule.`,
    ...Object.entries(environment).map(([key, value]) => `export ${key}=${shellWord(value)}`),
    ...find('node', '-x', node),
    '[ -x "$node" ] || node=node',
    ...find('program', '-f', program),
    `exec "$node" "$program" schedule --run ${name} "$@"`,
    '',
  ].join('\n');
}

/** A version such as 20.1.0, a commit, or the number of a snap. */
const version = /\d+\.\d+\.\d+|[\da-f]{40}|^\d+$/u;

/** The same path with any other version in it, as a pattern of the shell; undefined where there is no version in it. */
function otherVersions(path: string): string | undefined {
  const steps = path.split('/');
  return steps.some((step) => version.test(step))
    ? steps
        .map((step) => {
          const found = version.exec(step);
          const [before, after] =
            found === null ? [step] : [step.slice(0, found.index), step.slice(found.index + found[0].length)];
          const word = (text: string): string => (text === '' ? '' : shellWord(text));
          return after === undefined ? word(before) : `${word(before)}*${word(after)}`;
        })
        .join('/')
    : undefined;
}
