// What noVNC compresses: the text that is pasted into a guest, on its way to a program of this computer or through ssh,
// which compresses. As zlib's form without compression (RFC 1950, 1951) it needs no 20 KB of a compressor in the page.

const mostInBlock = 0xff_ff;
/** The largest prime below 2 to the 16th. */
const adlerPrime = 65_521;

/** Stands in for the class of `novnc/core/deflator.js`: noVNC makes one for each text. */
export class StoredZlib {
  deflate(data: Uint8Array): Uint8Array {
    const out = [0x78, 0x01];
    let at = 0;
    do {
      const block = data.subarray(at, at + mostInBlock);
      at += block.length;
      const size = [block.length & 0xff, block.length >> 8];
      out.push(at === data.length ? 1 : 0, ...size, ...size.map((byte) => ~byte & 0xff));
      block.forEach((byte) => out.push(byte));
    } while (at < data.length);
    let [low, high] = [1, 0];
    for (const byte of data) {
      low = (low + byte) % adlerPrime;
      high = (high + low) % adlerPrime;
    }
    out.push(high >> 8, high & 0xff, low >> 8, low & 0xff);
    return new Uint8Array(out);
  }
}
