// LMDB against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "lmdb_store.h"

AETHER_CONFORMANCE(lmdb, aether::peers::LmdbAdapter);
