// JSON-RPC 2.0 as MCP uses it: bytes of a peer that nobody trusts → lines, each bounded → requests, notifications, or
// what is wrong with them. Pure.

export type Id = string | number;

export interface IncomingMessage {
  readonly kind: 'call';
  /** Absent: a notification, which is not answered. */
  readonly id?: Id;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface MessageFault {
  readonly kind: 'fault';
  readonly id: Id | null;
  readonly code: number;
  readonly message: string;
}

export const codes = { parse: -32_700, invalid: -32_600, method: -32_601, params: -32_602, internal: -32_603 } as const;

const longestName = 200;

/** `nothing`: an answer, although nothing was asked. */
export function parseMessage(line: string): IncomingMessage | MessageFault | 'nothing' {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'fault', id: null, code: codes.parse, message: 'This is no JSON.' };
  }
  if (!isObject(value)) {
    return { kind: 'fault', id: null, code: codes.invalid, message: 'A message is one object.' };
  }
  const { jsonrpc, id, method, params } = value;
  if (method === undefined && ('result' in value || 'error' in value)) {
    return 'nothing';
  }
  const known = isId(id) ? id : null;
  if (
    jsonrpc !== '2.0' ||
    typeof method !== 'string' ||
    method.length > longestName ||
    (id !== undefined && known === null)
  ) {
    return { kind: 'fault', id: known, code: codes.invalid, message: 'This is no message of JSON-RPC 2.0.' };
  }
  if (params !== undefined && !isObject(params)) {
    return { kind: 'fault', id: known, code: codes.params, message: 'The parameters are an object.' };
  }
  return { kind: 'call', method, params: params ?? {}, ...(known !== null && { id: known }) };
}

export function isId(value: unknown): value is Id {
  return typeof value === 'string' ? value.length <= longestName : Number.isSafeInteger(value);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** More than the longest call that a tool takes. */
const longestLine = 2 * 1024 * 1024;

/** Splits input into lines. It drops a line that is too long and reports it once. */
export class LineBuffer {
  readonly #most: number;
  #pieces: Buffer[] = [];
  #size = 0;
  #isTooLong = false;

  constructor(most = longestLine) {
    this.#most = most;
  }

  /** The lines that end in this piece; undefined for one that is too long. */
  push(bytes: Buffer): readonly (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      this.#take(bytes.subarray(from, end));
      from = end + 1;
      if (this.#isTooLong) {
        lines.push(undefined);
      } else if (this.#size > 0) {
        lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      }
      this.#clear();
      this.#isTooLong = false;
    }
    this.#take(bytes.subarray(from));
    return lines;
  }

  #take(piece: Buffer): void {
    this.#size += piece.length;
    this.#isTooLong ||= this.#size > this.#most;
    if (this.#isTooLong) {
      this.#clear();
    } else {
      this.#pieces.push(piece);
    }
  }

  #clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }
}
