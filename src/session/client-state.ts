/** What a connection knows about its client: what CLIENT and HELLO read and change. */
import { elapsed, type Instant } from '../base/units.js';

export class ClientState {
  /** Counts connections; never used twice on a node. */
  readonly id: number;
  /** The two ends of the connection, `127.0.0.1:50123`. */
  readonly address: string;
  readonly localAddress: string;
  readonly since: Instant;
  name = '';
  libraryName = '';
  libraryVersion = '';
  /** Version of the protocol; HELLO 3 makes it 3. */
  protocol: 2 | 3 = 2;
  /** When it last sent something. */
  lastActive: Instant;
  /** The name of the last command, `client|list`. */
  lastCommand = 'NULL';
  /** Nothing more is read; the connection ends when everything has been answered. */
  closing = false;

  constructor(id: number, address: string, localAddress: string, now: Instant) {
    this.id = id;
    this.address = address;
    this.localAddress = localAddress;
    this.since = now;
    this.lastActive = now;
  }

  /** Back to how the connection began. */
  reset(): void {
    this.name = '';
    this.protocol = 2;
  }

  /** Its line in CLIENT LIST. Numbers that only Redis's inside has are left out. */
  describe(now: Instant): string {
    const seconds = (from: Instant): number => Math.max(0, Math.floor(elapsed(from, now) / 1000));
    return [
      `id=${this.id}`,
      `addr=${this.address}`,
      `laddr=${this.localAddress}`,
      `name=${this.name}`,
      `age=${seconds(this.since)}`,
      `idle=${seconds(this.lastActive)}`,
      'flags=N',
      'db=0',
      'sub=0',
      'psub=0',
      'multi=-1',
      `cmd=${this.lastCommand}`,
      'user=default',
      'redir=-1',
      `resp=${this.protocol}`,
      `lib-name=${this.libraryName}`,
      `lib-ver=${this.libraryVersion}`,
    ].join(' ');
  }
}
