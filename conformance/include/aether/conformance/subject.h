// Subject: a store as the properties see it, whatever its type. Made from an adapter by SubjectOf<A>().

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/adapter.h"
#include "aether/conformance/forbidden_members.h"

namespace aether::conformance {

// One fresh storage of a subject: an adapter object behind one type. A hook that the adapter does not
// have is never called; the capabilities say so.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual Result<std::unique_ptr<EventStore>> Open() = 0;
  virtual Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view name) = 0;
  virtual Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds age) = 0;
  virtual Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) = 0;
  virtual Result<std::string> Location() = 0;
  virtual int ServerCount() { return 0; }
  virtual Result<bool> BreakServer(int, ServerFault) { return false; }
  virtual Result<void> MendServers() { return {}; }
  virtual Result<int> LeaderOf(std::string_view) { return -1; }  // without the hook -1
  // What the adapter's Probe() says, or `shown` where it has none.
  virtual Result<Capabilities> Probe(const Capabilities& shown) = 0;
};

struct Subject {
  std::string name;    // where a program knows several: by which another process finds it again
  Capabilities shown;  // by the types; see Storage::Probe
  std::function<std::unique_ptr<Storage>()> make;  // a fresh, empty storage; may throw
  // A handle on the storage of another process; empty without the hook.
  std::function<Result<std::unique_ptr<EventStore>>(std::string_view location)> open_at;
  std::function<void()> prepare;  // in another process, before it opens anything; may be empty
  std::vector<std::string_view> updating_members;  // of the named Subject type: API-01
  std::vector<std::string_view> deleting_members;  // API-02
};

namespace subject_detail {

inline StoreError NoHook(std::string_view hook) {
  return StoreError(ErrorCode::kNotFound, std::string(hook) + ": the adapter has no such hook");
}

template <typename Store>
Result<std::unique_ptr<EventStore>> Erase(Result<std::unique_ptr<Store>> handle) {
  if (!handle) return handle.error();
  return std::unique_ptr<EventStore>(*std::move(handle));
}

template <Adapter A>
class AdapterStorage final : public Storage {
 public:
  Result<std::unique_ptr<EventStore>> Open() override { return Erase(adapter_.Open()); }

  Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view name) override {
    if constexpr (OpensNamespace<A>) {
      return Erase(adapter_.OpenNamespace(name));
    } else {
      return NoHook("OpenNamespace");
    }
  }

  Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds age) override {
    if constexpr (OpensWithRetention<A>) {
      return Erase(adapter_.OpenWithRetention(age));
    } else {
      return NoHook("OpenWithRetention");
    }
  }

  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) override {
    if constexpr (InjectsMalformed<A>) {
      return adapter_.InjectMalformed(actor_id, raw);
    } else {
      return NoHook("InjectMalformed");
    }
  }

  Result<std::string> Location() override {
    if constexpr (OpensElsewhere<A>) {
      return adapter_.Location();
    } else {
      return NoHook("Location");
    }
  }

  int ServerCount() override {
    if constexpr (BreaksServers<A>) {
      return adapter_.ServerCount();
    } else {
      return Storage::ServerCount();
    }
  }

  Result<bool> BreakServer(int server, ServerFault fault) override {
    if constexpr (BreaksServers<A>) {
      return adapter_.BreakServer(server, fault);
    } else {
      return Storage::BreakServer(server, fault);
    }
  }

  Result<void> MendServers() override {
    if constexpr (BreaksServers<A>) {
      return adapter_.MendServers();
    } else {
      return Storage::MendServers();
    }
  }

  Result<int> LeaderOf(std::string_view actor_id) override {
    if constexpr (KnowsLeader<A>) {
      return adapter_.LeaderOf(actor_id);
    } else {
      return Storage::LeaderOf(actor_id);
    }
  }

  Result<Capabilities> Probe(const Capabilities& shown) override {
    if constexpr (Probes<A>) {
      return adapter_.Probe();
    } else {
      return shown;
    }
  }

 private:
  A adapter_;
};

}  // namespace subject_detail

template <typename A>
Subject SubjectOf() {
  static_assert(CheckAdapter<A>());
  Subject subject;
  if constexpr (Adapter<A>) {
    subject.shown = CapabilitiesShown<A>();
    subject.make = [] { return std::make_unique<subject_detail::AdapterStorage<A>>(); };
    if constexpr (OpensElsewhere<A>) {
      subject.open_at = [](std::string_view location) {
        return subject_detail::Erase(A::OpenAt(location));
      };
      if constexpr (PreparesElsewhere<A>) subject.prepare = [] { A::PrepareElsewhere(); };
    }
    if constexpr (NamesSubject<A>) {
      subject.updating_members = UpdatingMembers<typename A::Subject>();
      subject.deleting_members = DeletingMembers<typename A::Subject>();
    }
  }
  return subject;
}

}  // namespace aether::conformance
