// PostgreSQL against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "postgresql_store.h"

AETHER_CONFORMANCE(postgresql, aether::peers::PostgresqlAdapter);
