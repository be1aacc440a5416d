// The login to the host of a connection, for what reads or writes files there.
import type { HostLogin } from '../../../hosts/hostLogin.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { copiesFailure } from '../copiesFailure.js';

/** @returns undefined: this computer. @throws Failure `noLogin` of a host that only libvirt leads to */
export async function loginTo(
  engine: Pick<EnginePort, 'hostLogin' | 'withCopies'>,
  connection: string,
  use?: 'toChange',
): Promise<HostLogin | undefined> {
  if (await engine.withCopies(connection, ({ elsewhere }) => Promise.resolve(elsewhere))) {
    throw copiesFailure('noLogin', { connection });
  }
  return engine.hostLogin({ connection }, use);
}
