// A web server on loopback that serves what a test wants, breaks off in the middle, and lies.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Served {
  readonly bytes: Uint8Array;
  /** Ends each answer after so many bytes. */
  readonly breaksAfter?: number;
  /** Answers every request with all of it. */
  readonly isWhole?: true;
}

export class WebServer {
  readonly files = new Map<string, Served | ((answer: ServerResponse) => void)>();
  /** `PATH`, or `PATH from BYTE`. */
  readonly asked: string[] = [];
  readonly #server = createServer((request, answer) => this.#answer(request, answer));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  at(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer({ url = '', headers }: IncomingMessage, answer: ServerResponse): void {
    const path = url.slice(1);
    const from = Number(/^bytes=(\d+)-$/u.exec(headers.range ?? '')?.[1] ?? 0);
    this.asked.push(from === 0 ? path : `${path} from ${from}`);
    const served = this.files.get(path);
    if (served === undefined) {
      answer.writeHead(404).end();
    } else if (typeof served === 'function') {
      served(answer);
    } else {
      const { bytes, breaksAfter = Number.POSITIVE_INFINITY, isWhole } = served;
      if (from >= bytes.length && isWhole === undefined) {
        answer.writeHead(416).end();
        return;
      }
      const at = isWhole === undefined ? from : 0;
      const rest = bytes.subarray(at);
      answer.writeHead(at === 0 ? 200 : 206, {
        'Content-Length': rest.length,
        ...(at > 0 && { 'Content-Range': `bytes ${at}-${bytes.length - 1}/${bytes.length}` }),
      });
      if (rest.length <= breaksAfter) {
        answer.end(rest);
      } else {
        answer.write(rest.subarray(0, breaksAfter), () => answer.destroy());
      }
    }
  }
}
