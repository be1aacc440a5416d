// The rule for comments: each line fits the width that prettier gives to code. Rows of tables, addresses and what the
// tools read may be longer: nothing can break them.

const width = 120;

const unbreakable = /^\s*(?:(?:\/\/|\/?\*+)\s*)?(?:\||eslint-|@ts-|prettier-|<reference)|https?:\/\//u;

/** @type {import('eslint').Rule.RuleModule} */
const fitsWidth = {
  create: (context) => ({
    Program: () => {
      const { lines } = context.sourceCode;
      const commented = context.sourceCode.getAllComments().flatMap(({ loc }) => {
        const [first, last] = [loc?.start.line ?? 1, loc?.end.line ?? 0];
        return Array.from({ length: last - first + 1 }, (_, index) => first + index);
      });
      for (const line of new Set(commented)) {
        const text = lines[line - 1] ?? '';
        if (text.length > width && !unbreakable.test(text)) {
          context.report({ loc: { line, column: width }, message: `A comment has at most ${width} columns.` });
        }
      }
    },
  }),
};

/** @type {import('eslint').ESLint.Plugin} */
export const commentRules = { rules: { 'fits-width': fitsWidth } };
