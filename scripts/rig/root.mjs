// Where the checkout is: test bundles run from another folder, so import.meta cannot tell. And whether this Node.js can
// do what is done here, for every script loads this file.

/** Absolute path of the checkout: `VIRT_REWIND_ROOT`, else the working directory (npm sets it to the checkout). */
export const root = process.env['VIRT_REWIND_ROOT'] ?? process.cwd();

/** `crc32` of node:zlib came with 20.15. */
const oldest = '20.15';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 15)) {
  console.error(`Node.js ${oldest} or newer is needed, and this is ${process.versions.node}.`);
  process.exit(1);
}
