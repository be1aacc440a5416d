// The one door through which sentences reach the reader's language. Pure files get it handed in, so that they run
// in plain Node; `vscode.l10n.t` satisfies it as it is.

/** `{0}`, `{1}` … in the message stand for the arguments. */
export type Translate = (message: string, ...args: (string | number | boolean)[]) => string;

/** English as written: for the log and for tests. */
export const untranslated: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole));
