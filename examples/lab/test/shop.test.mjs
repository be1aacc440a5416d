// The shop's tests: what the client has in its cart is priced by the server and kept by the database. They change all
// three VMs, so that they pass once after each reset, and only then.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a shell in the VM writes. @param {string} vm @param {string} script @param {...string} words its $1, $2, … */
async function inVm(vm, script, ...words) {
  const { stdout } = await execute('virt-rewind', ['run', `shop-${vm}`, '--', 'sh', '-c', script, 'sh', ...words]);
  return stdout.trim();
}

test('an order goes from the client through the server into the database', async () => {
  const cart = await inVm('client', 'cat /run/cart && rm /run/cart');
  assert.equal(cart, '5 apples');
  const price = await inVm(
    'server',
    'awk -v n="$1" -v what="$2" \'$1 == what { print n * $2 }\' /data/prices',
    ...cart.split(' '),
  );
  assert.equal(price, '15');
  const orders = await inVm('database', 'echo "$1" >>/data/orders && cat /data/orders', `${cart}: ${price}`);
  assert.deepEqual(orders.split('\n'), ['2 pears: 4', '5 apples: 15']);
});
