// The rules of the house for the linter: which room of src/ may import which, no cycle between files, and
// no export that nobody imports.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** What is called from outside: by the editor, from a shell, by a program that imports it, by the scripts. */
const doors = ['extension', 'commandLine', 'library', 'tables'];

const anyImport = /(?:^\s*(?:import|export)\s[^;]*?from\s+|\bimport\(\s*)['"](\.[^'"]+)['"]/gmu;

/** As a word of its own, or at the beginning of a line of a shell, not in a sentence; or a call of libvirt's. */
const startsProgram =
  /^domain(?:Create|Restore|RevertTo|MigratePrepare)\w+$|^\S*qemu-(?:img|nbd|io|storage-daemon)$|[\n;|&] *qemu-(?:img|nbd|io|storage-daemon) /u;

/** @typedef {import('eslint').Rule.RuleModule} RuleModule */

/**
 * @param {string} source absolute path of src/
 * @param {Readonly<Record<string, readonly string[]>>} rooms by folder below src/: what it may import, other folders or
 *   single files, both without their endings. Each may import itself.
 * @param {readonly string[]} editorRooms folders that may import `vscode`
 * @param {readonly string[]} imageDoors files that may name a program of QEMU's, or a call by which libvirt opens
 *   images
 * @returns {import('eslint').ESLint.Plugin}
 */
export function houseRules(source, rooms, editorRooms, imageDoors) {
  const names = Object.keys(rooms).toSorted((a, b) => b.length - a.length);
  /** @param {string} file relative to src/ */
  const roomOf = (file) => names.find((name) => file.startsWith(`${name}/`));

  /** @type {RuleModule} */
  const arrows = {
    create: (context) => {
      const file = relative(source, context.filename);
      const room = roomOf(file);
      /** @param {import('estree').Node & { source?: unknown }} node */
      const look = (node) => {
        const from = /** @type {{ value?: unknown } | null | undefined} */ (node.source);
        if (typeof from?.value !== 'string') {
          return;
        }
        if (from.value === 'vscode' && room !== undefined && !editorRooms.includes(room)) {
          context.report({ node, message: `src/${room} knows nothing of the editor.` });
        }
        if (!from.value.startsWith('.')) {
          return;
        }
        const to = relative(source, resolve(dirname(context.filename), from.value)).replace(/\.js$/u, '');
        if (to.startsWith('..')) {
          context.report({ node, message: 'src/ imports nothing from outside of it.' });
          return;
        }
        const other = roomOf(`${to}.ts`);
        if (doors.includes(to)) {
          context.report({ node, message: `Nothing imports ${to}.ts.` });
        } else if (other === undefined) {
          context.report({ node, message: `${to} stands in no room (see ARCHITECTURE.md).` });
        } else if (
          room !== undefined &&
          other !== room &&
          !(rooms[room] ?? []).some((one) => one === other || one === to)
        ) {
          context.report({ node, message: `src/${room} may not import src/${other} (see ARCHITECTURE.md).` });
        }
      };
      return {
        ImportDeclaration: look,
        ImportExpression: look,
        ExportNamedDeclaration: look,
        ExportAllDeclaration: look,
        Program: (node) => {
          if (room === undefined && !doors.includes(file.replace(/\.ts$/u, ''))) {
            context.report({ node, message: `${file} stands in no room (see ARCHITECTURE.md).` });
          }
        },
      };
    },
  };

  /** @type {RuleModule} */
  const noCycle = {
    create: (context) => ({
      Program: (node) => {
        const cycle = cycles(source).get(context.filename);
        if (cycle !== undefined) {
          context.report({ node, message: `These files import each other: ${cycle.join(', ')}.` });
        }
      },
    }),
  };

  /** @type {RuleModule} */
  const importedExports = {
    create: (context) => ({
      ExportNamedDeclaration: (node) => {
        const { declaration } = /** @type {{ declaration?: import('estree').Declaration | null }} */ (node);
        const declared = declaration?.type === 'VariableDeclaration' ? declaration.declarations : [declaration];
        for (const one of declared) {
          const name = one !== null && one !== undefined && one.id.type === 'Identifier' ? one.id.name : undefined;
          if (name === undefined) {
            continue;
          }
          const isType = one?.type.startsWith('TS') === true;
          const isOwn = ownTypes.includes(relative(source, context.filename).split('/', 1)[0] ?? '');
          if (!isImported(source, context.filename, name, isType && isOwn ? ['.', '../scripts'] : everywhere)) {
            context.report({ node, message: `No other file imports ${name}.` });
          }
        }
      },
    }),
  };

  /** @type {RuleModule} */
  const imagePrograms = {
    create: (context) => {
      const file = relative(source, context.filename);
      /** @param {import('estree').Node} node @param {unknown} text */
      const look = (node, text) => {
        if (typeof text === 'string' && startsProgram.test(text) && !imageDoors.some((door) => file.startsWith(door))) {
          const message = 'Images are opened by graphs that were judged: see src/qemu/imageCommands.ts.';
          context.report({ node, message });
        }
      };
      return {
        Literal: (node) => look(node, node.value),
        TemplateElement: (node) => look(node, node.value.cooked),
        // A program for a shell, as a text.
        'ImportDeclaration[source.value=/\\.sh$/]': (/** @type {import('estree').ImportDeclaration} */ node) =>
          look(node, readFileSync(resolve(dirname(context.filename), String(node.source.value)), 'utf8')),
      };
    },
  };

  /** @type {RuleModule} */
  const openedToRead = {
    create: (context) => ({
      'Program:has(ImportDeclaration[source.value="node:fs/promises"] ImportSpecifier[imported.name="open"]) CallExpression[callee.name="open"]':
        (/** @type {import('estree').SimpleCallExpression} */ node) => {
          const [, flags] = node.arguments;
          if (flags === undefined || (flags.type === 'Literal' && flags.value === 'r')) {
            context.report({ node, message: 'A pipe would keep it waiting: see src/base/readFileAtMost.ts.' });
          }
        },
    }),
  };

  return {
    rules: {
      ...{ arrows, 'no-cycle': noCycle, 'imported-exports': importedExports, 'image-programs': imagePrograms },
      'opened-to-read': openedToRead,
    },
  };
}

const importedNames = /\b(?:im|ex)port\s+(?:type\s+)?\{([^}]*)\}\s+from\s+['"](\.[^'"]+)['"]/gu;
const wholeImport = /\bimport(?:\(\s*|\s+\*\s+as\s+\w+\s+from\s+)['"](\.[^'"]+)['"]/gu;

/** Folders below or beside src/. */
const everywhere = ['.', '../test', '../scripts'];

/** Rooms whose types are no business of tests: they have them from the functions that they call. */
const ownTypes = ['base', 'driver', 'hosts', 'libvirt', 'qemu'];

/** @type {Map<string, ReadonlySet<string>>} by folder, file and name, or `*` for one that is imported as a whole */
const imported = new Map();

/**
 * @param {string} source
 * @param {string} file
 * @param {string} name
 * @param {readonly string[]} from who may import it
 */
function isImported(source, file, name, from) {
  return from.some((folder) => {
    const known = imported.get(folder) ?? importsBelow(join(source, folder));
    imported.set(folder, known);
    return ['*', name].some((one) => known.has(`${file} ${one}`));
  });
}

/** @param {string} folder */
function importsBelow(folder) {
  return new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|mjs)$/u.test(path))
      .flatMap((path) => importsIn(join(folder, path))),
  );
}

/** @param {string} file @returns {readonly string[]} */
function importsIn(file) {
  const text = readFileSync(file, 'utf8');
  const path = (/** @type {string} */ to) => resolve(dirname(file), to).replace(/\.js$/u, '.ts');
  const named = [...text.matchAll(importedNames)].flatMap(([, names = '', to = '']) =>
    names.split(',').map(
      (one) =>
        `${path(to)} ${one
          .trim()
          .replace(/^type /u, '')
          .replace(/ as \w+$/u, '')}`,
    ),
  );
  return [...named, ...[...text.matchAll(wholeImport)].map(([, to = '']) => `${path(to)} *`)];
}

/** @type {ReadonlyMap<string, readonly string[]> | undefined} */
let found;

/** By absolute path, the files of the cycle that it is in; read once for a run of the linter. */
function cycles(/** @type {string} */ source) {
  found ??= findCycles(source);
  return found;
}

/** Tarjan's strongly connected components over the imports, also those that come late and those of types. */
function findCycles(/** @type {string} */ source) {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(source, name));
  const known = new Set(files);
  const importsOf = new Map(
    files.map((file) => [
      file,
      [...readFileSync(file, 'utf8').matchAll(anyImport)]
        .map(([, name = '']) => resolve(dirname(file), name).replace(/\.js$/u, '.ts'))
        .filter((to) => known.has(to)),
    ]),
  );
  /** @type {Map<string, readonly string[]>} */
  const inCycle = new Map();
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} */
  const lowest = new Map();
  /** @type {string[]} */
  const stack = [];
  const visit = (/** @type {string} */ file) => {
    order.set(file, order.size);
    let low = order.get(file) ?? 0;
    stack.push(file);
    for (const to of importsOf.get(file) ?? []) {
      if (!order.has(to)) {
        visit(to);
      }
      if (stack.includes(to)) {
        low = Math.min(low, lowest.get(to) ?? order.get(to) ?? low);
      }
    }
    lowest.set(file, low);
    if (low === order.get(file)) {
      const component = stack.splice(stack.indexOf(file));
      if (component.length > 1) {
        component.forEach((one) =>
          inCycle.set(
            one,
            component.map((path) => relative(source, path)),
          ),
        );
      }
    }
  };
  files.filter((file) => !order.has(file)).forEach(visit);
  return inCycle;
}
