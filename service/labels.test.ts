import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRequestId, traceOf } from './labels.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('traceOf', () => {
  it('accepts what the W3C calls valid, including later versions', () => {
    const expected = { trace_id: TRACE, span_id: SPAN };
    expect(traceOf(`00-${TRACE}-${SPAN}-01`)).toEqual(expected);
    expect(traceOf(`cc-${TRACE}-${SPAN}-01`)).toEqual(expected);
    expect(traceOf(`cc-${TRACE}-${SPAN}-01-what-the-future-brings`)).toEqual(expected);
  });

  it.each([
    ['', 'empty'],
    [`00-${TRACE}-${SPAN}-01-more`, 'more fields than version 00 has'],
    [`ff-${TRACE}-${SPAN}-01`, 'version ff'],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, 'capital letters'],
    [`00-${'0'.repeat(32)}-${SPAN}-01`, 'a trace of zeros'],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, 'a span of zeros'],
    [`cc-${TRACE}-${SPAN}-01-${'x'.repeat(10_000)}`, 'endless'],
    [`00-${TRACE}-${SPAN}-01\n{"level":"error"}`, 'a line break'],
  ])('ignores %j: %s', (header) => {
    expect(traceOf(header)).toBeUndefined();
  });

  it('returns hexadecimal digits or nothing, whatever the header contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', 'a', '-', 'f', '"', TRACE, SPAN, 'cc-') }), (header) => {
        expect(`${traceOf(header)?.trace_id ?? ''}`).toMatch(/^([0-9a-f]{32})?$/);
      }),
    );
    expect(traceOf(undefined)).toBeUndefined();
    expect(traceOf(['00', '01'])).toBeUndefined();
  });
});

it('no two requests have the same id', () => {
  const ids = Array.from({ length: 1000 }, nextRequestId);
  expect(new Set(ids).size).toBe(1000);
});
