/** Kubernetes quantities. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */

/** Quantities as Kubernetes writes them ("500m", "2Gi"), by resource. */
export type Amounts = Record<string, string>;

const scale: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** In cores, bytes or pieces; NaN for an invalid quantity. (The client's `quantityToScalar` is not exported and rejects "1.5Gi".) */
export function parseQuantity(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|[KMGTPE]i)?$/.exec(text.trim());
  return match ? Number(match[1]) * scale[match[2] ?? ''] : Number.NaN;
}

/** "1.5Gi" for bytes of memory or storage, "250m" for parts of a core, plain numbers otherwise; rounded to the safe side. */
export function formatQuantity(resource: string, amount: number, side: 'down' | 'up' = 'down'): string {
  // a sum of fractions may miss a whole number by its last bit
  const whole = (value: number) => (side === 'up' ? Math.ceil(value - 1e-6) : Math.floor(value + 1e-6));
  if (/memory|storage/.test(resource)) {
    const unit = ['Ti', 'Gi', 'Mi', 'Ki'].find((name) => Math.abs(amount) >= scale[name]) ?? '';
    return `${whole((amount / scale[unit]) * 10) / 10}${unit}`;
  }
  if (!/cpu/.test(resource)) return String(whole(amount));
  const milli = whole(amount * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** In cores, bytes or pieces, by resource. */
export function sumAmounts(amounts: Amounts[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of amounts)
    for (const [resource, amount] of Object.entries(each))
      total[resource] = (total[resource] ?? 0) + parseQuantity(amount);
  return total;
}
