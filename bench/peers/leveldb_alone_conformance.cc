// LevelDB without our group commit, against the contract.

#include "aether/conformance/suite.h"
#include "leveldb_store.h"

AETHER_CONFORMANCE(leveldb_alone, aether::peers::LeveldbAloneAdapter);
