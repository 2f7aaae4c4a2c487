// The list of broken stores: each a small class with one fault, and the rule that has to catch it.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/conformance/subject.h"
#include "aether/rules.h"
#include "double_store.h"

namespace aether::selftest {

// A storage of DoubleStores, honest or broken.
class DoubleStorage final : public conformance::Storage {
 public:
  using Maker = std::function<std::unique_ptr<DoubleStore>(std::shared_ptr<State>, std::string name_space)>;

  explicit DoubleStorage(Maker maker) : maker_(std::move(maker)) {}

  Result<std::unique_ptr<EventStore>> Open() override;
  Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view name) override;
  Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds age) override;
  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) override;
  Result<std::string> Location() override;
  Result<Capabilities> Probe(const Capabilities& shown) override { return shown; }

  // A subject of such storages that offers everything, its type's members left out.
  static conformance::Subject SubjectOf(Maker maker);

 private:
  std::unique_ptr<EventStore> Make(std::string name_space);

  Maker maker_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

template <typename Store>
conformance::Subject SubjectOfDouble() {
  return DoubleStorage::SubjectOf([](std::shared_ptr<State> state, std::string name_space) {
    return std::make_unique<Store>(std::move(state), std::move(name_space));
  });
}

struct BrokenStore {
  std::string_view name;
  std::string_view rule;   // that has to catch it
  std::string_view fault;  // in a sentence
  conformance::Subject subject;
  // Whether the fault shows, or after which calls, depends on how threads meet or on the clock.
  bool race = false;
};

template <typename Store>
BrokenStore Broken(std::string_view name, std::string_view rule, std::string_view fault) {
  return {name, rule, fault, SubjectOfDouble<Store>(), false};
}

// One whose fault is a race.
template <typename Store>
BrokenStore BrokenRace(std::string_view name, std::string_view rule, std::string_view fault) {
  return {name, rule, fault, SubjectOfDouble<Store>(), true};
}

// By the area of the rule that catches them.
std::vector<BrokenStore> BrokenInImmutability();  // IMM, API
std::vector<BrokenStore> BrokenInVersions();      // VER
std::vector<BrokenStore> BrokenInConcurrency();   // CON
std::vector<BrokenStore> BrokenInReading();       // READ, ID
std::vector<BrokenStore> BrokenInContent();       // EVT, DATA, META
std::vector<BrokenStore> BrokenInReplay();        // RPL
std::vector<BrokenStore> BrokenInSnapshots();     // SNAP
std::vector<BrokenStore> BrokenInNotices();       // NOTE
std::vector<BrokenStore> BrokenInTheRest();       // RET, NS, INV
std::vector<BrokenStore> BrokenInHistories();     // HIST, PROC
std::vector<BrokenStore> BrokenInDurability();    // DUR
std::vector<BrokenStore> BrokenUnderFaults();     // FLT
std::vector<BrokenStore> BrokenBehindServers();   // SRV

// All of them, in the order of the rules that have to catch them.
const std::vector<BrokenStore>& AllBrokenStores();

// The subject that another process asks for by its name; null when there is none.
const conformance::Subject* FindSubject(const std::string& name);

// The honest double that offers what `rule` needs: in memory, shared by processes, safe on a disk, or
// behind servers.
const conformance::Subject& HonestSubjectFor(const Rule& rule);

// The honest one in which a dead writer's last save may be done after its death.
const conformance::Subject& LateSubject();

// One that is honest, and whose file operations are not seen.
const conformance::Subject& UnseenSubject();

}  // namespace aether::selftest
