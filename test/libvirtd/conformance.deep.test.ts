// `virt-rewind mcp` before the conformance suite of the protocol's makers. It is fetched from the registry of npm, and
// speaks HTTP alone, so a bridge stands between. Its scenarios call tools of their own; ours that do the like take
// their places.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { installVsCode } from '../../scripts/rig/vscodeInstall.mjs';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { type McpOverHttp, mcpOverHttp } from './mcpOverHttp.js';

const suite = '@modelcontextprotocol/conformance@0.1.16';

/**
 * Left out: audio, resources, prompts, completion, logging, progress, sampling, elicitation, which we do not offer; and
 * what is HTTP's.
 */
const scenarios = [
  'server-initialize',
  'ping',
  'tools-list',
  'tools-call-simple-text',
  'tools-call-image',
  'tools-call-error',
  'server-sse-multiple-streams',
] as const;

const ours: Readonly<Record<string, { readonly name: string; readonly arguments: object }>> = {
  test_simple_text: { name: 'list_vms', arguments: {} },
  test_image_content: { name: 'take_screenshot', arguments: { vm: 'seen' } },
  test_error_handling: { name: 'checkpoint_vm', arguments: { vm: 'seen' } },
};

describe('the conformance suite of MCP', () => {
  let rig: LiveRig;
  let folder: string;
  let node: string;
  let bridge: McpOverHttp;

  before(async () => {
    rig = await startLiveRig();
    const vm = await OracleVm.define(rig.daemon, { name: 'seen', display: true });
    await rig.virsh('start', 'seen');
    await vm.talk((guest) => guest.setCounter(1));
    folder = join(rig.daemon.dir, 'suite');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const installed = await run('npm', ['install', '--no-audit', '--no-fund', suite], { cwd: folder });
    assert.equal(installed.code, 0, installed.stderr);
    // It wants a newer Node.js than we do; that of the newest editor is one.
    ({ node } = await installVsCode({ version: 'newest' }));
    const program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    writeFileSync(join(rig.daemon.dir, 'package.json'), '{"version":"1.2.3"}');
    bridge = await mcpOverHttp(
      [program, 'mcp', '--connect', rig.uri],
      { ...rig.daemon.env, VIRT_REWIND_STATE: join(rig.daemon.dir, 'agent-journal'), LC_ALL: 'C' },
      (params) => {
        Object.assign(params, ours[params.name ?? '']);
      },
    );
  });
  after(async () => {
    await bridge.stop();
    await rig.stop();
  });

  for (const scenario of scenarios) {
    it(scenario, async () => {
      const program = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
      const { code, stdout, stderr } = await run(node, [
        program,
        'server',
        '--url',
        bridge.url,
        '--scenario',
        scenario,
        '--verbose',
      ]);
      assert.equal(code, 0, `${stdout}\n${stderr}`);
      assert.match(stdout, /"status": "SUCCESS"/u);
    });
  }
});
