import { describeClient } from './conformance.js';
import { redisDriver } from './redis-driver.js';

describeClient(redisDriver, 2);
describeClient(redisDriver, 3);
