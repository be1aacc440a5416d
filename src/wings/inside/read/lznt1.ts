// The compression of NTFS. https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-xca/5655f4a3-6ba4-489b-959f-e1f407c52f15
const chunkBytes = 4096;

/** As many bytes as asked for, zeroes behind the last; undefined where the input is none of it. */
export function decompressLznt1(input: Buffer, bytes: number): Buffer | undefined {
  const output = Buffer.alloc(bytes);
  let at = 0;
  for (let start = 0; start < bytes && at + 2 <= input.length; start += chunkBytes) {
    const head = input.readUInt16LE(at);
    if (head === 0) {
      break;
    }
    const end = at + 3 + (head & 0xfff);
    const isCompressed = (head & 0x8000) !== 0;
    const chunk = output.subarray(start, start + chunkBytes);
    if (end > input.length) {
      return undefined;
    }
    if (!isCompressed) {
      input.copy(chunk, 0, at + 2, end);
    } else if (!fillChunk(input.subarray(at + 2, end), chunk)) {
      return undefined;
    }
    at = end;
  }
  return output;
}

/** False: a part of it is to be copied from before its beginning, or it has more than its room. */
function fillChunk(input: Buffer, output: Buffer): boolean {
  let [from, to] = [0, 0];
  while (from < input.length) {
    const flags = input.readUInt8(from++);
    for (let bit = 0; bit < 8 && from < input.length; bit++) {
      if (((flags >>> bit) & 1) === 0) {
        if (to >= output.length) {
          return false;
        }
        output.writeUInt8(input.readUInt8(from++), to++);
        continue;
      }
      if (from + 2 > input.length || to === 0) {
        return false;
      }
      // The further the chunk is, the more of the two bytes tell how far back, and the fewer how many.
      const backBits = Math.max(4, 32 - Math.clz32(to - 1));
      const pair = input.readUInt16LE(from);
      const back = (pair >>> (16 - backBits)) + 1;
      const count = (pair & (0xffff >>> backBits)) + 3;
      from += 2;
      if (back > to || to + count > output.length) {
        return false;
      }
      // Byte by byte: it may repeat what it has just written.
      for (const last = to + count; to < last; to++) {
        output.writeUInt8(output.readUInt8(to - back), to);
      }
    }
  }
  return true;
}
