/**
 * The ring as words in memory that threads share: who is on it, in which state, and where. The
 * authority over the ring writes it, everyone else decodes it and builds a table of their own.
 * Positions travel with it, so no reader has to repeat, or agree on, how they were chosen; ids do
 * not, since a node is its index everywhere below the edge.
 *
 *     word 0   LAYOUT           also says that something has been written here
 *          1   words            of all that follows, header included
 *          2   checksum         MurmurHash3 of words 3 … words−1
 *          3   epoch
 *          4   vnodes           positions of a node of weight 1
 *          5   members
 *          6   ranges           of one tenure each (tenures.ts)
 *          7   ┌ index          ┐
 *              │ state          │
 *              │ weight         │ a double, in two words as this machine orders them
 *              │                │
 *              └ positions      ┘ their number; repeated for each member
 *              positions of the first member, rising; of the second; …
 *              ends of the ranges, rising; then the epoch since which each is owned
 *
 * A region is written once and then announced by its epoch. Should a reader be so late that the
 * region is in use again, the checksum tells. What comes out of shared memory is copied, checked
 * in full, and only then believed.
 */
import { assert } from '../base/assert.js';
import { murmurFinish, murmurMix } from '../base/hash.js';
import { type Epoch, epoch, nodeIndex } from '../base/units.js';
import { EPOCH_MAX } from '../base/version.js';
import { RING_NODES_MAX, RING_POSITIONS_MAX, VNODES_MAX, WEIGHT_MAX } from './limits.js';
import type { NodeState, RingMember } from './member.js';
import { HASH_MAX, Tenures } from './tenures.js';

/** One state of the ring, as it is published. */
export interface PublishedRing {
  readonly epoch: Epoch;
  /** Positions of a node of weight 1. */
  readonly vnodes: number;
  readonly members: readonly RingMember[];
  /** Since when each range has had its owner. */
  readonly tenures: Tenures;
}

export type RingDecoding =
  | { readonly status: 'ok'; readonly ring: PublishedRing }
  /** Nothing has been written here yet. */
  | { readonly status: 'blank' }
  /** Not a ring, of another version, or changed while it was read; `reason` says what was wrong. */
  | { readonly status: 'invalid'; readonly reason: string };

/** 'SR' and the version of this layout. Never BLANK. */
const LAYOUT = 0x5352_0002;
/** What fresh shared memory holds. */
const BLANK = 0;
const HEADER_WORDS = 7;
const CHECKED_FROM = 3;
const MEMBER_WORDS = 5;
const RANGE_WORDS = 2;
const STATES: readonly NodeState[] = ['up', 'down', 'joining', 'leaving'];

/** Words that a ring takes. */
export function ringWords(members: number, positions: number, ranges: number): number {
  return HEADER_WORDS + members * MEMBER_WORDS + positions + ranges * RANGE_WORDS;
}

/** Words that a ring takes at the most, however often its members come and go. */
export function ringWordsMax(members: number, positions: number): number {
  return ringWords(members, positions, positions + 1);
}

/**
 * Writes the ring into `region`, from its beginning.
 *
 * @returns the number of words written; the region must have room for them: ringWordsMax()
 */
export function encodeRing(ring: PublishedRing, region: Uint32Array): number {
  const { members, tenures } = ring;
  const ranges = tenures.ends.length;
  const positions = members.reduce((sum, member) => sum + member.positions.length, 0);
  const words = ringWords(members.length, positions, ranges);
  assert(words <= region.length, 'a ring fits in its region');
  assert(ring.epoch >= 1 && ring.epoch <= EPOCH_MAX, 'an epoch fits in a version');
  region[0] = LAYOUT;
  region[1] = words;
  region[3] = ring.epoch;
  region[4] = ring.vnodes;
  region[5] = members.length;
  region[6] = ranges;
  let at = HEADER_WORDS;
  let positionsAt = ringWords(members.length, 0, 0);
  for (const member of members) {
    const [low, high] = weightWords(member.weight);
    region.set(
      [member.index, STATES.indexOf(member.state), low, high, member.positions.length],
      at,
    );
    region.set(member.positions, positionsAt);
    at += MEMBER_WORDS;
    positionsAt += member.positions.length;
  }
  region.set(tenures.ends, positionsAt);
  region.set(tenures.sinces, positionsAt + ranges);
  region[2] = checksum(region, words);
  return words;
}

/** Reads a ring back. Any content of the region is survived. */
export function decodeRing(region: Uint32Array): RingDecoding {
  if (region.length < HEADER_WORDS) return invalid('the region is shorter than a header');
  const size = word(region, 1);
  const words = region.slice(0, Math.min(size, region.length));
  if (region[0] === BLANK && size === 0) return { status: 'blank' };
  if (words.length < HEADER_WORDS) return invalid('the ring is shorter than a header');
  if (words[0] !== LAYOUT) return invalid('the layout is not known');
  if (words[1] !== words.length) return invalid('the ring is longer than its region');
  if (words[2] !== checksum(words, words.length)) return invalid('the checksum differs');
  return decodeWords(words);
}

function decodeWords(words: Uint32Array): RingDecoding {
  const number = word(words, 3);
  const vnodes = word(words, 4);
  const count = word(words, 5);
  if (!within(number, 1, EPOCH_MAX)) return invalid('the epoch is out of range');
  if (!within(vnodes, 1, VNODES_MAX)) return invalid('vnodes are out of range');
  if (!within(count, 0, RING_NODES_MAX)) return invalid('there are too many members');
  let positionsAt = ringWords(count, 0, 0);
  if (positionsAt > words.length) return invalid('members are missing');
  const members: RingMember[] = [];
  for (let i = 0; i < count; i++) {
    const member = decodeMember(words, HEADER_WORDS + i * MEMBER_WORDS, positionsAt);
    if (typeof member === 'string') return invalid(member);
    if (members.some((other) => other.index === member.index)) return invalid('a member is twice');
    members.push(member);
    positionsAt += member.positions.length;
  }
  if (positionsAt - ringWords(count, 0, 0) > RING_POSITIONS_MAX)
    return invalid('too many positions');
  const tenures = decodeTenures(words, positionsAt, number);
  if (typeof tenures === 'string') return invalid(tenures);
  return { status: 'ok', ring: { epoch: epoch(number), vnodes, members, tenures } };
}

/** The tenures, which are all that is left, or what is wrong with them. */
function decodeTenures(words: Uint32Array, at: number, number: number): Tenures | string {
  const ranges = word(words, 6);
  if (at + ranges * RANGE_WORDS !== words.length) return 'ranges are missing or left over';
  const ends = words.slice(at, at + ranges);
  const sinces = words.slice(at + ranges);
  if (!rises(ends)) return 'ranges do not rise';
  if (ends[ranges - 1] !== HASH_MAX) return 'ranges do not cover every hash';
  if (!sinces.every((since) => within(since, 1, number))) return 'a tenure is out of range';
  return new Tenures(ends, sinces);
}

/** A member, or what is wrong with it. */
function decodeMember(words: Uint32Array, at: number, positionsAt: number): RingMember | string {
  const index = word(words, at);
  const state = STATES[word(words, at + 1)];
  const weight = weightOf(word(words, at + 2), word(words, at + 3));
  const count = word(words, at + 4);
  if (!within(index, 0, RING_NODES_MAX - 1)) return 'a node index is out of range';
  if (state === undefined) return 'a state is not known';
  if (!(weight > 0 && weight <= WEIGHT_MAX)) return 'a weight is out of range';
  if (count > words.length - positionsAt) return 'positions are missing';
  const positions = words.slice(positionsAt, positionsAt + count);
  if (!rises(positions)) return 'positions do not rise';
  return { index: nodeIndex(index), state, weight, positions };
}

const invalid = (reason: string): RingDecoding => ({ status: 'invalid', reason });

/** The one unchecked read: every caller has compared `at` with the length. */
const word = (words: Uint32Array, at: number): number => words[at] as number;

const within = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most;

function rises(positions: Uint32Array): boolean {
  return positions.every((position, i) => i === 0 || position > word(positions, i - 1));
}

function checksum(words: Uint32Array, end: number): number {
  let hash = 0;
  for (let i = CHECKED_FROM; i < end; i++) hash = murmurMix(hash, word(words, i));
  return murmurFinish(hash, 0, end);
}

function weightWords(weight: number): [low: number, high: number] {
  const words = new Uint32Array(Float64Array.of(weight).buffer);
  return [word(words, 0), word(words, 1)];
}

function weightOf(low: number, high: number): number {
  return new Float64Array(Uint32Array.of(low, high).buffer)[0] as number;
}
