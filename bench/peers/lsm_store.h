// LevelDB and RocksDB as event stores. One grew out of the other and kept its names, so that both are one
// template over the names.

#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "group_commit.h"
#include "peer_store.h"
#include "stream_key.h"
#include "temporary_directory.h"

namespace aether::peers {

enum class Grouping {
  kInFront,  // our group commit makes the batches
  kItsOwn,   // the store makes them
};

// `Api` names the library's types, and opens a database in a directory. The latest version of each actor
// has a key of its own, written in the batch of the event: looking for the last key of a stream costs ten
// times as much. These stores have no compare-and-append, and one process at a time: the leader of the
// group commit is the only writer, and looks before it writes.
//
// Alone, without our group commit, the store does with its own: saves of different actors come at the same
// time, and one at a time of the same actor.
template <typename Api, Grouping kGrouping>
class LsmEngine {
 public:
  using Storage = TemporaryDirectory;

  static Result<std::shared_ptr<LsmEngine>> Open(const std::string& location, Commits commits) {
    typename Api::Database* database = nullptr;
    const auto opened = Api::Open(location + "/db", &database);
    if (!opened.ok()) return Failed(opened);
    return std::shared_ptr<LsmEngine>(new LsmEngine(database, commits));
  }

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text) {
    if constexpr (kGrouping == Grouping::kInFront) return queue_.Save(actor_id, version, text);
    Append append{actor_id, version, text, {}};
    Append* const one = &append;
    const std::lock_guard lock(actors_[std::hash<std::string_view>()(actor_id) % std::size(actors_)]);
    Write({&one, 1});
    return append.outcome;
  }

  Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit) {
    const std::string prefix = StreamPrefix(actor_id);
    const std::unique_ptr<typename Api::Iterator> row(database_->NewIterator({}));
    for (row->Seek(EventKey(actor_id, from_version)); row->Valid(); row->Next()) {
      if (!row->key().starts_with(prefix)) break;
      visit({row->value().data(), row->value().size()});
    }
    if (!row->status().ok()) return Failed(row->status());
    return {};
  }

  Result<std::int64_t> Latest(std::string_view actor_id) {
    std::string version;
    const auto got = database_->Get({}, LatestKey(actor_id), &version);
    if (got.IsNotFound()) return std::int64_t{0};
    if (!got.ok()) return Failed(got);
    return VersionIn(version);
  }

 private:
  LsmEngine(typename Api::Database* database, Commits commits)
      : database_(database), queue_([this](std::span<Append* const> appends) { Write(appends); }, commits) {
    write_options_.sync = commits == Commits::kToDevice;
  }

  template <typename Status>
  static StoreError Failed(const Status& status) {
    return {ErrorCode::kStorageFailed, status.ToString()};
  }

  // No length of an actor id begins so.
  static std::string LatestKey(std::string_view actor_id) { return "\xff" + std::string(actor_id); }

  void Write(std::span<Append* const> appends) {
    typename Api::Batch batch;
    std::unordered_map<std::string_view, std::int64_t> latest;  // of the actors in this batch
    for (Append* const append : appends) {
      append->outcome = Check(*append, latest);
      if (!append->outcome) continue;
      batch.Put(EventKey(append->actor_id, append->version), Slice(append->text));
      std::string version;
      AppendBigEndian(static_cast<std::uint64_t>(append->version), 8, &version);
      batch.Put(LatestKey(append->actor_id), version);
    }
    const auto written = database_->Write(write_options_, &batch);
    if (!written.ok()) FailAll(appends, {ErrorCode::kOutcomeUnknown, written.ToString()});
  }

  Result<void> Check(const Append& append, std::unordered_map<std::string_view, std::int64_t>& latest) {
    const auto [known, is_new] = latest.try_emplace(append.actor_id, 0);
    if (is_new) {
      const auto stored = Latest(append.actor_id);
      if (!stored) return stored.error();
      known->second = *stored;
    }
    if (append.version <= known->second) {
      return StoreError::Conflict(append.actor_id, append.version, known->second);
    }
    known->second = append.version;
    return {};
  }

  static typename Api::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }

  const std::unique_ptr<typename Api::Database> database_;
  typename Api::WriteOptions write_options_;
  std::mutex actors_[1024];  // each for a part of the actors, where the store does the grouping
  GroupCommit queue_;
};

}  // namespace aether::peers
