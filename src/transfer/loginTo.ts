// The login to the host of a connection, for what reads or writes files there.
import type { HostLogin, LoginUse } from '../hosts/hostLogin.js';
import type { EnginePort } from '../engine/enginePort.js';
import { transferFailure } from './transferFailure.js';

/** @returns undefined: this computer. @throws Failure `noLogin` of a host that only libvirt leads to; as `openHost` */
export async function loginTo(
  engine: Pick<EnginePort, 'openHost' | 'withCopies'>,
  connection: string,
  use: LoginUse,
): Promise<HostLogin | undefined> {
  const login = await engine.openHost(connection, use);
  if (login === undefined && (await engine.withCopies(connection, (copies) => Promise.resolve(copies.elsewhere)))) {
    throw transferFailure('noLogin', { connection });
  }
  return login;
}
