import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeXml, encodeXml } from '../../../kernel/formats/index.ts'
import { Decimal, type Json } from '../../../kernel/plugins/contract.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('XML in', () => {
  const cases: { name: string; text: string; is: unknown }[] = [
    {
      name: 'one record',
      text: '<?xml version="1.0"?><dfapi><resource><name>A</name></resource></dfapi>',
      is: { resource: { name: 'A' } },
    },
    {
      name: 'repeated elements are a list',
      text: '<dfapi><resource><name>a</name></resource><resource><name>b</name></resource><resource><name>c</name></resource></dfapi>',
      is: { resource: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
    },
    { name: 'the wrapper as root stays', text: '<resource><name>x</name></resource>', is: { resource: { name: 'x' } } },
    { name: 'another root goes', text: '<record><name>xml4</name></record>', is: { name: 'xml4' } },
    {
      name: 'attributes are ignored',
      text: '<dfapi><resource id="900"><name a="1">attr</name></resource></dfapi>',
      is: { resource: { name: 'attr' } },
    },
    { name: 'CDATA is text', text: '<dfapi><name><![CDATA[a<b]]></name></dfapi>', is: { name: 'a<b' } },
    {
      name: 'a doctype in CDATA is text',
      text: '<dfapi><name><![CDATA[<!DOCTYPE x>]]></name></dfapi>',
      is: { name: '<!DOCTYPE x>' },
    },
    { name: 'empty elements', text: '<dfapi><a></a><b/></dfapi>', is: { a: '', b: '' } },
    { name: 'leaves are texts', text: '<dfapi><n>007</n><t>true</t></dfapi>', is: { n: '007', t: 'true' } },
    { name: 'entities', text: '<dfapi><a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;</a></dfapi>', is: { a: '<&>"\'AB' } },
    { name: 'entities are read once', text: '<dfapi><a>&amp;amp;&amp;#65;</a></dfapi>', is: { a: '&amp;&#65;' } },
    { name: 'no entities in CDATA', text: '<dfapi><a><![CDATA[&amp;]]></a></dfapi>', is: { a: '&amp;' } },
    { name: 'blanks in text stay', text: '<dfapi>\n <a> x y </a>\n</dfapi>', is: { a: ' x y ' } },
    { name: 'comments', text: '<!-- c --><dfapi><!-- c --><a>1<!-- c -->2</a></dfapi>', is: { a: '12' } },
    { name: 'unknown entities stay', text: '<dfapi><a>&x;</a></dfapi>', is: { a: '&x;' } },
    {
      name: 'dangerous names are names',
      text: '<dfapi><__proto__><x>1</x></__proto__><constructor>2</constructor><prototype>3</prototype><toString>4</toString></dfapi>',
      is: JSON.parse('{"__proto__":{"x":"1"},"constructor":"2","prototype":"3","toString":"4"}'),
    },
  ]
  for (const { name, text, is } of cases) it(name, () => assert.deepEqual(plain(decodeXml(text, 'resource')), is))

  const refused: { name: string; text: string; message: RegExp }[] = [
    { name: 'not closed', text: '<dfapi><resource>', message: /^The body is not valid XML: line 1, column \d+: / },
    { name: 'wrong end', text: '<dfapi>\n<a></b></dfapi>', message: /line 2, column/ },
    { name: 'no XML', text: 'hello', message: /not valid XML/ },
    { name: 'two roots', text: '<a>1</a><b>2</b>', message: /not valid XML/ },
    {
      name: 'doctype',
      text: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><dfapi><name>&x;</name></dfapi>',
      message: /document type/,
    },
    { name: 'doctype behind a comment', text: '<!-- <a> -->\n<!doctype a><dfapi/>', message: /document type/ },
    { name: 'depth', text: '<a>'.repeat(5000) + '</a>'.repeat(5000), message: /nested too deep/ },
  ]
  for (const { name, text, message } of refused) {
    it(name, () => assert.throws(() => decodeXml(text, 'resource'), { status: 400, message }))
  }
  it('no element reaches a prototype', () => {
    decodeXml('<dfapi><__proto__><polluted>1</polluted></__proto__></dfapi>', 'resource')
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })
})

describe('XML out', () => {
  const cases: { name: string; value: Json; text: string }[] = [
    {
      name: 'records and meta',
      value: { resource: [{ id: 1, name: 'A & B', email: null, active: true }], meta: { count: 7 } },
      text: '<?xml version="1.0" ?><dfapi>\n\t<resource>\n\t\t<id>1</id>\n\t\t<name>A &amp; B</name>\n\t\t<email></email>\n\t\t<active>true</active>\n\t</resource>\n\t<meta>\n\t\t<count>7</count>\n\t</meta>\n</dfapi>\n',
    },
    { name: 'scalar', value: 9, text: '<?xml version="1.0" ?><dfapi>9</dfapi>' },
    { name: 'empty list', value: { resource: [] }, text: '<?xml version="1.0" ?><dfapi>\n</dfapi>\n' },
    {
      name: 'list of scalars',
      value: { resource: ['a', 'b'] },
      text: '<?xml version="1.0" ?><dfapi>\n\t<resource>a</resource>\n\t<resource>b</resource>\n</dfapi>\n',
    },
    {
      name: 'bare list',
      value: [{ a: 1 }],
      text: '<?xml version="1.0" ?><dfapi>\n\t<resource>\n\t\t<a>1</a>\n\t</resource>\n</dfapi>\n',
    },
    {
      name: 'escapes',
      value: { q: `"<'>` },
      text: '<?xml version="1.0" ?><dfapi>\n\t<q>&quot;&lt;&#039;&gt;</q>\n</dfapi>\n',
    },
    {
      name: 'what XML can not hold',
      value: { 'count(*)': 'a\u0001b' },
      text: '<?xml version="1.0" ?><dfapi>\n\t<count___>a\ufffdb</count___>\n</dfapi>\n',
    },
    {
      name: 'digits',
      value: { i: 9223372036854775807n, d: new Decimal('1.10') },
      text: '<?xml version="1.0" ?><dfapi>\n\t<i>9223372036854775807</i>\n\t<d>1.10</d>\n</dfapi>\n',
    },
  ]
  for (const { name, value, text } of cases) {
    it(name, () => {
      assert.equal(encodeXml(value, 'dfapi', 'resource'), text)
      decodeXml(text, 'resource')
    })
  }
})
