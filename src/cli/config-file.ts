import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { show, usage } from '../config/fault.js';
import { configLayer, type Layer } from '../config/layers.js';

/** More than 64 nodes can ever need; a file this large was not meant. */
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Reads the file that `--config` names.
 *
 * @throws ShoalError `ERR_USAGE` if it cannot be read, is no JSON, or has an unknown name in it
 */
export function readConfigFile(path: string): Layer {
  const text = readText(path);
  return configLayer(parseJson(text, path), path);
}

function readText(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size > FILE_BYTES_MAX) {
        throw usage(
          `config file ${show(path)} has ${size} bytes: at most ${FILE_BYTES_MAX} are read`,
        );
      }
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const reason = READ_FAULTS.get((error as NodeJS.ErrnoException).code ?? '');
    if (reason === undefined) throw error;
    throw usage(`config file ${show(path)} ${reason}`, error);
  }
}

const READ_FAULTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist: check the path'],
  ['ENOTDIR', 'does not exist: check the path'],
  ['EISDIR', 'is a folder: name a file'],
  ['EACCES', 'must not be read by this user: check its permissions'],
  ['EPERM', 'must not be read by this user: check its permissions'],
]);

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : '';
    throw usage(`config file ${show(path)} is no JSON: ${reason}`, error);
  }
}
