// DoubleStorage, and the list of all broken stores.

#include "broken_store.h"

#include <algorithm>
#include <functional>

#include "aether/rules.h"
#include "file_double.h"
#include "process_double.h"
#include "server_double.h"

namespace aether::selftest {

std::unique_ptr<EventStore> DoubleStorage::Make(std::string name_space) {
  auto store = maker_(state_, std::move(name_space));
  store->Open();
  return store;
}

Result<std::unique_ptr<EventStore>> DoubleStorage::Open() { return Make(""); }

Result<std::unique_ptr<EventStore>> DoubleStorage::OpenNamespace(std::string_view name) {
  return Make("namespace " + std::string(name));
}

Result<std::unique_ptr<EventStore>> DoubleStorage::OpenWithRetention(std::chrono::milliseconds age) {
  state_->age = age;
  return Make("");
}

Result<std::string> DoubleStorage::Location() {
  return StoreError(ErrorCode::kNotFound, "it is in the memory of this process");
}

Result<Injection> DoubleStorage::InjectMalformed(std::string_view actor_id, std::string_view raw) {
  return maker_(state_, "")->InjectMalformed(actor_id, raw);
}

conformance::Subject DoubleStorage::SubjectOf(Maker maker) {
  conformance::Subject subject;
  subject.shown = {.errors = true,
                   .snapshots = true,
                   .notices = true,
                   .handles = true,
                   .malformed = true,
                   .namespaces = true,
                   .retention = true,
                   .type = true,
                   .concurrency = true,
                   .in_process = true};
  subject.make = [maker = std::move(maker)] { return std::make_unique<DoubleStorage>(maker); };
  return subject;
}

const std::vector<BrokenStore>& AllBrokenStores() {
  static const std::vector<BrokenStore> kAll = [] {
    std::vector<BrokenStore> all;
    for (auto area :
         {BrokenInImmutability(), BrokenInVersions(), BrokenInConcurrency(), BrokenInReading(),
          BrokenInContent(), BrokenInReplay(), BrokenInSnapshots(), BrokenInNotices(), BrokenInTheRest(),
          BrokenInHistories(), BrokenInDurability(), BrokenUnderFaults(), BrokenBehindServers()}) {
      all.insert(all.end(), area.begin(), area.end());
    }
    const auto place = [](const BrokenStore& store) { return FindRule(store.rule); };
    std::stable_sort(all.begin(), all.end(), [&](const BrokenStore& a, const BrokenStore& b) {
      return std::less()(place(a), place(b));
    });
    return all;
  }();
  return kAll;
}

const conformance::Subject& HonestSubjectFor(const Rule& rule) {
  static const conformance::Subject in_memory = SubjectOfDouble<DoubleStore>();
  static const conformance::Subject shared = SubjectOfProcessDouble<ProcessDouble>("honest");
  static const conformance::Subject alone = SubjectOfServerDouble<ServerDouble>(1);
  static const conformance::Subject cluster = SubjectOfServerDouble<ServerDouble>(3);
  static const conformance::Subject on_disk = SubjectOfFileDouble<FileDouble>("honest on disk");
  if (rule.area == "SRV") return rule.id == "SRV-07" ? cluster : alone;
  if (rule.id == "DUR-05" || rule.area == "PROC") return shared;
  return rule.area == "DUR" || rule.area == "FLT" ? on_disk : in_memory;
}

const conformance::Subject& LateSubject() {
  static const conformance::Subject late = SubjectOfProcessDouble<LandsLate>("late");
  return late;
}

const conformance::Subject& UnseenSubject() {
  static const conformance::Subject unseen = SubjectOfFileDouble<AsksTheSystem>("unseen");
  return unseen;
}

const conformance::Subject* FindSubject(const std::string& name) {
  for (const BrokenStore& broken : AllBrokenStores()) {
    if (broken.subject.name == name) return &broken.subject;
  }
  for (const auto* subject : {&HonestSubjectFor(*FindRule("PROC-01")),
                              &HonestSubjectFor(*FindRule("DUR-01")), &LateSubject(), &UnseenSubject()}) {
    if (subject->name == name) return subject;
  }
  return nullptr;
}

}  // namespace aether::selftest
