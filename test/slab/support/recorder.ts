/**
 * Records every store that a slab's owner makes in shared memory, plain ones too, in program order,
 * without touching the product: while an action runs, each typed array that anybody makes over
 * shared memory is a proxy. There is no other way for JavaScript to write to shared memory, and a test
 * checks that the records, replayed over what was there before, give what was there after.
 *
 * A thread is ended where its engine looks for interrupts: there, all its stores up to a point of
 * the program have happened and none after it. So the memory that a dead owner leaves is what was there
 * before and the first so many records. Bulk copies count as several stores.
 */
import assert from 'node:assert/strict';

export interface StoreRecord {
  /** Byte offset in the buffer. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Parts in which a bulk copy is recorded, at the most. */
const BULK_PARTS = 8;

const VIEWS = ['Int8Array', 'Uint8Array', 'Int32Array', 'Float64Array'] as const;
const FORBIDDEN = [
  'Int16Array',
  'Uint16Array',
  'Uint32Array',
  'Float32Array',
  'Uint8ClampedArray',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
] as const;
type View = Int8Array | Uint8Array | Int32Array | Float64Array;
type Globals = Record<string, unknown>;

export class Recorder {
  /** The stores since `recording` was set, if it is. */
  readonly stores: StoreRecord[] = [];
  recording = false;
  readonly #real = new WeakMap<object, View>();

  /** Runs `act`; what it constructs over shared memory records, also when it is used in a later `run`. */
  run<T>(act: () => T): T {
    const globals = globalThis as unknown as Globals;
    const saved = new Map<string, unknown>();
    for (const name of [...VIEWS, ...FORBIDDEN]) saved.set(name, globals[name]);
    const atomics = { ...this.#atomics() };
    const savedAtomics = { store: Atomics.store, add: Atomics.add, load: Atomics.load };
    for (const name of VIEWS) globals[name] = this.#recordingView(saved.get(name) as never);
    for (const name of FORBIDDEN) globals[name] = refusingShared(name, saved.get(name) as never);
    Object.assign(Atomics, atomics);
    try {
      return act();
    } finally {
      for (const [name, value] of saved) globals[name] = value;
      Object.assign(Atomics, savedAtomics);
    }
  }

  /** Runs `act` and returns its stores. */
  record(act: () => void): StoreRecord[] {
    this.stores.length = 0;
    this.recording = true;
    try {
      this.run(act);
    } finally {
      this.recording = false;
    }
    return [...this.stores];
  }

  #note(view: View, from: number, to: number): void {
    if (!this.recording || from >= to) return;
    const start = view.byteOffset + from * view.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(view.buffer, start, (to - from) * view.BYTES_PER_ELEMENT).slice();
    this.stores.push({ at: start, bytes });
  }

  #noteBulk(view: View, from: number, to: number): void {
    const step = Math.ceil((to - from) / BULK_PARTS);
    for (let at = from; at < to; at += step) this.#note(view, at, Math.min(at + step, to));
  }

  #recordingView(Real: new (...args: never[]) => View): unknown {
    return new Proxy(Real, {
      construct: (target, args) => {
        const view = Reflect.construct(target, args) as View;
        return args[0] instanceof SharedArrayBuffer ? this.#spy(view) : view;
      },
    });
  }

  #spy(view: View): View {
    const bulk: Readonly<Record<string, unknown>> = {
      set: (source: ArrayLike<number>, offset = 0) => {
        view.set(source, offset);
        this.#noteBulk(view, offset, offset + source.length);
      },
      fill: (value: number, start = 0, end = view.length) => {
        view.fill(value, start, end);
        this.#noteBulk(view, start, end);
      },
      copyWithin: (target: number, start: number, end: number) => {
        view.copyWithin(target, start, end);
        this.#noteBulk(view, target, target + end - start);
      },
    };
    const proxy = new Proxy(view, {
      get: (target, property) => {
        if (isIndex(property)) return target[property as unknown as number];
        if (Object.hasOwn(bulk, property)) return bulk[property as string];
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, property, value) => {
        assert.ok(isIndex(property), 'a view has elements only');
        const index = Number(property);
        target[index] = value;
        this.#note(target, index, index + 1);
        return true;
      },
    });
    this.#real.set(proxy, view);
    return proxy;
  }

  #atomics(): Partial<Atomics> {
    const { store, add, load } = Atomics;
    const real = (view: object): Int32Array => (this.#real.get(view) ?? view) as Int32Array;
    return {
      load: ((view: Int32Array, index: number) => load(real(view), index)) as typeof load,
      store: ((view: Int32Array, index: number, value: number) => {
        store(real(view), index, value);
        this.#note(real(view), index, index + 1);
        return value;
      }) as typeof store,
      add: ((view: Int32Array, index: number, value: number) => {
        const before = add(real(view), index, value);
        this.#note(real(view), index, index + 1);
        return before;
      }) as typeof add,
    };
  }
}

const isIndex = (property: string | symbol): boolean => {
  if (typeof property === 'symbol') return false;
  const first = property.charCodeAt(0);
  return first >= 48 && first <= 57;
};

function refusingShared(name: string, Real: new (...args: never[]) => object): unknown {
  return new Proxy(Real, {
    construct: (target, args) => {
      assert.ok(!(args[0] instanceof SharedArrayBuffer), `nobody writes by a ${name}`);
      return Reflect.construct(target, args) as object;
    },
  });
}

/** Writes a record to a copy of the memory. */
export function apply({ at, bytes }: StoreRecord, image: Uint8Array): void {
  image.set(bytes, at);
}

/** A copy of shared memory, of its own. */
export function copyOf(memory: SharedArrayBuffer): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(memory.byteLength);
  new Uint8Array(copy).set(new Uint8Array(memory));
  return copy;
}
