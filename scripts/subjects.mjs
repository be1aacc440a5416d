// Checks the subjects of new commits: at most 72 characters, and an imperative first: "Fix the target", not "Fixed" or
// "fixes".
//   node scripts/subjects.mjs      of the commits since the last tag; where there is none, since this check came
import { root } from './rig/root.mjs';
import { run, runOk } from './rig/run.mjs';

const most = 72;
/** Imperatives that end like another form. */
const imperatives =
  /^(?:Address|Bring|Discuss|Dismiss|Embed|Express|Feed|Focus|Miss|Need|Pass|Process|Seed|Shed|Speed|String|Suppress)$/u;

/** @param {string} subject @returns {string | undefined} what is wrong with it */
function faultOf(subject) {
  if (subject.length > most) return `has ${subject.length} characters, more than ${most}`;
  const [first = ''] = subject.split(' ');
  if (!/^[A-Z]/u.test(first)) return 'does not begin with a capital letter';
  if (/(?:ed|ing|s)$/u.test(first) && !imperatives.test(first)) return `begins with "${first}", which is no imperative`;
  return undefined;
}

const git = (/** @type {string[]} */ ...args) => runOk('git', ['-C', root, ...args]);
const tag = await run('git', ['-C', root, 'describe', '--tags', '--abbrev=0']);
const since =
  tag.code === 0
    ? tag.stdout.trim()
    : (await git('log', '--diff-filter=A', '--format=%H', '--', 'scripts/subjects.mjs')).trim();
const range = since === '' ? [] : [`${since}..HEAD`];
const subjects =
  range.length === 0 ? [] : (await git('log', '--no-merges', '--format=%h %s', ...range)).split('\n').filter(Boolean);
const faults = subjects.flatMap((line) => {
  const [id = '', ...words] = line.split(' ');
  const fault = faultOf(words.join(' '));
  return fault === undefined ? [] : [`${id}: the subject ${fault}: ${words.join(' ')}`];
});
for (const fault of faults) console.error(fault);
console.log(`${subjects.length} subjects of commits, ${faults.length} to be mended`);
process.exitCode = faults.length === 0 ? 0 : 1;
