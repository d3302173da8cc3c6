// Hosts, values of NO_PROXY, and whether the host is called without a proxy. Written down once, for this command and for
// curl 7.86 and newer, which bootstrap.sh uses.

export const NO_PROXY_ROWS: readonly (readonly [host: string, list: string, isExempt: boolean])[] =
  [
    ['rollcall.example', '', false],
    ['rollcall.example', '*', true],
    ['rollcall.example', 'rollcall.example', true],
    ['rollcall.example', 'ROLLCALL.example', true],
    ['rollcall.example', '.example', true],
    ['rollcall.example', 'example', true],
    ['rollcall.example', 'call.example', false],
    ['rollcall.example', 'a.example,rollcall.example', true],
    ['rollcall.example', 'a.example rollcall.example', true],
    ['rollcall.example', 'a.example, rollcall.example.', true],
    ['rollcall.example', 'deep.rollcall.example', false],
    ['rollcall.example', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '11.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.2/31', true],
    ['10.1.2.3', '2.3', false],
    ['[2001:db8::1]', '2001:db8::1', true],
    ['[2001:db8::1]', '2001:db9::/32', false],
  ]
