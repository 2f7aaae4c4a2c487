// The map of trees against the contract, before it is measured.

#include "aether/conformance/suite.h"
#include "map_of_trees_store.h"

AETHER_CONFORMANCE(map_of_trees, aether::peers::MapOfTreesAdapter);
