// RocksDB against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "rocksdb_store.h"

AETHER_CONFORMANCE(rocksdb, aether::peers::RocksdbAdapter);
