// The JetStream store, measured against a server on this machine.

#include "aether/bench/bench.h"
#include "jetstream_adapter.h"

AETHER_BENCH(jetstream, aether::JetStreamAdapter, aether::bench::Durability::kPageCache);
