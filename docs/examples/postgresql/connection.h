// Connection: one connection to a PostgreSQL server, whose calls end in time and answer in the contract's
// words.

#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/result.h"

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

// The rows of an answer. Rows and columns count from 0.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  int size() const { return PQntuples(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string Text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::int64_t Integer(int row, int column) const { return std::stoll(Text(row, column)); }
  std::string Bytes(int row, int column) const;  // of a bytea

 private:
  std::unique_ptr<PGresult, ClearResult> result_;
};

// What stands for $1, $2, ... in a statement.
struct Parameter {
  static Parameter Text(std::string_view text) { return {std::string(text), false}; }
  static Parameter Bytes(std::string_view bytes) { return {std::string(bytes), true}; }  // of a bytea
  static Parameter Integer(std::int64_t number) { return {std::to_string(number), false}; }

  std::string value;
  bool binary;
};

// SQLSTATE of the trigger that refuses a version.
inline constexpr std::string_view kVersionRefused = "AE001";

// For one thread at a time. A lost connection is made again by the next call.
class Connection {
 public:
  // Both run one statement. Read() answers kUnavailable, and Write() kOutcomeUnknown, when the statement
  // was sent and no answer came, within twenty seconds or at all; when there was no server to send it to,
  // both answer kUnavailable. Write() answers kVersionConflict, without its fields, when the version was
  // refused.
  aether::Result<Rows> Read(const char* sql, const std::vector<Parameter>& parameters = {});
  aether::Result<Rows> Write(const char* sql, const std::vector<Parameter>& parameters = {});

  // Waits until a notification came, `descriptor` is readable, or a second passed.
  void AwaitNotification(int descriptor);

  // `conninfo` as libpq takes it; `on_connect`, if not empty, is run on every new connection.
  explicit Connection(std::string conninfo, std::string on_connect = "")
      : conninfo_(std::move(conninfo)), on_connect_(std::move(on_connect)) {}

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  aether::Result<void> Connect();
  aether::Result<Rows> Run(const char* sql, const std::vector<Parameter>& parameters,
                           aether::ErrorCode when_lost);
  aether::Result<Rows> Answer(int sent, aether::ErrorCode when_lost);
  bool AwaitAnswer();
  aether::StoreError Lost(aether::ErrorCode code);
  aether::StoreError Refused(const PGresult* result, aether::ErrorCode when_lost);

  const std::string conninfo_;
  const std::string on_connect_;
  std::unique_ptr<PGconn, Finish> connection_;
};
