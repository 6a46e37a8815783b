/**
 * The 54 cache clusters of Twitter as published for March 2020: J. Yang, Y. Yue, K. V. Rashmi, "A
 * large scale analysis of hundreds of in-memory cache clusters at Twitter", OSDI 2020. Figures
 * from twitter/cache-trace, CC BY 4.0.
 *
 * What is taken over: mean key and value size, operations, Zipf's α, times to live. What is
 * mended: `add`, `cas`, `incr` and `prepend` are writes to a cache (set), `gets` is a get; shares
 * under 1 %, which the table leaves out, are shared out among the others; no α, or 0, means that
 * no skew could be fitted, and keys are drawn evenly. Means stand for distributions: the values of
 * one cluster are all of one size.
 */
import type { Mix, Traffic, TtlChoice } from './plan.js';
import { parseTime, usage } from './quantity.js';

/** cluster | key bytes | value bytes | Zipf α | operations | times to live; `-`: not published. */
const CLUSTERS = `
1 | 80 | 267 | 2.6774 | get:0.99 | 240s:1.00
2 | 21 | 68 | 1.4908 | get:1.00 | 4d:0.59 2d:0.41
3 | 19 | 120 | 1.6414 | get:0.99 | 7d:1.00
4 | 67 | 2439 | 1.1004 | get:0.93 set:0.07 | 60s:0.39 300s:0.24 1h:0.13 600s:0.12 4h:0.09 1d:0.03
5 | - | - | - | - | -
6 | 44 | 252 | 1.882 | get:0.98 set:0.02 | 520s:0.03 510s:0.03 490s:0.03 590s:0.03 540s:0.03 550s:0.03 570s:0.02 500s:0.02 580s:0.02 596s:0.02
7 | 17 | 1936 | 1.0666 | get:0.82 set:0.18 | 1.8h:0.28 1.7h:0.24 1.9h:0.23 1.6h:0.13 2h:0.12
8 | 23 | 9497 | 1.7366 | set:0.50 get:0.50 | 1380s:0.95 1379s:0.05
9 | 32 | 39 | 1.6796 | get:0.99 | 2h:0.79 1.4h:0.02 1.1h:0.02 1.9h:0.02 1.6h:0.02 1.2h:0.02 1.8h:0.02 1.5h:0.02 1.7h:0.02 1.3h:0.02
10 | 22 | 2333 | 0 | add:0.50 get:0.50 | 2h:1.00
11 | 24 | 170 | 1.4891 | get:0.96 add:0.02 gets:0.01 cas:0.01 | 5d:0.97 20s:0.03
12 | 44 | 1030 | 0.3048 | set:0.80 get:0.20 | 300s:0.98 299s:0.02
13 | 44 | 4266 | 0.4565 | get:0.38 set:0.62 | 300s:0.97 299s:0.03
14 | 96 | 414 | 1.2959 | get:0.65 delete:0.22 set:0.13 | 1d:1.00
15 | 18 | 102 | 0.0242 | set:1.00 | 30s:1.00
16 | 18 | 115 | 1.7862 | get:0.93 set:0.04 add:0.01 | 1h:0.99
17 | 19 | 212 | 2.1106 | get:0.99 | 5d:1.00
18 | 18 | 37 | 2.0994 | get:0.96 add:0.01 gets:0.01 cas:0.01 | 12h:1.00
19 | 42 | 101 | 0.735 | get:0.75 set:0.25 | 7.5h:0.08 7.4h:0.07 6.6h:0.07 7.2h:0.07 6.7h:0.07 7h:0.07 7.1h:0.07 6.8h:0.07 6.9h:0.07 7.3h:0.06
20 | 26 | 55 | 1.3699 | get:0.96 add:0.03 | 5d:0.99
21 | 25 | 1 | 0.0521 | add:1.00 | 2.2h:0.62 10s:0.23 900s:0.14
22 | 54 | 4 | 0.7624 | get:0.72 incr:0.18 set:0.10 | 1d:0.85 1h:0.11 1800s:0.03
23 | 35 | 224 | 0.274 | set:0.31 get:0.36 incr:0.30 delete:0.02 | 120s:0.93 2700s:0.05 5s:0.03
24 | 32 | 699 | 1.3726 | get:0.99 | 14d:0.71 60s:0.19 30d:0.03 1d:0.02 1h:0.02
25 | 49 | 28 | 0.9929 | get:0.95 add:0.02 gets:0.02 cas:0.02 | 30d:0.99
26 | 122 | 1745 | 0.6299 | get:0.71 set:0.29 | 60s:0.67 120s:0.10 360s:0.09 600s:0.06 660s:0.03 180s:0.02
27 | 66 | 8 | 1.065 | get:0.85 set:0.15 | 92.6d:0.28 1d:0.25 1h:0.20 4h:0.18 6h:0.06 12h:0.02
28 | 45 | 85 | 1.503 | get:0.91 set:0.03 add:0.03 | 3h:0.56 1.2d:0.43
29 | 36 | 799 | 1.2323 | get:0.86 set:0.13 | 1h:0.67 2h:0.33
30 | 22 | 689 | 1.4259 | get:0.99 | 12h:0.36 10.2h:0.04 11.8h:0.04 9.7h:0.03 10.6h:0.03 11.5h:0.03 11h:0.03 11.3h:0.03 11.7h:0.03 11.9h:0.03
31 | 41 | 15 | 0 | set:0.94 get:0.06 | 60s:1.00
32 | 41 | 138 | 0 | set:0.98 get:0.02 | 60s:1.00
33 | 24 | 1118 | 1.354 | get:0.99 set:0.01 | 10.7h:0.05 11.2h:0.05 11.7h:0.04 11.6h:0.04 11.5h:0.04 10.9h:0.04 11.3h:0.04 10.6h:0.04 9.8h:0.04 11.1h:0.04
34 | 33 | 322 | 1.1401 | get:0.94 set:0.06 | 10.6h:0.04 10.5h:0.04 11.1h:0.04 9.8h:0.04 11.2h:0.04 10.7h:0.04 9.7h:0.04 10h:0.04 10.1h:0.03 10.4h:0.03
35 | 19 | 1796 | 0 | get:0.96 set:0.04 | 60s:1.00
36 | 23 | 78 | 1.2169 | get:0.93 add:0.04 gets:0.01 cas:0.01 | 30d:1.00
37 | 72 | 20134 | 0.4251 | set:0.37 get:0.63 | 20s:0.91 300s:0.06 2h:0.02 600s:0.01
38 | 41 | 185 | 0 | set:0.94 get:0.06 | 60s:1.00
39 | 41 | 80 | 0 | set:0.94 get:0.06 | 60s:1.00
40 | 44 | 155 | 0.8551 | set:0.50 get:0.50 | 8h:0.95 1d:0.05
41 | 44 | 171 | 0.8542 | get:0.50 set:0.50 | 8h:0.95 1d:0.05
42 | 40 | 4703 | 1.5974 | get:0.96 add:0.04 | 600s:0.82 300s:0.16 6h:0.02
43 | 44 | 304 | - | set:0.50 get:0.50 | 8h:1.00
44 | 25 | 22 | 1.4084 | get:0.98 add:0.01 | 30d:1.00
45 | 10 | 120 | 0.6372 | add:0.15 get:0.85 | 15d:1.00
46 | 44 | 928 | - | set:0.32 get:0.68 | 12h:0.58 1h:0.41
47 | 44 | 267 | 2.0637 | get:1.00 | 2d:1.00
48 | 44 | 70 | 0.8191 | set:0.35 get:0.65 | 1d:1.00
49 | 44 | 10658 | 1.5095 | set:0.43 get:0.57 | 1d:0.99 24h:0.01
50 | 18 | 67485 | 1.2816 | get:0.52 set:0.48 | 900s:0.73 1200s:0.24 1199s:0.03
51 | 44 | 221 | 1.9745 | get:0.90 set:0.10 | 2d:1.00
52 | 20 | 273 | 1.2117 | get:0.91 add:0.04 gets:0.02 cas:0.02 | 1d:0.65 14d:0.27 12h:0.07
53 | 36 | 9213 | 1.2061 | get:0.89 set:0.03 prepend:0.09 | 30d:0.66 21d:0.34
54 | 19 | 246 | 1.611 | get:0.97 set:0.03 | 3.8h:0.13 3.3h:0.13 3.4h:0.13 3.9h:0.12 3.5h:0.12 3.6h:0.12 3.7h:0.11 4h:0.07 3.2h:0.06
`;

/** Keys in play. The published tables do not say, so `--keys` may choose. */
const KEYS = 1_000_000;
const TTL_RANGE = { min: 1, max: 366 * 86_400_000 };

const ROWS: ReadonlyMap<number, readonly string[]> = new Map(
  CLUSTERS.trim()
    .split('\n')
    .map((line) => line.split('|').map((column) => column.trim()))
    .map((row) => [Number(row[0]), row]),
);

/** The numbers of all clusters. */
export const TWITTER_CLUSTERS: readonly number[] = [...ROWS.keys()];

/**
 * The traffic of one cluster.
 * @throws ShoalError ERR_USAGE if there is none of that number, or its figures were not published
 */
export function twitterTraffic(cluster: number): Traffic {
  const row = ROWS.get(cluster);
  if (row === undefined) {
    throw usage(`Cannot use workload 'twitter-${cluster}': the clusters are 1 to ${ROWS.size}`);
  }
  const [, keyBytes = '-', valueBytes = '-', alpha = '-', operations = '-', ttls = '-'] = row;
  if (valueBytes === '-') {
    throw usage(
      `Cannot use workload 'twitter-${cluster}': its figures were not published, choose another`,
    );
  }
  const theta = alpha === '-' ? 0 : Number(alpha);
  return {
    mix: parseMix(operations),
    keys: KEYS,
    keySize: { min: Number(keyBytes), max: Number(keyBytes) },
    distribution: theta === 0 ? { kind: 'uniform' } : { kind: 'zipf', theta },
    valueSize: { kind: 'fixed', bytes: Number(valueBytes) },
    ttls: parseTtls(ttls),
    preload: false,
    fill: true,
  };
}

function parseMix(text: string): Mix {
  const mix = { get: 0, set: 0, delete: 0 };
  for (const [name, share] of parsePairs(text)) {
    if (name === 'get' || name === 'gets') mix.get += share;
    else if (name === 'delete') mix.delete += share;
    else mix.set += share;
  }
  return mix;
}

function parseTtls(text: string): readonly TtlChoice[] {
  return parsePairs(text).map(([time, weight]) => ({
    ttlMs: parseTime('a time to live', time, TTL_RANGE),
    weight,
  }));
}

function parsePairs(text: string): readonly (readonly [string, number])[] {
  return text.split(' ').map((pair) => {
    const [name = '', share = ''] = pair.split(':');
    return [name, Number(share)];
  });
}
