// A deleted source would leave its compiled test behind: start from nothing.
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
