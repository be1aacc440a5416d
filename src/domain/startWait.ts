// What makes a VM of a system count as up, out of what somebody wrote: a place, a program, seconds. Pure.
import type { StartWait } from './system.js';

/** How long is waited at most, unless somebody says so. */
export const usualSeconds = 120;
export const longestSeconds = 86_400;

/** A TCP port; without a host at the VM's own address. */
export interface TcpPlace {
  readonly host?: string;
  readonly port: number;
}

/** A program in the guest. */
export interface ProgramLine {
  readonly program: string;
  readonly args?: readonly string[];
}

/** `agent`: it answers; `time`: the seconds are over; something answers at a place; a program ends with 0. */
export type ReadyCondition = 'agent' | 'time' | TcpPlace | ProgramLine;

export function startWait(up: ReadyCondition, seconds: number): StartWait {
  if (up === 'agent' || up === 'time') {
    return { kind: up, seconds };
  }
  if ('program' in up) {
    const { program, args = [] } = up;
    return { kind: 'command', program, args, seconds };
  }
  return { kind: 'port', ...up, seconds };
}

/** `22`, `host:22` or `[::1]:22`; undefined where it is none of these. */
export function parsePlace(text: string): TcpPlace | undefined {
  const [, host = '', digits = ''] = /^(?:\[?([^\]\s]{0,253}?)\]?:)?(\d{1,5})$/u.exec(text) ?? [];
  const port = Number(digits);
  return port < 1 || port > 65_535 ? undefined : { ...(host !== '' && { host }), port };
}

/** As `parsePlace` reads it. */
export function placeText({ host, port }: TcpPlace): string {
  return host === undefined ? String(port) : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A program and its arguments with spaces between; undefined where there is none. */
export function parseProgram(text: string): Required<ProgramLine> | undefined {
  const [program, ...args] = text.split(/\s+/u).filter((word) => word !== '');
  return program === undefined ? undefined : { program, args };
}

/** As `parseProgram` reads it; undefined where spaces are in a word, so that it would be read as two. */
export function programText({ program, args = [] }: ProgramLine): string | undefined {
  const words = [program, ...args];
  return words.every((word) => /^\S+$/u.test(word)) ? words.join(' ') : undefined;
}

/** Undefined where it is no number, or too many. */
export function parseSeconds(text: string): number | undefined {
  const seconds = Number(text);
  return text.trim() !== '' && seconds >= 0 && seconds <= longestSeconds ? seconds : undefined;
}
