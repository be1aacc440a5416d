// RFC 7677 section 3 is the example; everything else is what a server must not say.
import assert from 'node:assert/strict';
import { authFiles, credentialsIn, scram, ScramError } from '../../../src/libvirt/saslLogin.js';

const nonce = 'rOprNGfwEbeRWgbNEkqO';
const first = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;

describe('SCRAM-SHA-256', () => {
  it('says what the example of the RFC says', async () => {
    const login = scram('user', 'pencil', nonce);
    assert.equal(login.first, `n,,n=user,r=${nonce}`);
    assert.equal(
      await login.proof(first),
      `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    login.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('keeps names apart from its own signs, and takes different forms of one letter for the same', () => {
    assert.equal(scram('a=b,c', 'x', nonce).first, `n,,n=a=3Db=2Cc,r=${nonce}`);
    assert.equal(scram('e\u0301', 'x', nonce).first, scram('\u00e9', 'x', nonce).first);
  });

  for (const [what, answer] of [
    ['another nonce', first.replace(nonce, 'other')],
    ['no nonce of its own', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['few rounds, which make the password easy to guess', first.replace('4096', '1')],
    ['so many rounds that they do not end', first.replace('4096', '9999999')],
    ['an extension that must be understood', `m=x,${first}`],
    ['no salt', `r=${nonce}x,i=4096`],
    ['megabytes', `${first}${'x'.repeat(100_000)}`],
    ['nothing', ''],
  ] as const) {
    it(`does not go on with ${what}`, async () => {
      await assert.rejects(scram('user', 'pencil', nonce).proof(answer), ScramError);
    });
  }

  it('believes nobody who does not sign, or signs before the proof', async () => {
    const login = scram('user', 'pencil', nonce);
    assert.throws(() => login.verify('v='), ScramError);
    await login.proof(first);
    for (const end of ['', 'v=', 'v=AAAA', 'e=invalid-proof', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G0=']) {
      assert.throws(() => login.verify(end), ScramError, end);
    }
  });
});

describe('the file of user names and passwords', () => {
  const text = [
    '# of libvirt',
    '[credentials-test]',
    'authname=fred',
    'password=a = b#c',
    '[credentials-old]',
    'username = joe',
    '[auth-libvirt-build]',
    'credentials=test',
    '[auth-libvirt-default]',
    'credentials=old',
    '[auth-libvirt-lost]',
    'credentials=nobody',
  ].join('\r\n');

  it('has those of a host, or of all others', () => {
    assert.deepEqual(credentialsIn(text, 'build'), { user: 'fred', password: 'a = b#c' });
    assert.deepEqual(credentialsIn(text, 'another'), { user: 'joe' });
    assert.deepEqual(credentialsIn(text, 'lost'), {});
    assert.deepEqual(credentialsIn('nonsense\n[', 'build'), {});
  });

  it('is the one that is named, or libvirt’s own', () => {
    assert.deepEqual(authFiles({ LIBVIRT_AUTH_FILE: '/a' }, '/home/me', '/b'), ['/a']);
    assert.deepEqual(authFiles({}, '/home/me', '/b'), ['/b']);
    assert.deepEqual(authFiles({}, '/home/me', undefined), [
      '/home/me/.config/libvirt/auth.conf',
      '/etc/libvirt/auth.conf',
    ]);
    assert.deepEqual(authFiles({ XDG_CONFIG_HOME: '/x' }, '/home/me', undefined)[0], '/x/libvirt/auth.conf');
  });
});
