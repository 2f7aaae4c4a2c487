// The file store against the contract.

#include "aether/conformance/suite.h"
#include "file_adapter.h"

AETHER_CONFORMANCE(file, aether::FileAdapter);
