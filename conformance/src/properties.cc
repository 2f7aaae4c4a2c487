// The table of all properties, in the order of rules.json.

#include "properties.h"

#include <algorithm>

namespace aether::conformance {

const std::vector<Property>& AllProperties() {
  static const std::vector<Property> kAll = [] {
    std::vector<Property> all;
    for (const auto& area :
         {ImmutabilityProperties(), InterfaceProperties(), VersionProperties(), ConcurrencyProperties(),
          ReadingProperties(), IdentityProperties(), EventProperties(), DataProperties(),
          MetadataProperties(), ReplayErrorProperties(), SnapshotProperties(), NoticeProperties(),
          RetentionProperties(), NamespaceProperties(), InvalidInputProperties(),
          HistoryProperties(), ProcessProperties(), DurabilityProperties(), FaultProperties(), DamageProperties(),
          ReadFaultProperties(), ServerProperties(), ClusterProperties()}) {
      all.insert(all.end(), area.begin(), area.end());
    }
    return all;
  }();
  return kAll;
}

const Property* FindProperty(std::string_view rule_id) {
  const auto& all = AllProperties();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Property& p) { return p.rule == rule_id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace aether::conformance
