// Redis against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "redis_store.h"

AETHER_CONFORMANCE(redis, aether::peers::RedisAdapter);
