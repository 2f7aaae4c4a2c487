// SQLite against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "sqlite_store.h"

AETHER_CONFORMANCE(sqlite, aether::peers::SqliteAdapter);
