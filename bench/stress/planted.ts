/**
 * Faults that are planted to see that a stress finds them: each is a change in the
 * compiled library, made in a copy of it. The library itself has no switch for any of them; and a
 * fault whose place is not found is refused, so that none can be out of date unnoticed.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export interface PlantedFault {
  /** Below dist. */
  readonly file: string;
  readonly changes: readonly (readonly [place: RegExp, instead: string])[];
}

/** Moves each generation some changes later: long enough for a reader that is in no hurry. */
const LATE = `const due = [];
const late = (words, at) => {
    due.push(() => Atomics.add(words, at, 1));
    if (due.length > 32) due.shift()();
};
`;
/** What a thread may be made to do anywhere: wait for a processor, some tens of microseconds here. */
const PAUSE = 'for (let i = 0; i < 5_000; i++) Atomics.load(this.#words, 0);';

export const PLANTS = {
  /** Readers believe what they copied, whatever the generation says. */
  'no-generation-check': {
    file: 'slab/reader.js',
    changes: [
      [
        /[\w.#]+\[(?:this\.)?bucket \+ BUCKET_GENERATION\] ([!=]==) this\.generation\b/g,
        'this.generation $1 this.generation',
      ],
    ],
  },
  /** The owner takes an entry out of the index, and raises the floor after that. */
  'floor-after-unlink': {
    file: 'slab/slab.js',
    changes: [
      // A delete raises it to its own version, too, before it forgets what is there.
      [
        /(this\.#index\.raiseFloor\(key\.hash, [^;]*;)([^}]*)(this\.#forget\(pair[^;]*;)/g,
        '$2$3$1',
      ],
      [
        /(this\.#index\.raiseFloor\(hash, [^;]*;)\s*(this\.#index\.remove\(pair, hash\);)/g,
        `$2${PAUSE}$1`,
      ],
    ],
  },
  /** The owner writes a freed slot again before the generation has moved. */
  'early-reuse': {
    file: 'slab/bucket-index.js',
    changes: [
      [/^export class BucketIndex/gm, `${LATE}$&`],
      [
        /(pair, NO_SLOT\);\s*)Atomics\.add\(this\.#words, bucket \+ BUCKET_GENERATION, 1\)/g,
        '$1late(this.#words, bucket + BUCKET_GENERATION)',
      ],
      [
        /Atomics\.add\(this\.#words, this\.bucketOf\(hash\) \+ BUCKET_GENERATION, 1\)/g,
        'late(this.#words, this.bucketOf(hash) + BUCKET_GENERATION)',
      ],
    ],
  },
} as const satisfies Record<string, PlantedFault>;

export type Plant = keyof typeof PLANTS;

export const isPlant = (name: string): name is Plant => Object.hasOwn(PLANTS, name);

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Runs a compiled program, a path below dist, in a copy of the library with a fault; its exit code. */
export async function runPlanted(
  fault: PlantedFault,
  program: string,
  args: readonly string[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-planted-'));
  try {
    cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: isRun });
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    change(join(folder, 'dist'), fault);
    const child = spawn(process.execPath, [join(folder, 'dist', program), ...args], {
      stdio: 'inherit',
    });
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tests, and what only compilers and debuggers read, are most of the files. */
const isRun = (path: string): boolean => !/\.map$|\.d\.c?ts$|\bdist\/test$/.test(path);

function change(dist: string, { file, changes }: PlantedFault): void {
  const path = join(dist, file);
  let text = readFileSync(path, 'utf8');
  for (const [place, instead] of changes) {
    const times = text.match(place)?.length ?? 0;
    if (times === 0) throw new Error(`Cannot plant: ${place} is not in ${file}`);
    text = text.replace(place, instead);
  }
  writeFileSync(path, text);
}
