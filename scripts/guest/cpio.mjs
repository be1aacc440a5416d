// Writes the archive format of a Linux initramfs ("newc"), so that no cpio program is needed.

/**
 * @typedef {object} CpioEntry
 * @property {string} path without a leading slash; parents must come before children
 * @property {'file' | 'folder' | 'link'} kind
 * @property {number} [mode] permission bits; 0o755 for folders and 0o644 for files unless given
 * @property {Buffer | string} [content] of a file, or a link's target
 */

const typeBits = { file: 0o100000, folder: 0o040000, link: 0o120000 };

const padding = (/** @type {number} */ length) => Buffer.alloc((4 - (length % 4)) % 4);

/**
 * Format: linux/Documentation/driver-api/early-userspace/buffer-format.rst. Times and owners are 0, so the same
 * entries give the same bytes.
 * @param {readonly CpioEntry[]} entries
 * @returns {Buffer}
 */
export function writeCpio(entries) {
  const parts = entries.flatMap(({ path, kind, mode, content = '' }, index) => {
    const permissions = mode ?? (kind === 'file' ? 0o644 : kind === 'link' ? 0o777 : 0o755);
    return record(path, typeBits[kind] | permissions, index + 1, Buffer.from(content));
  });
  return Buffer.concat([...parts, ...record('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
}

/** @param {string} path @param {number} mode @param {number} inode @param {Buffer} data */
function record(path, mode, inode, data) {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [head, name, padding(head.length + name.length), data, padding(data.length)];
}
