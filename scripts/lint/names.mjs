// The rule for names: a function is a verb with an object, a type a noun. A participle alone says neither who does what
// nor what a thing is.

/** Those that do not end in -ed. `read`, `put`, `set`, `cut` and the like are verbs too, and stay allowed. */
const irregular = new Set(
  [
    'begun bought bound broken brought built caught chosen done drawn driven fallen felt forgotten found frozen given gone',
    'grown heard held hidden kept known learnt led left lost made meant met outrun paid risen said seen sent shown sold',
    'spent spoilt spoken stood sunk sworn taken taught thrown told torn understood undone undrawn unfrozen unheard unknown',
    'unmade unread unseen untaken untold unwritten woken won worn wound written',
  ].flatMap((line) => line.split(' ')),
);

/** What ends in -ed and is none. */
const noParticiples = new Set([
  'bed',
  'bleed',
  'breed',
  'embed',
  'exceed',
  'feed',
  'need',
  'proceed',
  'red',
  'seed',
  'shed',
  'speed',
  'succeed',
]);

/** @param {string} name */
function isBareParticiple(name) {
  const word = name.charAt(0).toLowerCase() + name.slice(1);
  return /^[a-z]+$/u.test(word) && (irregular.has(word) || (word.endsWith('ed') && !noParticiples.has(word)));
}

/**
 * @typedef {import('estree').Node & { id?: unknown, key?: unknown, init?: unknown, value?: unknown, computed?: boolean
 *   }} Named
 */

/** @type {import('eslint').Rule.RuleModule} */
const noBareParticiple = {
  create: (context) => {
    /** @param {unknown} node @param {'function' | 'type'} kind */
    const look = (node, kind) => {
      const name = /** @type {{ type?: string, name?: string } | null | undefined} */ (node);
      if (/^(Private)?Identifier$/u.test(name?.type ?? '') && isBareParticiple(name?.name ?? '')) {
        const advice =
          kind === 'function'
            ? 'a function is a verb with an object, as takeCheckpoint or findMember; a boolean one asks, as isMissing'
            : 'a type is a noun, as CheckpointUsage or PendingRead';
        context.report({
          node: /** @type {import('estree').Node} */ (node),
          message: `"${name?.name ?? ''}" is a participle alone: ${advice}.`,
        });
      }
    };
    const isFunction = (/** @type {unknown} */ node) =>
      /^(Arrow)?Function(Expression)?$|^ArrowFunctionExpression$/u.test(
        /** @type {{ type?: string } | null | undefined} */ (node)?.type ?? '',
      );
    const ofFunction = (/** @type {Named} */ { id, key }) => look(id ?? key, 'function');
    const ofType = (/** @type {Named} */ { id }) => look(id, 'type');
    const ofValue = (/** @type {Named} */ node) => {
      if (isFunction(node.init ?? node.value)) {
        ofFunction(node);
      }
    };
    return {
      FunctionDeclaration: ofFunction,
      VariableDeclarator: ofValue,
      PropertyDefinition: ofValue,
      // A getter is a property.
      MethodDefinition: (node) => {
        if (node.kind === 'method') {
          ofFunction(node);
        }
      },
      TSMethodSignature: ofFunction,
      ClassDeclaration: ofType,
      TSInterfaceDeclaration: ofType,
      TSTypeAliasDeclaration: ofType,
      TSEnumDeclaration: ofType,
    };
  },
};

/** @type {import('eslint').ESLint.Plugin} */
export const nameRules = { rules: { 'no-bare-participle': noBareParticiple } };
