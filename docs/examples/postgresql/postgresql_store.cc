// The tables, the notices, and the store.

#include "postgresql_store.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "aether/wire.h"

namespace {

using aether::ErrorCode;
using aether::Result;
using aether::StoreError;

// An event is kept in its wire form as text: jsonb would change its numbers and the order of its keys. Ids
// are bytea, since text cannot hold a zero byte. A row that some other program put there may hold no event
// at all, and then has no version: it takes part in no check, and no event has to make way for it.
//
// The insert trigger is the rule of versions, for writers that do not come through this class as well. A
// unique key is not enough: it lets a lower version into a gap. So one transaction at a time appends to an
// actor, under a lock that it keeps until it is committed; the statement behind the lock sees what the one
// before committed, which is so in read committed transactions only. The sequence and the transaction's
// number are taken under the lock too, so that in a stream they rise as the versions do. (As defaults of
// their columns they would be taken before it.) Two actors may share a lock: then they wait for each other,
// and nothing else.
constexpr const char* kSchema = R"(
DO $schema$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('aether schema', 0));
  -- A look into the catalog itself: to_regclass() may answer from what this session knew before the lock.
  IF EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'events') THEN
    RETURN;
  END IF;

  CREATE SEQUENCE events_sequence;
  CREATE TABLE events (
    sequence bigint PRIMARY KEY,
    transaction xid8 NOT NULL,
    namespace bytea NOT NULL,
    actor_id bytea NOT NULL,
    stream bytea NOT NULL,
    version bigint,
    event text NOT NULL,
    UNIQUE (stream, version));
  CREATE INDEX ON events (transaction);
  CREATE TABLE snapshots (
    stream bytea PRIMARY KEY,
    version bigint NOT NULL,
    snapshot text NOT NULL);

  CREATE FUNCTION stream_of(namespace bytea, actor_id bytea) RETURNS bytea
    IMMUTABLE LANGUAGE sql AS 'SELECT sha256(sha256(namespace) || actor_id)';

  CREATE FUNCTION events_append() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
  BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'events are appended by read committed transactions only';
    END IF;
    NEW.stream := stream_of(NEW.namespace, NEW.actor_id);
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(NEW.stream, 'hex'), TG_RELID::bigint));
    IF NEW.version <= (SELECT coalesce(max(version), 0) FROM events WHERE stream = NEW.stream) THEN
      RAISE EXCEPTION 'the version is not above the latest' USING ERRCODE = 'AE001';
    END IF;
    NEW.sequence := nextval('events_sequence');
    NEW.transaction := pg_current_xact_id();
    PERFORM pg_notify('events_' || TG_RELID, '');
    RETURN NEW;
  END $body$;
  CREATE TRIGGER events_append BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION events_append();

  CREATE FUNCTION events_stay() RETURNS trigger LANGUAGE plpgsql AS $body$
  BEGIN
    RAISE EXCEPTION 'events are never changed or removed';
  END $body$;
  CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events EXECUTE FUNCTION events_stay();
END $schema$)";

StoreError Closed() { return {ErrorCode::kClosed, "the handle is closed"}; }

// The event in a row, or why there is none in it. A version of 0 stands for none.
Result<aether::Event> ReadRow(std::string_view text, std::string_view actor_id, std::int64_t version) {
  auto event = aether::DecodeEvent(text);
  if (event && (version == 0 || event->actor_id != actor_id || event->version != version)) {
    return StoreError(ErrorCode::kCorrupt, "the event is not the one that its row is for");
  }
  return event;
}

}  // namespace

// ---- notices

// A thread that hands rows to a callback. Its cursor is a snapshot: what transactions it saw. What the next
// one sees beyond that is new, exactly once, in whatever order transactions that began at the same time
// were committed. A cursor over the sequence would pass by a row whose transaction is committed after a
// later one.
//
// Numbers of transactions are the server's own: a dump that is loaded into another server has to renew
// them.
class PostgresqlStore::Feed {
 public:
  Feed(const std::string& conninfo, const std::string& listen, std::string name_space,
       aether::EventStoredCallback callback)
      : connection_(conninfo, listen),
        namespace_(std::move(name_space)),
        callback_(std::move(callback)),
        ended_(::eventfd(0, EFD_CLOEXEC)) {}
  ~Feed() { ::close(ended_); }

  Result<void> Start() {
    const auto rows = connection_.Read("SELECT pg_current_snapshot()");
    if (!rows) return rows.error();
    cursor_ = rows->Text(0, 0);
    return {};
  }

  void Run() {
    while (!has_ended_) {
      Deliver();
      connection_.AwaitNotification(ended_);
    }
  }

  // No callback begins after this; one may be under way.
  void End() {
    has_ended_ = true;
    ::eventfd_write(ended_, 1);
  }

 private:
  // An error means to look again later: the cursor has not moved.
  void Deliver() {
    const auto rows = connection_.Read(
        "SELECT now, actor_id, version, event FROM (SELECT pg_current_snapshot() AS now) AS present "
        "LEFT JOIN events ON transaction >= pg_snapshot_xmin($1::pg_snapshot) "
        "AND NOT pg_visible_in_snapshot(transaction, $1::pg_snapshot) "
        "AND namespace = $2 AND version IS NOT NULL ORDER BY sequence",
        {Parameter::Text(cursor_), Parameter::Bytes(namespace_)});
    if (!rows) return;
    cursor_ = rows->Text(0, 0);
    for (int row = 0; row < rows->size() && !has_ended_; ++row) {
      if (rows->IsNull(row, 2)) continue;
      const auto event = ReadRow(rows->Text(row, 3), rows->Bytes(row, 1), rows->Integer(row, 2));
      if (!event) continue;
      try {
        callback_(aether::EventStored::Of(*event));
      } catch (...) {  // the callback's own affair: the notices after it are due all the same
      }
    }
  }

  Connection connection_;
  const std::string namespace_;
  const aether::EventStoredCallback callback_;
  std::string cursor_;
  std::atomic<bool> has_ended_ = false;
  const int ended_;  // readable once has_ended_ is set
};

// What the user holds: ends the feed, and waits for its thread unless it is that thread.
class PostgresqlStore::FeedSubscription final : public aether::Subscription {
 public:
  explicit FeedSubscription(std::shared_ptr<Feed> feed)
      : feed_(std::move(feed)), thread_([shared = feed_] { shared->Run(); }) {}
  ~FeedSubscription() override {
    feed_->End();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  const std::shared_ptr<Feed> feed_;
  std::thread thread_;
};

// ---- the store

PostgresqlStore::PostgresqlStore(std::string conninfo, std::string_view name_space,
                                 std::unique_ptr<Connection> connection)
    : conninfo_(std::move(conninfo)), namespace_(name_space), connection_(std::move(connection)) {}

PostgresqlStore::~PostgresqlStore() { static_cast<void>(Close()); }

Result<std::unique_ptr<PostgresqlStore>> PostgresqlStore::Open(const std::string& conninfo,
                                                               std::string_view name_space) {
  auto connection = std::make_unique<Connection>(conninfo);
  const auto exists = connection->Read(
      "SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'events'");
  if (!exists) return exists.error();
  if (exists->size() == 0) {
    if (const auto made = connection->Write(kSchema); !made) return made.error();
  }
  return std::unique_ptr<PostgresqlStore>(new PostgresqlStore(conninfo, name_space, std::move(connection)));
}

Result<void> PostgresqlStore::SaveEvent(const aether::Event& event) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  const auto text = aether::EncodeEvent(event);
  if (!text) return text.error();
  const auto saved =
      connection_->Write("INSERT INTO events (namespace, actor_id, version, event) VALUES ($1, $2, $3, $4)",
                         {Parameter::Bytes(namespace_), Parameter::Bytes(event.actor_id),
                          Parameter::Integer(event.version), Parameter::Text(*text)});
  if (saved) return {};
  if (saved.error().code() != ErrorCode::kVersionConflict) return saved.error();
  const auto latest = LatestVersion(event.actor_id);
  if (!latest) return latest.error();
  return StoreError::Conflict(event.actor_id, event.version, *latest);
}

Result<std::vector<aether::EventPtr>> PostgresqlStore::GetEvents(std::string_view actor_id,
                                                                 std::int64_t from_version) {
  auto replay = GetEventsWithErrors(actor_id, from_version);
  if (!replay) return replay.error();
  return std::move(replay->events);
}

Result<aether::ReplayResult> PostgresqlStore::GetEventsWithErrors(std::string_view actor_id,
                                                                  std::int64_t from_version) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  const auto rows = connection_->Read(
      "SELECT sequence, coalesce(version, 0), event FROM events WHERE stream = stream_of($1, $2) "
      "AND (version >= $3 OR version IS NULL AND $3 <= 1) ORDER BY sequence",
      {Parameter::Bytes(namespace_), Parameter::Bytes(actor_id), Parameter::Integer(from_version)});
  if (!rows) return rows.error();
  aether::ReplayResult replay;
  for (int row = 0; row < rows->size(); ++row) {
    std::string text = rows->Text(row, 2);
    auto event = ReadRow(text, actor_id, rows->Integer(row, 1));
    if (event) {
      replay.events.push_back(std::make_shared<const aether::Event>(*std::move(event)));
    } else {
      replay.errors.push_back(
          {static_cast<std::uint64_t>(rows->Integer(row, 0)), std::move(text), event.error().message()});
    }
  }
  return replay;
}

Result<std::int64_t> PostgresqlStore::GetLatestVersion(std::string_view actor_id) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  return LatestVersion(actor_id);
}

Result<std::int64_t> PostgresqlStore::LatestVersion(std::string_view actor_id) {
  const auto rows =
      connection_->Read("SELECT coalesce(max(version), 0) FROM events WHERE stream = stream_of($1, $2)",
                        {Parameter::Bytes(namespace_), Parameter::Bytes(actor_id)});
  if (!rows) return rows.error();
  return rows->Integer(0, 0);
}

Result<void> PostgresqlStore::SaveSnapshot(const aether::ActorSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  const auto text = aether::EncodeSnapshot(snapshot);
  if (!text) return text.error();
  const auto saved = connection_->Write(
      "INSERT INTO snapshots (stream, version, snapshot) VALUES (stream_of($1, $2), $3, $4) "
      "ON CONFLICT (stream) DO UPDATE "
      "SET version = excluded.version, snapshot = excluded.snapshot "
      "WHERE excluded.version >= snapshots.version",
      {Parameter::Bytes(namespace_), Parameter::Bytes(snapshot.actor_id),
       Parameter::Integer(snapshot.version), Parameter::Text(*text)});
  if (!saved) return saved.error();
  return {};
}

Result<std::optional<aether::ActorSnapshot>> PostgresqlStore::GetLatestSnapshot(std::string_view actor_id) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  const auto rows = connection_->Read("SELECT snapshot FROM snapshots WHERE stream = stream_of($1, $2)",
                                      {Parameter::Bytes(namespace_), Parameter::Bytes(actor_id)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<aether::ActorSnapshot>();
  auto snapshot = aether::DecodeSnapshot(rows->Text(0, 0));
  if (!snapshot) return snapshot.error();
  return std::optional<aether::ActorSnapshot>(*std::move(snapshot));
}

Result<std::unique_ptr<aether::Subscription>> PostgresqlStore::Subscribe(
    aether::EventStoredCallback callback) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  const auto channel = connection_->Read("SELECT 'LISTEN events_' || 'events'::regclass::oid");
  if (!channel) return channel.error();
  const auto feed = std::make_shared<Feed>(conninfo_, channel->Text(0, 0), namespace_, std::move(callback));
  if (const auto started = feed->Start(); !started) return started.error();
  try {
    auto subscription = std::make_unique<FeedSubscription>(feed);
    std::erase_if(feeds_, [](const std::weak_ptr<Feed>& other) { return other.expired(); });
    feeds_.push_back(feed);
    return std::unique_ptr<aether::Subscription>(std::move(subscription));
  } catch (const std::system_error& error) {
    return StoreError(ErrorCode::kUnavailable, std::string("no thread for the notices: ") + error.what());
  }
}

Result<void> PostgresqlStore::Close() {
  const std::lock_guard lock(mutex_);
  if (!connection_) return Closed();
  for (const auto& feed : feeds_) {
    if (const auto alive = feed.lock()) alive->End();
  }
  connection_.reset();
  return {};
}
