// The tree goes out and comes back as it was; what is malformed, tricky or too large is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { parsePlainXml } from '../../../src/driver/xml/plainXml.js';
import {
  attribute,
  element,
  find,
  findAll,
  parseXml,
  textOf,
  writeXml,
  XmlError,
} from '../../../src/driver/xml/xmlTree.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const fixtures = ['snapshotExternal.xml', 'snapshotMemorySecure.xml', 'vmRunning.xml', 'vmOff.xml'];

const hostile = [
  '<&"\'>',
  ']]>',
  'line one\nline two\ttabbed\r\nand a return\r',
  '  spaces at both ends  ',
  '</description><domain type="kvm">',
  '&amp; &lt; &#65; &nbsp;',
  '\u202Eright to left\u202C שלום',
  '👩‍👩‍👧 𝔘𝔫𝔦𝔠𝔬𝔡𝔢',
  'x'.repeat(100_000),
];

describe('an XML tree', () => {
  it('reads a tab or a new line in an attribute as libvirt means it, and writes it so that it stays one', () => {
    const xml = "<disk><source file=\"/a\tb\"/><target dev='v\tda'/><target dev='v\nd\na'/></disk>";
    const tree = parseXml(xml);
    assert.deepEqual(
      tree.children.map((child) => typeof child === 'object' && 'attributes' in child && child.attributes),
      [{ file: '/a\tb' }, { dev: 'v\tda' }, { dev: 'v\nd\na' }],
    );
    assert.deepEqual(parsePlainXml("<a b='c\nd'/>"), parseXml("<a b='c\nd'/>"));
    assert.deepEqual(parseXml(writeXml(tree)), tree);
    assert.deepEqual(parseXml('<a>x\ty="1\t2"</a>').children, ['x\ty="1\t2"']);
  });

  for (const text of hostile) {
    it(`keeps ${JSON.stringify(text.slice(0, 40))} as text and as attribute`, () => {
      const tree = element('a', { value: text }, [element('b', {}, [text])]);
      const again = parseXml(writeXml(tree));
      assert.equal(attribute(again, 'value'), text);
      assert.equal(textOf(find(again, 'b')), text);
    });
  }

  for (const name of fixtures) {
    it(`comes back equal from what is written of ${name}`, () => {
      const tree = parseXml(fixture(name));
      assert.deepEqual(parseXml(writeXml(tree)), tree);
    });
  }

  it('keeps comments, instructions, prefixes and the order of all', () => {
    const xml = '<a xmlns:x="urn:x"><?go on?>1<x:b x:c="2"/><!-- no -->3<![CDATA[<4>]]></a>';
    const tree = parseXml(xml);
    assert.deepEqual(parseXml(writeXml(tree)), parseXml(xml.replace('<![CDATA[<4>]]>', '&lt;4&gt;').replace('3', '3')));
    assert.match(writeXml(tree), /^<a xmlns:x="urn:x"><\?go on\?>1<x:b x:c="2"\/><!-- no -->3/);
  });

  it('shows a replacement for what XML cannot hold', () => {
    assert.equal(
      textOf(parseXml(writeXml(element('a', {}, ['\u0000\u0007 \uD800 \uFFFE'])))),
      '\uFFFD\uFFFD \uFFFD \uFFFD',
    );
  });

  it('leaves absent children out', () => {
    assert.equal(writeXml(element('a', {}, [undefined, element('b')])), '<a><b/></a>');
  });

  it('finds along a path, and nothing where the path breaks', () => {
    const tree = parseXml('<a><b><c>1</c></b><b><c>2</c></b></a>');
    assert.equal(textOf(find(tree, 'b', 'c')), '1');
    assert.equal(find(tree, 'x', 'c'), undefined);
    assert.deepEqual(
      findAll(tree, 'b').map((b) => textOf(find(b, 'c'))),
      ['1', '2'],
    );
    assert.deepEqual(findAll(undefined, 'b'), []);
  });

  const refused: Readonly<Record<string, string>> = {
    'two roots': '<a/><b/>',
    'an end that is missing': '<a><b></b>',
    'ends that cross': '<a><b></a></b>',
    'an attribute that comes twice': '<a b="1" b="2"/>',
    'an attribute without quotes': '<a b=1/>',
    'an entity that nobody knows': '<a>&x;</a>',
    'a declared entity': '<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>',
    'a DOCTYPE that declares nothing': '<!DOCTYPE a><a/>',
    'a control character': '<a>\u0001</a>',
    nothing: '',
    'no XML': 'Permission denied',
    'more than 512 levels': `${'<a>'.repeat(513)}${'</a>'.repeat(513)}`,
    'more than libvirt sends': `<a>${' '.repeat(4_194_304)}</a>`,
  };
  for (const [what, xml] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseXml(xml), XmlError);
    });
  }
});

describe('the quick way to read plain XML', () => {
  for (const name of fixtures) {
    it(`makes the same tree of ${name}, or leaves it to the other`, () => {
      const plain = fixture(name)
        .replaceAll(/<metadata>.*?<\/metadata>/gs, '')
        .trimEnd();
      assert.deepEqual(parsePlainXml(plain), parseXml(plain));
      assert.equal(parsePlainXml(fixture(name).trimEnd()), undefined, 'metadata holds a comment');
    });
  }

  it('resolves the five entities of XML', () => {
    const xml = `<a b='&lt;&gt;&amp;&quot;&apos;'>&lt;&gt;&amp;&quot;&apos;</a>`;
    assert.deepEqual(parsePlainXml(xml), parseXml(xml));
  });

  for (const xml of [
    '<a/><b/>',
    '<a><b></a></b>',
    '<a>',
    '</a>',
    'text',
    '<a>text</a>text',
    `<a b='1' b='2'/>`,
    '<a b="1"/>',
    '<a>&x;</a>',
    '<a>& </a>',
    '<a>&#65;</a>',
    '<a>]]></a>',
    '<a>\r\n</a>',
    '<a>\u0001</a>',
    '<a><![CDATA[x]]></a>',
    '<a><!-- x --></a>',
    '<!DOCTYPE a><a/>',
    `${'<a>'.repeat(65)}${'</a>'.repeat(65)}`,
  ]) {
    it(`leaves ${JSON.stringify(xml.slice(0, 30))} to the other`, () => {
      assert.equal(parsePlainXml(xml), undefined);
    });
  }
});
