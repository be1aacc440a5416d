// What ssh is told: of one guest, as options or as a configuration; and the one file that the user's own configuration
// includes. Pure.
import { shellWord } from '../../../base/shellWord.js';
import { guestFailure } from '../guestFailure.js';
import { sshFiles } from '../make/sshKeys.js';
import type { GuestWay } from './guestWay.js';
import { sshSuffix } from './sshNames.js';

/** Nothing in it ends a word, is a pattern, or is expanded, wherever ssh or a shell reads it. */
const plainPath = /^[\w./@+,: -]+$/u;

/** `ssh KEY VALUE` as in its configuration: whatever the user's own says of these does not count. */
export function sshOptions(
  { uuid, address, port, known, proxy }: GuestWay,
  folder: string,
): readonly (readonly [key: string, value: string])[] {
  const { key, hosts } = sshFiles(folder);
  return [
    ['HostName', address],
    ...(port === undefined ? [] : ([['Port', String(port)]] as const)),
    ['HostKeyAlias', uuid],
    ['CheckHostIP', 'no'],
    ['UserKnownHostsFile', quotePath(hosts)],
    ['GlobalKnownHostsFile', 'none'],
    // Nobody else can have the key of a guest that we made. For another one, a person is asked once.
    ['StrictHostKeyChecking', known === undefined ? 'ask' : 'yes'],
    ['UpdateHostKeys', 'no'],
    // A revert ends connections without a word: none is shared with what was before it, and one that is gone ends.
    ['ControlMaster', 'no'],
    ['ControlPath', 'none'],
    // Longer than a guest stands still for most snapshots and debuggers: it answers again after that.
    ['ServerAliveInterval', '15'],
    ['ServerAliveCountMax', '12'],
    ['ProxyCommand', proxy === undefined ? 'none' : lineOf([proxy.program, ...proxy.args])],
    ...(known === undefined
      ? []
      : ([
          ['User', known.user],
          ['IdentityFile', quotePath(key)],
          ['IdentitiesOnly', 'yes'],
        ] as const)),
  ];
}

/** @param names as they may be typed */
export function guestConfig(names: readonly string[], way: GuestWay, folder: string): string {
  const lines = sshOptions(way, folder).map(([key, value]) => `  ${key} ${value}`);
  return [`Host ${names.join(' ')}`, ...lines, ''].join('\n');
}

/**
 * It calls the command line, which writes what ssh reads next: the address as it is now. A name with what ends a word
 * in a shell is none of ours.
 *
 * @param command of the command line
 * @throws Failure `sshConfig` where a path cannot stand in it
 */
export function managedConfig(command: readonly string[], folder: string): string {
  const now = nowFolder(folder);
  const odd = [...command, now].find((word) => !/^[\w./@+,:= -]+$/u.test(word));
  if (odd !== undefined) {
    throw guestFailure('sshConfig', { file: odd, why: 'oddPath' });
  }
  const exec = `${command.map(shellWord).join(' ')} ssh --prepare -- '%n'`;
  return [
    `# By Virt Rewind: ssh NAME${sshSuffix} reaches that VM. This file is written anew.`,
    `Match host "*${sshSuffix},!*'*,!*\\*" exec "${exec}"`,
    `  Include "${now}/*"`,
    `Host *${sshSuffix}`,
    '  # Not found: the line above has said why.',
    '  ProxyCommand exit 1',
    '',
  ].join('\n');
}

export function managedFile(folder: string): string {
  return `${sshFiles(folder).folder}/config`;
}

/** What was written for each call of ssh. */
export function nowFolder(folder: string): string {
  return `${sshFiles(folder).folder}/now`;
}

/** The one line in the user's own configuration. @throws Failure `sshConfig` */
export function includeLine(folder: string): string {
  const file = managedFile(folder);
  if (!plainPath.test(file)) {
    throw guestFailure('sshConfig', { file, why: 'oddPath' });
  }
  return `Include "${file}"`;
}

/** As the first line, or without it; with the ends of lines that the text has. */
export function withInclude(text: string, line: string, isWanted: boolean): string {
  const lines = text.split('\n');
  const rest = lines.filter((one) => one.trim() !== line);
  const end = lines[0]?.endsWith('\r') === true ? '\r\n' : '\n';
  return isWanted ? (lines.length > rest.length ? text : `${line}${end}${text}`) : rest.join('\n');
}

function quotePath(path: string): string {
  return /\s/u.test(path) ? `"${path}"` : path;
}

/** For the shell that ssh starts it with; ssh itself expands `%`. */
function lineOf(words: readonly string[]): string {
  return words.map((word) => shellWord(word).replaceAll('%', '%%')).join(' ');
}
