// Opens an address of the web. What comes is untrusted; redirects lead to no place that is less safe than the first.
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { type Clock, systemClock } from '../../../base/clock.js';
import { Failure } from '../../../domain/failure.js';
import { guestFailure } from '../guestFailure.js';

interface AddressWish {
  readonly signal: AbortSignal;
  /** Its content is known by a digest of the catalogue: plain HTTP will do. */
  readonly isPinned?: boolean;
  /** From which byte on; the server may send all. */
  readonly from?: number;
}

const mostRedirects = 5;
/** The longest silence of a server. */
const silenceMs = 60_000;
/** The least that a server must send in that time; less would take too long. */
const leastBytes = 64 * 1024;
const redirects = [301, 302, 303, 307, 308];

/**
 * | redirect                        | is     |
 * |---------------------------------|--------|
 * | to https                        | followed, at most 5 times: the checksum judges what comes |
 * | from https to http              | refused |
 * | from http to http               | followed for pinned content, and within this computer      |
 *
 * @throws Failure `unreached`, `insecure`, `redirect`
 */
export async function openAddress(address: string, wish: AddressWish): Promise<IncomingMessage> {
  let url = new URL(address);
  if (!isSafe(url, wish)) {
    throw guestFailure('insecure', { address });
  }
  for (let count = 0; count <= mostRedirects; count++) {
    const answer = await ask(url, wish);
    const { statusCode = 0, headers } = answer;
    if (!redirects.includes(statusCode) || headers.location === undefined) {
      return answer;
    }
    answer.destroy();
    const next = URL.canParse(headers.location, url.href) ? new URL(headers.location, url) : undefined;
    if (next === undefined || !isSafe(next, wish) || (url.protocol === 'https:' && next.protocol !== 'https:')) {
      throw guestFailure('redirect', { address: next?.href ?? headers.location });
    }
    url = next;
  }
  throw guestFailure('redirect', { address: url.href });
}

/** As they come. @throws Failure `tooSlow` */
export async function* readSteadily(
  parts: AsyncIterable<Buffer>,
  address: string,
  clock: Pick<Clock, 'ticks'> = systemClock,
): AsyncGenerator<Buffer> {
  let [since, bytes] = [clock.ticks(), 0];
  for await (const part of parts) {
    bytes += part.length;
    const now = clock.ticks();
    if (now - since >= silenceMs) {
      if (bytes < leastBytes) {
        const said = `less than ${leastBytes / 1024} KB in ${silenceMs / 1_000} s`;
        throw guestFailure('tooSlow', { address, said });
      }
      [since, bytes] = [now, 0];
    }
    yield part;
  }
}

/** @throws Failure as `openAddress`; `answered`, `tooLarge` */
export async function readAddress(address: string, most: number, wish: AddressWish): Promise<Buffer> {
  const answer = await openAddress(address, wish);
  try {
    if (answer.statusCode !== 200) {
      throw guestFailure('answered', { address, status: answer.statusCode ?? 0 });
    }
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of readSteadily(answer, address)) {
      length += part.length;
      if (length > most) {
        throw guestFailure('tooLarge', { address, most });
      }
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw asUnreached(error, address, wish.signal);
  } finally {
    answer.destroy();
  }
}

/** What the network says; a cancellation and a fault of ours stay what they are. */
export function asUnreached(error: unknown, address: string, signal: AbortSignal): unknown {
  signal.throwIfAborted();
  return error instanceof Failure
    ? error
    : guestFailure('unreached', { address, said: error instanceof Error ? error.message : String(error) });
}

function isSafe({ protocol, hostname }: URL, { isPinned = false }: AddressWish): boolean {
  return protocol === 'https:' || (protocol === 'http:' && (isPinned || /^(?:127\.[\d.]+|\[::1\])$/u.test(hostname)));
}

async function ask(url: URL, { signal, from = 0 }: AddressWish): Promise<IncomingMessage> {
  const headers = {
    'User-Agent': 'virt-rewind',
    'Accept-Encoding': 'identity',
    ...(from > 0 && { Range: `bytes=${from}-` }),
  };
  try {
    return await new Promise((resolve, reject) => {
      const get = url.protocol === 'https:' ? getHttps : getHttp;
      const asking = get(url, { headers, signal }, resolve);
      const end = (): unknown => asking.destroy(new Error(`no answer for ${silenceMs / 1_000} s`));
      // The one for a server that says nothing, the other for one that never comes to the content.
      asking.setTimeout(silenceMs, end);
      const late = setTimeout(end, silenceMs);
      asking
        .on('error', reject)
        .once('close', () => clearTimeout(late))
        .once('response', () => clearTimeout(late));
    });
  } catch (error) {
    throw asUnreached(error, url.href, signal);
  }
}
