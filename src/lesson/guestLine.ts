// What is said to the guest of the lesson over its serial port: a line there, a line back. Its orders are told in
// scripts/guest/oracle.asm. Knows no libvirt.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** A guest that says nothing for so long stands still; its answers take milliseconds. */
const patienceMs = 30_000;
/** Longer lines are no answers of this guest. */
const longestAnswer = 200;

/**
 * The guest's answer. Before the order it is asked whether it is there, which skips whatever an earlier one left.
 * @param socket the path that QEMU listens on
 * @throws {Error} when nobody listens, QEMU ends, or the guest is silent
 */
export async function askGuest(socket: string, order: string): Promise<string> {
  const line = connect(socket);
  const reader = createInterface({ input: line });
  try {
    return await new Promise<string>((resolve, reject) => {
      const greeting = `P ${String(Math.floor(Math.random() * 2 ** 31))}`;
      let greeted = false;
      // Readline hands an error of its input on to itself.
      reader.on('error', reject);
      line.on('error', reject);
      line.on('close', () => reject(new Error('the serial port was closed')));
      line.setTimeout(patienceMs, () => reject(new Error(`the guest said nothing for ${String(patienceMs)} ms`)));
      reader.on('line', (text) => {
        if (greeted) {
          resolve(text.slice(0, longestAnswer));
        } else if (text === greeting) {
          greeted = true;
          line.write(`${order}\n`);
        }
      });
      line.write(`\n${greeting}\n`);
    });
  } finally {
    reader.close();
    line.destroy();
  }
}
