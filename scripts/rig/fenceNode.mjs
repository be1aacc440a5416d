#!/usr/bin/env node
// A fence agent for clusters in tests: it asks the test, which cuts the power of a node or says that it cannot. Options
// come as lines on its standard input.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const metadata = `<?xml version="1.0"?>
<resource-agent name="fence_node" shortdesc="asks the test">
<longdesc>asks the test</longdesc>
<parameters>
<parameter name="action" required="1"><content type="string" default="off"/><shortdesc lang="en">action</shortdesc></parameter>
<parameter name="port"><content type="string"/><shortdesc lang="en">node</shortdesc></parameter>
<parameter name="socket" required="1"><content type="string"/><shortdesc lang="en">of the test</shortdesc></parameter>
</parameters>
<actions><action name="off"/><action name="on"/><action name="status"/><action name="monitor"/><action name="list"/><action name="metadata"/></actions>
</resource-agent>`;

const [, , flag, word] = process.argv;
const told = flag === '-o' ? `action=${word}` : readFileSync(0, 'utf8');
const {
  action = '',
  port = '',
  socket = '',
} = Object.fromEntries(told.split('\n').map((line) => [line.replace(/=.*/su, ''), line.replace(/^[^=]*=/su, '')]));
/** The exit codes of fence agents: 2 says that a node is off. */
const exits = { done: 0, off: 2 };
if (action === 'metadata') {
  process.stdout.write(`${metadata}\n`);
} else if (action === 'off' || action === 'status') {
  let answer = '';
  const asked = connect(socket, () => asked.end(`${action} ${port}`));
  asked.on('data', (data) => (answer += String(data)));
  asked.on('error', () => undefined);
  asked.on('close', () => process.exit(exits[/** @type {keyof typeof exits} */ (answer)] ?? 1));
} else {
  process.exit(['on', 'monitor', 'list', 'validate-all'].includes(action) ? 0 : 1);
}
