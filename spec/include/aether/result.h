// The errors of the contract, as values: StoreError, and Result<T>, which holds either a T or one.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace aether {

// The closed set of things that can go wrong in a store. Each value says when a store answers it, and
// whether the caller may simply try the same call again.
enum class ErrorCode {
  // The event's version is not above the actor's latest version. Nothing was stored. Read the latest
  // version again and save with a higher one; the same call again is refused again. (CON-01)
  kVersionConflict,
  // The event, snapshot or actor id is one that this store does not take: an empty id, text that is
  // not UTF-8, a payload over the store's limit. Nothing was stored. Trying again does not help.
  kInvalidEvent,
  // Something that has to exist does not: a directory, a stream. Nothing was stored.
  kNotFound,
  // The store cannot be reached or is busy, and nothing happened. Trying again is safe.
  kUnavailable,
  // What is stored is damaged in a way that leaves the answer unknown. Nothing was stored.
  kCorrupt,
  // The handle was closed. Nothing happened. Open another handle. (INV-06)
  kClosed,
  // The storage has no room left. Nothing was stored. Trying again is safe once there is room.
  kStorageFull,
  // The storage refused the write and nothing was stored. Trying again is safe, and may fail again.
  kStorageFailed,
  // The save may or may not have been stored: a time-out after the request was sent, a failed fsync.
  // Read the actor before you try again: a retry of a save that landed gets a version conflict.
  kOutcomeUnknown,
};

// The stable name of `code` in reports and in the driver protocol, such as "version_conflict".
std::string_view ErrorCodeName(ErrorCode code);

// What a refused save was refused for. `attempted_version` is never above `current_version`. (CON-02)
struct VersionConflict {
  std::string actor_id;
  std::int64_t attempted_version = 0;
  std::int64_t current_version = 0;

  friend bool operator==(const VersionConflict&, const VersionConflict&) = default;
};

// One error of the contract. A value: copied freely, owned by whoever holds it.
class StoreError {
 public:
  // `message` is for people; programs look at `code`. For a version conflict use Conflict(), for an
  // invalid event InvalidEvent(), which carry their fields.
  StoreError(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // version conflict: actor "a-1" has version 3, cannot save version 2
  static StoreError Conflict(std::string_view actor_id, std::int64_t attempted_version,
                             std::int64_t current_version);

  // invalid event: <field>: <what>
  static StoreError InvalidEvent(std::string_view field, std::string_view what);

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // Set exactly when code() is kVersionConflict.
  const std::optional<VersionConflict>& conflict() const { return conflict_; }

  // The field at fault, by its JSON name ("actorId", "data", "metadata"), when code() is
  // kInvalidEvent; empty otherwise.
  const std::string& field() const { return field_; }

 private:
  ErrorCode code_;
  std::string message_;
  std::optional<VersionConflict> conflict_;
  std::string field_;
};

// Either a T or the StoreError that kept it from being made. Has the members of std::expected that the
// contract needs and no others, so that std::expected can take its place.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = StoreError;

  Result(T value) : value_(std::move(value)) {}                                // NOLINT: as std::expected
  Result(StoreError error) : value_(tl::make_unexpected(std::move(error))) {}  // NOLINT
  template <typename U>
  requires std::is_convertible_v<U, T> &&
      (!std::is_same_v<std::remove_cvref_t<U>, T>)&&(!std::is_same_v<std::remove_cvref_t<U>, Result>)&&(
          !std::is_same_v<std::remove_cvref_t<U>, StoreError>)Result(U&& value)
      : value_(T(std::forward<U>(value))) {}  // NOLINT

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }

  // Undefined when there is no value; value() throws tl::bad_expected_access instead.
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T& value() & { return value_.value(); }
  const T& value() const& { return value_.value(); }
  T&& value() && { return std::move(value_).value(); }

  // Undefined when there is a value.
  const StoreError& error() const { return value_.error(); }

 private:
  tl::expected<T, StoreError> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  using error_type = StoreError;

  Result() = default;
  Result(StoreError error) : value_(tl::make_unexpected(std::move(error))) {}  // NOLINT

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const {
    if (!value_) throw tl::bad_expected_access<StoreError>(value_.error());
  }
  const StoreError& error() const { return value_.error(); }

 private:
  tl::expected<void, StoreError> value_;
};

}  // namespace aether
