/**
 * The Redis whose behaviour and error texts are followed, as told to clients that ask: they decide
 * by it which commands to use.
 */
export const REDIS_VERSION = '7.0.15';
