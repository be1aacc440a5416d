// The page of a check: what is wrong in the file apart from what differs, and nothing from outside is markup.
import assert from 'node:assert/strict';
import { labReportText } from '../../../src/lab/labReport.js';

const problem = (line: number, message: string) => ({ line, column: 1, endLine: line, endColumn: 2, message });

describe('the page of a check of a lab', () => {
  it('tells what is wrong in the file, with its line, apart from what differs from it', () => {
    const text = labReportText('/home/me/project/virt-rewind.yaml', {
      problems: [problem(3, 'There is no VM db.'), problem(7, 'A size is a number.')],
      differences: [{ kind: 'vm', message: 'db is off.' }],
    });
    assert.equal(
      text.replaceAll('\\', ''),
      [
        '# Check of virt-rewind.yaml',
        '## Errors in the File',
        '- Line 3: There is no VM db.\n- Line 7: A size is a number.',
        '## Different from the File',
        '- db is off.',
      ].join('\n\n'),
    );
  });

  it('takes no name for markup', () => {
    const text = labReportText('x', { problems: [problem(1, '[a](command:b)\n# big <b>')], differences: [] });
    assert.match(text, /\\\[a\\\]\\\(command\\:b\\\) \\# big \\<b\\>/u);
  });
});
