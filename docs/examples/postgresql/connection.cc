// libpq, without blocking calls that may last for ever.

#include "connection.h"

#include <poll.h>

#include <chrono>
#include <utility>

namespace {

using aether::ErrorCode;
using aether::Result;
using aether::StoreError;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAnswerLimit{20};

// What a save's acknowledgement means must not depend on what a server has as its default; nor must the
// rule of versions, for which the trigger has to see what was committed while it waited for its lock.
constexpr const char* kSession =
    "SET default_transaction_isolation = 'read committed';"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off';";

int MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

}  // namespace

std::string Rows::Bytes(int row, int column) const {
  std::size_t size = 0;
  unsigned char* const bytes = PQunescapeBytea(
      reinterpret_cast<const unsigned char*>(PQgetvalue(result_.get(), row, column)), &size);
  std::string text(reinterpret_cast<const char*>(bytes), size);
  PQfreemem(bytes);
  return text;
}

Result<Rows> Connection::Read(const char* sql, const std::vector<Parameter>& parameters) {
  return Run(sql, parameters, ErrorCode::kUnavailable);
}

Result<Rows> Connection::Write(const char* sql, const std::vector<Parameter>& parameters) {
  return Run(sql, parameters, ErrorCode::kOutcomeUnknown);
}

Result<void> Connection::Connect() {
  if (connection_ && PQstatus(connection_.get()) == CONNECTION_OK) return {};
  // `dbname` may be a whole conninfo; what stands before it is a default, what stands behind it is fixed.
  const char* const keys[] = {"connect_timeout", "dbname", "client_encoding", nullptr};
  const char* const values[] = {"10", conninfo_.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectdbParams(keys, values, 1));
  if (PQstatus(connection_.get()) != CONNECTION_OK) return Lost(ErrorCode::kUnavailable);
  PQsetnonblocking(connection_.get(), 1);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);  // would print to stderr
  for (const std::string& sql : {std::string(kSession), on_connect_}) {
    if (sql.empty()) continue;
    const auto set = Answer(PQsendQuery(connection_.get(), sql.c_str()), ErrorCode::kUnavailable);
    if (set) continue;
    connection_.reset();
    return set.error();
  }
  return {};
}

Result<Rows> Connection::Run(const char* sql, const std::vector<Parameter>& parameters,
                             ErrorCode when_lost) {
  if (const auto connected = Connect(); !connected) return connected.error();
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter.value.c_str());
    lengths.push_back(static_cast<int>(parameter.value.size()));
    formats.push_back(parameter.binary ? 1 : 0);
  }
  return Answer(PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr,
                                  values.data(), lengths.data(), formats.data(), 0),
                when_lost);
}

Result<Rows> Connection::Answer(int sent, ErrorCode when_lost) {
  if (sent == 0 || !AwaitAnswer()) return Lost(when_lost);
  PGresult* const result = PQgetResult(connection_.get());
  Rows rows(result);
  while (PGresult* const more = PQgetResult(connection_.get())) PQclear(more);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return Refused(result, when_lost);
  return rows;
}

// Whether the whole answer came in time.
bool Connection::AwaitAnswer() {
  const auto deadline = Clock::now() + kAnswerLimit;
  for (;;) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0) return false;
    if (unsent == 0 && PQisBusy(connection_.get()) == 0) return true;
    pollfd socket{PQsocket(connection_.get()), static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)), 0};
    if (::poll(&socket, 1, MillisecondsUntil(deadline)) == 0) return false;
    if (PQconsumeInput(connection_.get()) == 0) return false;
  }
}

void Connection::AwaitNotification(int descriptor) {
  bool notified = false;
  const auto drain = [&] {
    while (PGnotify* const notification = PQnotifies(connection_.get())) {
      PQfreemem(notification);
      notified = true;
    }
  };
  if (connection_) drain();
  if (notified) return;
  pollfd sources[] = {{descriptor, POLLIN, 0}, {connection_ ? PQsocket(connection_.get()) : -1, POLLIN, 0}};
  ::poll(sources, 2, 1000);
  if (!connection_) return;
  PQconsumeInput(connection_.get());
  drain();
}

StoreError Connection::Lost(ErrorCode code) {
  const StoreError error(code, std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()));
  connection_.reset();
  return error;
}

// A server that ends the connection (classes 08 and 57) may do so when the transaction is committed
// already. Any other error means that it was rolled back.
StoreError Connection::Refused(const PGresult* result, ErrorCode when_lost) {
  const char* const field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? "" : field;
  const std::string text = std::string("PostgreSQL: ") + PQresultErrorMessage(result);
  const std::string_view error_class = state.substr(0, 2);
  if (state.empty() || error_class == "08" || state.starts_with("57P")) return {when_lost, text};
  if (state == kVersionRefused || state == "23505") return {ErrorCode::kVersionConflict, text};
  if (state == "53100") return {ErrorCode::kStorageFull, text};
  if (error_class == "53" || error_class == "40" || error_class == "55" || state == "57014") {
    return {ErrorCode::kUnavailable, text};
  }
  if (error_class == "54") return StoreError::InvalidEvent("actorId", text);
  if (error_class == "22") return StoreError::InvalidEvent("data", text);
  if (state.starts_with("XX00") && state > "XX000") return {ErrorCode::kCorrupt, text};
  if (error_class == "42" || error_class == "3D" || error_class == "3F")
    return {ErrorCode::kNotFound, text};
  return {ErrorCode::kStorageFailed, text};
}
