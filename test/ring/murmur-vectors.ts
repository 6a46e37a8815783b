/** Published MurmurHash3 x86 32-bit values: [bytes in hex, seed, hash]. */
export const BYTE_VECTORS: readonly (readonly [hex: string, seed: number, hash: number])[] = [
  ['', 0x00000000, 0x00000000],
  ['', 0x00000001, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['ffffffff', 0x00000000, 0x76293b50],
  ['21436587', 0x00000000, 0xf55b516b],
  ['21436587', 0x5082edee, 0x2362f9de],
  ['214365', 0x00000000, 0x7e4a8634],
  ['2143', 0x00000000, 0xa0f7b07a],
  ['21', 0x00000000, 0x72661cf4],
  ['00000000', 0x00000000, 0x2362f9de],
  ['000000', 0x00000000, 0x85f0b427],
  ['0000', 0x00000000, 0x30f4c306],
  ['00', 0x00000000, 0x514e28b7],
];

/** The same for texts, which are hashed as their UTF-8: [text, seed, hash]. */
export const TEXT_VECTORS: readonly (readonly [text: string, seed: number, hash: number])[] = [
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['abcd', 0x9747b28c, 0xf0478627],
  ['abc', 0x9747b28c, 0xc84a62dd],
  ['ab', 0x9747b28c, 0x74875592],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ['test', 0x00000000, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0x00000000, 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0x00000000, 0x2e4ff723],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ['hello', 0x00000000, 0x248bfa47],
  ['foo', 0x00000000, 0xf6a5c420],
  ['key0', 0x00000000, 0xee16f4d7],
  ['user:1000', 0x0000002a, 0x9a542711],
];

/** What SMHasher's verification procedure must come out at for this hash. */
export const SMHASHER_VERIFICATION = 0xb0f57ee3;
