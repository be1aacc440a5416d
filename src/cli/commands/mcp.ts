// The tools of agents for one MCP client, on standard input and output.
import { AgentSession } from '../../agents/agentSession.js';
import { McpServer } from '../../agents/mcp/mcpServer.js';
import { Failure } from '../../domain/failure.js';
import { Session } from '../../session/session.js';
import { readOnlyConnections } from '../../session/wantedConnections.js';
import { SharedSettings } from '../../session/sharedSettings.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { ownVersion } from '../ownVersion.js';

export async function mcp({ session, readers, terminal, log, interruption }: Context): Promise<ExitName> {
  const { engine, folder } = session;
  const shared = new SharedSettings(folder, log);
  const server = new McpServer({
    input: terminal.stdin,
    output: terminal.output,
    tools: (agent) =>
      new AgentSession({
        session: async () => {
          const { settings, doubt } = await shared.read();
          if (doubt !== undefined) {
            throw new Failure('refused', { refusal: doubt });
          }
          // A daemon that is read-only by now is so from the next tool on.
          engine.setReadOnly(readOnlyConnections(settings.connections, { environment: process.env }));
          return Session.within(engine, settings, folder);
        },
        agent,
        readers,
        log,
      }),
    version: ownVersion(),
    log,
    signal: interruption.signal,
  });
  await server.run();
  return 'done';
}
