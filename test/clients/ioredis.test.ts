import { describeClient } from './conformance.js';
import { ioredisDriver } from './ioredis-driver.js';

describeClient(ioredisDriver, 2);
describeClient(ioredisDriver, 3);
