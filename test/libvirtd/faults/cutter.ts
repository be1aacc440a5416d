// A way to a daemon's socket that can be cut like a cable, and mended.
import { connect, createServer, type Socket } from 'node:net';

export interface Cutter {
  /** Absolute path of the socket to connect to. */
  readonly socket: string;
  /** Ends all connections at once, in both directions; new ones are let through. */
  cut(): void;
  stop(): Promise<void>;
}

export async function cutterTo(daemonSocket: string, socket: string): Promise<Cutter> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = connect(daemonSocket);
    for (const [from, to] of [
      [client, daemon],
      [daemon, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      // Whichever end breaks takes the other with it; the other reports it to its reader.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const cut = (): void => open.forEach((one) => one.destroy());
  return {
    socket,
    cut,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
