// RocksDB without our group commit, against the contract.

#include "aether/conformance/suite.h"
#include "rocksdb_store.h"

AETHER_CONFORMANCE(rocksdb_alone, aether::peers::RocksdbAloneAdapter);
