// Whether two connections may lead to the same host, so that a path means the same on both. Pure; it asks nobody.
import type { Capabilities } from '../domain/capabilities.js';
import { isSameHostname } from '../base/hostname.js';
import { parseUri } from '../libvirt/uri.js';

/**
 * As their URIs say. What the daemons call their hosts comes on top, where both have been asked: a socket can be
 * forwarded, and a host can have two names (`isSameHost`).
 *
 * | one                        | the other                    | → |
 * |----------------------------|------------------------------|---|
 * | this host                  | this host                    | yes |
 * | a host by name             | the same name                | yes |
 * | otherwise                  |                              | no |
 * | one of them is no URI of libvirt |                        | no: nothing can be asked over it |
 */
export function mayShareHost(one: string, other: string): boolean {
  const [mine, theirs] = [hostOf(one), hostOf(other)];
  return mine !== undefined && mine === theirs;
}

/** They ask a daemon for the same: what has one UUID on both is one VM. */
export function asksForTheSame(one: string, other: string): boolean {
  return nameOf(one) === nameOf(other);
}

/** By what the daemons say of it: a host may be kept under two names. */
export function isSameHost(one: Capabilities | undefined, other: Capabilities | undefined): boolean {
  return (
    one?.hostUuid !== undefined && one.hostUuid === other?.hostUuid && isSameHostname(one.hostname, other.hostname)
  );
}

/** The daemon runs on another host, as far as the URI says. */
export function isFar(uri: string): boolean {
  try {
    return parseUri(uri).transport !== 'unix';
  } catch {
    // No URI: nothing is reached by it anywhere.
    return false;
  }
}

const here = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/** Its name in the URI; empty: this computer; undefined: it is no URI. */
export function hostOf(uri: string): string | undefined {
  try {
    const { transport, host } = parseUri(uri);
    const name = host.replace(/^.*@/u, '').replace(/:\d+$/u, '').toLowerCase();
    return transport === 'unix' || name === '' || here.has(name) ? '' : name;
  } catch {
    // No URI that could be opened.
    return undefined;
  }
}

function nameOf(uri: string): string | undefined {
  try {
    return parseUri(uri).name;
  } catch {
    // The same.
    return undefined;
  }
}
