// LevelDB against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "leveldb_store.h"

AETHER_CONFORMANCE(leveldb, aether::peers::LeveldbAdapter);
