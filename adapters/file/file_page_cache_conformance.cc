// The file store that does not wait for the device, against the contract.

#include "aether/conformance/suite.h"
#include "file_adapter.h"

AETHER_CONFORMANCE(file_page_cache, aether::PageCacheFileAdapter);
