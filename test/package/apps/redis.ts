// A broker on Redis, over whatever client has these methods.
import { redisBroker, type Broker, type NodeRedisClient } from 'roomful/server/redis';

export const broker = (client: NodeRedisClient): Broker => redisBroker({ client, prefix: 'app' });
