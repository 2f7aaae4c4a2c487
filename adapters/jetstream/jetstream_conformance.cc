// The JetStream store against the contract.

#include "aether/conformance/suite.h"
#include "jetstream_adapter.h"

AETHER_CONFORMANCE(jetstream, aether::JetStreamAdapter);
