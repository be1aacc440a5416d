// The checksums of the journal of ext3 and ext4.

/** CRC-32C as ext4 has it: of the bytes behind those that `before` is of, and not inverted at the end. */
export function crc32c(before: number, bytes: Uint8Array): number {
  let crc = before;
  for (const byte of bytes) {
    crc = (crc >>> 8) ^ (castagnoli[(crc ^ byte) & 0xff] ?? 0);
  }
  return crc >>> 0;
}

/** CRC-32 with the highest bit first, as the first version of the journal's checksums has it. */
export function crc32HighFirst(before: number, bytes: Uint8Array): number {
  let crc = before;
  for (const byte of bytes) {
    crc = (crc << 8) ^ (highFirst[((crc >>> 24) ^ byte) & 0xff] ?? 0);
  }
  return crc >>> 0;
}

function tableOf(start: (byte: number) => number, step: (value: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let value = start(byte);
    for (let bit = 0; bit < 8; bit++) {
      value = step(value);
    }
    return value;
  });
}

const castagnoli = tableOf(
  (byte) => byte,
  (value) => (value >>> 1) ^ ((value & 1) === 0 ? 0 : 0x82f63b78),
);
const highFirst = tableOf(
  (byte) => byte << 24,
  (value) => (value << 1) ^ (value < 0 ? 0x04c11db7 : 0),
);
