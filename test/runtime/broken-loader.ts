/** A loader whose file cannot be imported while its source is down. */
if (process.env['TEST_SOURCE'] === 'down') throw new Error('the source is down');

export default (key: string): string => `value of ${key}`;
