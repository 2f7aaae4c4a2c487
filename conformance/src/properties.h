// The properties: for each rule one function, by area. spec/*.md has the rules.

#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "rule_run.h"

namespace aether::conformance {

struct Property {
  std::string_view rule;
  void (*run)(RuleRun&);
};

std::span<const Property> ImmutabilityProperties();
std::span<const Property> InterfaceProperties();
std::span<const Property> VersionProperties();
std::span<const Property> ConcurrencyProperties();
std::span<const Property> ReadingProperties();
std::span<const Property> IdentityProperties();
std::span<const Property> EventProperties();
std::span<const Property> DataProperties();
std::span<const Property> MetadataProperties();
std::span<const Property> ReplayErrorProperties();
std::span<const Property> SnapshotProperties();
std::span<const Property> NoticeProperties();
std::span<const Property> RetentionProperties();
std::span<const Property> NamespaceProperties();
std::span<const Property> InvalidInputProperties();
std::span<const Property> HistoryProperties();
std::span<const Property> ProcessProperties();
std::span<const Property> DurabilityProperties();
std::span<const Property> FaultProperties();
std::span<const Property> DamageProperties();
std::span<const Property> ReadFaultProperties();
std::span<const Property> ServerProperties();
std::span<const Property> ClusterProperties();

// Saves `event` for a rule that needs it but is not about it: false when the store refuses it, which is the
// affair of the rule that says that it must not.
bool Saves(Handle& store, const Event& event);

// The conflict that a stale save meets; none when the store accepts it or answers another error, which is
// CON-01's affair.
std::optional<VersionConflict> ConflictOf(Handle& store, const Event& stale);

// Makes a sound event invalid, in one of several ways that none but the event's own content shows.
constexpr int kWaysToBeInvalid = 4;
void MakeInvalid(Event* event, int way);

// All of them, in the order of rules.json.
const std::vector<Property>& AllProperties();
const Property* FindProperty(std::string_view rule_id);

}  // namespace aether::conformance
