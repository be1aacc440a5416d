// The process that serves VS Code: what code-server's wrapper would do, as little of it as works. Needs VS Code's own
// Node.
//   node vscodeServerMain.mjs --vscode DIR --data DIR [--port N] [--trust] [--folder DIR] [--dev DIR]…
//     [--tell ID]… [--tests FILE]
//   node vscodeServerMain.mjs --vscode DIR --data DIR --install FILE.vsix
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    vscode: { type: 'string' },
    data: { type: 'string' },
    port: { type: 'string', default: '0' },
    trust: { type: 'boolean', default: false },
    folder: { type: 'string' },
    dev: { type: 'string', multiple: true, default: [] },
    tell: { type: 'string', multiple: true, default: [] },
    tests: { type: 'string' },
    install: { type: 'string' },
  },
});
if (!options.vscode || !options.data) throw new Error('--vscode and --data are needed');

// No marketplace: nothing is looked up there, and nothing fails for want of it.
process.env['EXTENSIONS_GALLERY'] ??= '{}';
// Coverage is wanted of the extension host, a child of this process, and not of VS Code's server.
if (process.env['TEST_COVERAGE']) process.env['NODE_V8_COVERAGE'] = process.env['TEST_COVERAGE'];
// VS Code logs every exit of a process that has no parent of this name.
process.env['CODE_SERVER_PARENT_PID'] ||= String(process.pid);

const { loadCodeWithNls } = await import(pathToFileURL(join(options.vscode, 'out/server-main.js')).href);
const vscode = await loadCodeWithNls();
const token = randomBytes(24).toString('hex');
const args = {
  _: [],
  'accept-server-license-terms': true,
  compatibility: '1.64',
  'user-data-dir': join(options.data, 'user'),
  'server-data-dir': join(options.data, 'server'),
  'extensions-dir': join(options.data, 'extensions'),
  'disable-telemetry': true,
  'disable-workspace-trust': !options.trust,
  ...(options.folder && { 'default-folder': options.folder }),
  auth: 'none',
  log: ['info'],
};

if (options.install) {
  await vscode.spawnCli({
    ...args,
    'without-connection-token': true,
    'install-extension': [options.install],
    force: true,
  });
  // spawnCli ends this process itself, with the right status, a moment later.
  setTimeout(() => process.exit(1), 20_000);
} else {
  await serve();
}

async function serve() {
  // This port gives a terminal of the user, so the address carries a secret, as that of VS Code's own server.
  const code = await vscode.createServer(null, {
    ...args,
    'connection-token': token,
    host: '127.0.0.1',
    port: options.port,
  });
  const secretsKey = randomBytes(32);
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/_static/')) {
      // Icons and the service worker of code-server's wrapper, which is not here.
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'image/svg+xml';
      response.writeHead(200, { 'content-type': type, 'service-worker-allowed': '/' }).end();
    } else if (request.method === 'POST' && pathname === '/mint-key') {
      // Half of the key under which VS Code keeps an extension's secrets in the browser.
      const known = (request.headers.cookie ?? '').includes(`vscode-tkn=${token}`);
      response.writeHead(known ? 200 : 403).end(known ? secretsKey : undefined);
    } else {
      if (pathname === '/') develop(request, response);
      code.handleRequest(request, response);
    }
  });
  http.on('upgrade', (request, socket) => code.handleUpgrade(request, socket));
  http.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  http.listen(Number(options.port), '127.0.0.1', () => {
    const address = http.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    console.log(`ready http://127.0.0.1:${port}/?tkn=${token}`);
  });
  const stop = () => {
    try {
      code.dispose();
    } finally {
      setTimeout(() => process.exit(0), 100);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
  // Standard input is the life line: its end means that the parent is gone.
  process.stdin.on('end', stop).on('error', stop).resume();
}

/** VS Code's number for a log that tells all. */
const everything = 1;

/**
 * Writes the extensions under development, and whose logs tell more than usual, into the page's configuration. VS Code
 * reads them from the address only with `enable-smoke-test-driver`, and that switch turns notifications off.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function develop(request, response) {
  if (options.dev.length === 0 && !options.tests && options.tell.length === 0) return;
  const here = (/** @type {string} */ path) => ({ scheme: 'vscode-remote', authority: request.headers.host, path });
  const end = /** @type {(...all: unknown[]) => typeof response} */ (response.end.bind(response));
  response.end = (/** @type {unknown[]} */ ...[chunk, ...rest]) => {
    const page = String(chunk ?? '').replace(
      /(id="vscode-workbench-web-configuration" data-settings=")([^"]*)/,
      (_whole, head, settings) => {
        const configuration = JSON.parse(settings.replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
        configuration.developmentOptions = {
          ...configuration.developmentOptions,
          ...(options.dev.length > 0 && { extensions: options.dev.map(here) }),
          ...(options.tests && { extensionTestsPath: here(options.tests) }),
          extensionLogLevel: options.tell.map((id) => [id, everything]),
        };
        return head + JSON.stringify(configuration).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
      },
    );
    return end(page, ...rest);
  };
}
