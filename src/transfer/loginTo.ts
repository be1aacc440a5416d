// The login to the host of a connection, for what reads or writes files there.
import type { HostLogin } from '../hosts/hostLogin.js';
import type { EnginePort } from '../engine/enginePort.js';
import { transferFailure } from './transferFailure.js';

/** @returns undefined: this computer. @throws Failure `noLogin` of a host that only libvirt leads to */
export async function loginTo(
  engine: Pick<EnginePort, 'openHost' | 'withCopies'>,
  connection: string,
  use: 'toRead' | 'toChange',
): Promise<HostLogin | undefined> {
  if (await engine.withCopies(connection, ({ elsewhere }) => Promise.resolve(elsewhere))) {
    throw transferFailure('noLogin', { connection });
  }
  return engine.openHost(connection, use);
}
