// The entry `roomful/server/redis`: rooms on many nodes.
export { redisBroker } from './broker.js';
export type { RedisBrokerOptions } from './broker.js';
export type {
  IoRedisClusterClient,
  IoRedisClusterSubscriber,
  NodeRedisClusterClient,
  NodeRedisClusterSubscriber,
} from './client/cluster.js';
export type {
  IoRedisClient,
  IoRedisSubscriber,
  NodeRedisClient,
  NodeRedisSubscriber,
  RedisClient,
} from './client/client.js';
export type { Broker } from '../../broker/broker.js';
