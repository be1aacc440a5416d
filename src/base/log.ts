// What the rooms write their log to. The editor's LogOutputChannel satisfies it as it is.

export interface Log {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const nothing = (): void => undefined;
/** For who has nobody to tell. */
export const noLog: Log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Puts a word in front of every line, so that a reader sees which connection or VM spoke. */
export function scopeLog(log: Log, scope: string): Log {
  const line = (message: string): string => `[${scope}] ${message}`;
  return {
    trace: (m) => log.trace(line(m)),
    debug: (m) => log.debug(line(m)),
    info: (m) => log.info(line(m)),
    warn: (m) => log.warn(line(m)),
    error: (m) => log.error(line(m)),
  };
}
