/** What is answered to one request. */
export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 405 | 500 | 503 | 504;
  readonly type: 'text/plain; charset=utf-8' | 'application/json; charset=utf-8';
  readonly body: string;
  /** The methods that there are, for 405. */
  readonly allow?: 'GET, HEAD' | 'POST';
}

/** One line. */
export function text(status: Answer['status'], line: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` };
}

export function json(content: object): Answer {
  const body = `${JSON.stringify(content, null, 2)}\n`;
  return { status: 200, type: 'application/json; charset=utf-8', body };
}
