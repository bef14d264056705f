import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isHostEntry, mayBeCalled, readTarget } from './address.ts'

const production = { production: true, allowed_hosts: [] }

describe('an address to call', () => {
  const verdicts: [string, string][] = [
    ['https://hooks.example.com/in?x=1', 'called'],
    ['https://hooks.example.com:8443/', 'called'],
    ['https://93.184.215.14/', 'called'],
    ['https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/', 'called'],
    ['', 'not_a_url'],
    ['hooks.example.com', 'not_a_url'],
    [`https://hooks.example.com/${'x'.repeat(500)}`, 'not_a_url'],
    ['http://hooks.example.com/', 'not_https'],
    ['http://localhost:9000/', 'not_https'],
    ['ftp://hooks.example.com/', 'not_https'],
    ['file:///etc/passwd', 'not_https'],
    ['gopher://127.0.0.1:6379/_FLUSHALL', 'not_https'],
    ['javascript:alert(1)', 'not_https'],
    ['https://ok.example.com@127.0.0.1/', 'credentials'],
    ['https://user:password@hooks.example.com/', 'credentials'],
    ['https://hooks.example.com:22/', 'port_not_allowed'],
    ['https://hooks.example.com:5432/', 'port_not_allowed'],
    ['https://hooks.example.com:80/', 'port_not_allowed'],
    ['https://127.0.0.1/', 'address_not_allowed'],
    ['https://127.1/', 'address_not_allowed'],
    ['https://2130706433/', 'address_not_allowed'],
    ['https://0x7f000001/', 'address_not_allowed'],
    ['https://0177.0.0.1/', 'address_not_allowed'],
    ['https://0/', 'address_not_allowed'],
    ['https://１２７.0.0.1/', 'address_not_allowed'],
    ['https://127.0.0.1./', 'address_not_allowed'],
    ['https://[::1]/', 'address_not_allowed'],
    ['https://[::]/', 'address_not_allowed'],
    ['https://[::ffff:127.0.0.1]/', 'address_not_allowed'],
    ['https://[::ffff:a9fe:a9fe]/', 'address_not_allowed'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'address_not_allowed'],
    ['https://[::127.0.0.1]/', 'address_not_allowed'],
    ['https://[2002:7f00:1::]/', 'address_not_allowed'],
    ['https://[fe80::1]/', 'address_not_allowed'],
    ['https://[fd00:ec2::254]/', 'address_not_allowed'],
    ['https://10.0.0.8/', 'address_not_allowed'],
    ['https://172.31.255.255/', 'address_not_allowed'],
    ['https://192.168.1.1/', 'address_not_allowed'],
    ['https://100.64.0.1/', 'address_not_allowed'],
    ['https://169.254.169.254/latest/meta-data/', 'address_not_allowed'],
    ['https://168.63.129.16/', 'address_not_allowed'],
    ['https://255.255.255.255/', 'address_not_allowed'],
  ]
  for (const [text, verdict] of verdicts) {
    it(`that reads ${text.slice(0, 60) || 'nothing'} is ${verdict}`, () => {
      const target = readTarget(text, production)
      assert.equal(typeof target === 'string' ? target : 'called', verdict)
    })
  }

  it('is this machine only where the server is one for development', () => {
    const development = { production: false, allowed_hosts: [] }
    for (const text of ['http://localhost:9000/', 'http://127.0.0.1:1/', 'https://[::1]:9000/'])
      assert.equal(typeof readTarget(text, development), 'object', text)
    assert.equal(readTarget('http://192.168.1.1/', development), 'not_https')
    assert.equal(readTarget('https://127.0.0.2/', development), 'address_not_allowed')
    assert.equal(readTarget('http://localhost.example.com/', development), 'not_https')
  })

  it('may be in the network of the hospital where its host is listed, exactly', () => {
    const listing = { production: true, allowed_hosts: ['engine.hospital.example', '10.1.2.3:9443', '[fd12::7]'] }
    const verdict = (text: string) => {
      const target = readTarget(text, listing)
      return typeof target === 'string' ? target : target.internal
    }
    assert.deepEqual(
      [
        'https://engine.hospital.example/in',
        'https://ENGINE.hospital.example.:8443/in',
        'https://10.1.2.3:9443/',
        'https://[fd12::7]/',
        'https://other.example/',
        'https://engine.hospital.example:9000/',
        'https://10.1.2.3/',
        'https://10.1.2.4:9443/',
        'https://engine.hospital.example.evil.test/',
        'https://evil-engine.hospital.example/',
        'http://engine.hospital.example/',
      ].map(verdict),
      [
        true,
        true,
        true,
        true,
        false,
        'port_not_allowed',
        'port_not_allowed',
        'port_not_allowed',
        false,
        false,
        'not_https',
      ],
    )
  })

  it('is checked again once its name is known', () => {
    const cases: [string, boolean, boolean][] = [
      // address, of any host, of a listed host
      ['93.184.215.14', true, true],
      ['2606:2800:21f::1', true, true],
      ['10.0.0.8', false, true],
      ['127.0.0.1', false, true],
      ['::1', false, true],
      ['fd12::7', false, true],
      ['::ffff:10.0.0.8', false, true],
      ['169.254.169.254', false, false],
      ['::ffff:169.254.169.254', false, false],
      ['64:ff9b::169.254.169.254', false, false],
      ['fe80::1%eth0', false, false],
      ['fd00:ec2::254', false, false],
      ['0.0.0.0', false, false],
      ['224.0.0.1', false, false],
      ['192.0.2.7', false, false],
      ['2001:db8::1', false, false],
      ['not an address', false, false],
    ]
    assert.deepEqual(
      cases.map(([address]) => [
        address,
        mayBeCalled(address, { internal: false }),
        mayBeCalled(address, { internal: true }),
      ]),
      cases,
    )
  })

  it('is listed by host, or host and port', () => {
    const entries = [
      'engine',
      'engine.example:8443',
      '10.1.2.3',
      '[fd12::7]:443',
      'a/b',
      'https://x',
      'x:99999',
      'u@x',
      '',
      '*',
    ]
    assert.deepEqual(entries.map(isHostEntry), [true, true, true, true, false, false, false, false, false, false])
  })
})
