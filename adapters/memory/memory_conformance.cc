// The in-memory store against the contract.

#include "aether/conformance/suite.h"
#include "memory_adapter.h"

AETHER_CONFORMANCE(memory, aether::MemoryAdapter);
