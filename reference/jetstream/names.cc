// EncodeToken and JetStreamNames.

#include "names.h"

#include <openssl/sha.h>

#include "aether/jetstream_store.h"

namespace aether {
namespace jetstream {
namespace {

// Not std::isalnum, which asks the locale.
bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

void AppendHex(unsigned char byte, std::string* out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  out->push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 15]);
}

std::string HashToken(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string token = "=H";
  for (const unsigned char byte : digest) AppendHex(byte, &token);
  return token;
}

}  // namespace

std::string EncodeToken(std::string_view text) {
  if (text.empty()) return "=";
  if (text.size() > kMaxToken) return HashToken(text);
  std::string token;
  token.reserve(text.size());
  for (const char c : text) {
    if (IsPlain(c)) {
      token.push_back(c);
    } else {
      token.push_back('=');
      AppendHex(static_cast<unsigned char>(c), &token);
    }
  }
  return token.size() > kMaxToken ? HashToken(text) : token;
}

}  // namespace jetstream

namespace {

// PREFIX.kind.NAMESPACE.: what is in front of the actor's token. No part holds a dot.
std::string SubjectRoot(const JetStreamOptions& options, std::string_view kind) {
  return options.prefix + "." + std::string(kind) + "." + jetstream::EncodeToken(options.store_namespace) +
         ".";
}

// PREFIX-KIND-NAMESPACE. Neither prefix nor kind holds a dash, so no two (prefix, namespace) pairs meet.
std::string StreamName(const JetStreamOptions& options, std::string_view kind) {
  return options.prefix + "-" + std::string(kind) + "-" + jetstream::EncodeToken(options.store_namespace);
}

std::string ActorSubject(const std::string& wildcard, std::string_view actor_id) {
  return wildcard.substr(0, wildcard.size() - 1) + jetstream::EncodeToken(actor_id);
}

}  // namespace

JetStreamNames::JetStreamNames(const JetStreamOptions& options)
    : events_stream(StreamName(options, "EVENTS")),
      latest_stream(StreamName(options, "LATEST")),
      snapshots_stream(StreamName(options, "SNAPSHOTS")),
      events_subject(SubjectRoot(options, "events") + "*"),
      snapshots_subject(SubjectRoot(options, "snapshots") + "*") {}

std::string JetStreamNames::EventSubject(std::string_view actor_id) const {
  return ActorSubject(events_subject, actor_id);
}

std::string JetStreamNames::SnapshotSubject(std::string_view actor_id) const {
  return ActorSubject(snapshots_subject, actor_id);
}

}  // namespace aether
