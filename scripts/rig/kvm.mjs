// Whether guests can run on this machine's processor itself. Where they cannot, QEMU emulates one, slower.
import { closeSync, openSync, readFileSync } from 'node:fs';

/**
 * Whether the processor can run guests and this process may ask it to. The file alone says too little: there are
 * machines where it opens and no guest ever gets to run.
 * @returns {boolean}
 */
export function kvmUsable() {
  try {
    if (process.arch === 'x64' && !/^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
      return false;
    }
    closeSync(openSync('/dev/kvm', 'r+'));
    return true;
  } catch {
    // Not there, not allowed, or no such device: all mean that guests are emulated.
    return false;
  }
}
