// A process of its own that hears what a guest says on a serial port, and tells for how long it said nothing: one that
// does more would hear late. Its argument is the socket; on its standard input `begin` and `end`, each answered by a
// line.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [, , path = ''] = process.argv;
const socket = connect(path);
let heardAt = performance.now();
let longest = 0;
const heard = once(socket, 'data').catch((error) => {
  console.log(`failed: ${error}`);
  process.exit(1);
});
socket.on('data', () => {
  const now = performance.now();
  longest = Math.max(longest, now - heardAt);
  heardAt = now;
});
const orders = createInterface({ input: process.stdin });
orders.on('line', async (order) => {
  if (order === 'begin') {
    await heard;
    longest = 0;
    console.log('begun');
  } else {
    console.log(String(Math.max(longest, performance.now() - heardAt)));
  }
});
orders.once('close', () => socket.destroy());
