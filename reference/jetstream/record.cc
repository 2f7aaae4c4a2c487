// Records as messages of NATS and as answers of the JetStream API.

#include "record.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <stdexcept>

namespace aether::jetstream {
namespace {

// version, previous version, previous sequence. One header and not three: cnats takes a microsecond for
// each three that it reads.
constexpr char kStamp[] = "Aether-Stamp";
constexpr char kMessageId[] = "Nats-Msg-Id";

// Takes a number, and the space or the end after it, off the front of `text`.
template <typename Number>
bool TakeNumber(std::string_view* text, Number* value) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  if (text->empty()) return true;
  const bool is_space = text->front() == ' ';
  text->remove_prefix(1);
  return is_space;
}

std::optional<Stamp> ParseStamp(std::string_view text) {
  Stamp stamp;
  if (!TakeNumber(&text, &stamp.version) || !TakeNumber(&text, &stamp.previous_version) ||
      !TakeNumber(&text, &stamp.previous_sequence) || !text.empty()) {
    return std::nullopt;
  }
  return stamp;
}

// Fills in what stands in the headers; `header(name)` is the value, empty when absent.
template <typename HeaderFunction>
void ReadHeaders(HeaderFunction header, Record* record) {
  record->message_id = header(kMessageId);
  record->stamp = ParseStamp(header(kStamp));
}

// The value of `name` in a header block: NATS/1.0 CRLF, then lines of "name: value" CRLF.
std::string_view HeaderIn(std::string_view block, std::string_view name) {
  const std::string start = "\r\n" + std::string(name) + ":";
  const std::size_t found = block.find(start);
  if (found == std::string_view::npos) return {};
  std::string_view value = block.substr(found + start.size());
  value = value.substr(0, value.find("\r\n"));
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

// Standard base64 with padding, as the server writes it.
std::string DecodeBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  std::size_t padding = 0;  // EVP_DecodeBlock counts padding as bytes
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return bytes;
}

// Absent values are empty and zero.
std::string_view TextIn(const simdjson::dom::object& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::uint64_t NumberIn(const simdjson::dom::object& object, const char* key) {
  std::uint64_t number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

// 128 random bits.
std::string Nonce() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random numbers");
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

}  // namespace

Draft MakeDraft(std::string subject, std::string data, std::int64_t version) {
  Draft draft;
  draft.subject = std::move(subject);
  draft.data = std::move(data);
  draft.stamp.version = version;
  return draft;
}

std::string NewMessageId(const Draft& draft) {
  return draft.subject + "." + std::to_string(draft.stamp.version) + "." + Nonce();
}

Request ToRequest(const Draft& draft, const std::string& message_id) {
  const Stamp& stamp = draft.stamp;
  return {draft.subject,
          draft.data,
          {{kMessageId, message_id},
           {kStamp, std::to_string(stamp.version) + " " + std::to_string(stamp.previous_version) + " " +
                        std::to_string(stamp.previous_sequence)}}};
}

std::optional<PublishAnswer> ParsePublishAnswer(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  PublishAnswer answer;
  simdjson::dom::object error;
  if (object["error"].get(error) == simdjson::SUCCESS) {
    answer.error = static_cast<jsErrCode>(NumberIn(error, "err_code"));
    answer.description = TextIn(error, "description");
    if (answer.error == kNoJsError) return std::nullopt;
    return answer;
  }
  bool duplicate = false;
  const bool is_duplicate = object["duplicate"].get(duplicate) == simdjson::SUCCESS && duplicate;
  answer.sequence = NumberIn(object, "seq");
  if (answer.sequence == 0 && !is_duplicate) return std::nullopt;
  return answer;
}

Record ToRecord(natsMsg* message, std::uint64_t sequence) {
  Record record;
  record.sequence = sequence;
  record.subject = natsMsg_GetSubject(message);
  record.data.assign(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  ReadHeaders(
      [message](const char* name) -> std::string_view {
        const char* value = nullptr;
        return natsMsgHeader_Get(message, name, &value) == NATS_OK && value != nullptr ? value : "";
      },
      &record);
  return record;
}

Result<std::optional<Record>> ParseGetAnswer(std::string_view json, std::string_view what) {
  simdjson::dom::parser parser;
  simdjson::dom::object answer;
  if (parser.parse(json.data(), json.size()).get(answer) != simdjson::SUCCESS) {
    return StoreError(ErrorCode::kUnavailable, std::string(what) + ": no JSON came");
  }
  simdjson::dom::object error;
  if (answer["error"].get(error) == simdjson::SUCCESS) {
    const auto code = static_cast<jsErrCode>(NumberIn(error, "err_code"));
    if (code == JSNoMessageFoundErr) return std::optional<Record>();
    return TranslateServerError(code, TextIn(error, "description"), what);
  }
  simdjson::dom::object message;
  if (answer["message"].get(message) != simdjson::SUCCESS) {
    return StoreError(ErrorCode::kUnavailable, std::string(what) + ": no message came");
  }
  Record record;
  record.sequence = NumberIn(message, "seq");
  record.subject = TextIn(message, "subject");
  record.data = DecodeBase64(TextIn(message, "data"));
  const std::string headers = DecodeBase64(TextIn(message, "hdrs"));
  ReadHeaders([&headers](const char* name) { return HeaderIn(headers, name); }, &record);
  return std::optional<Record>(std::move(record));
}

}  // namespace aether::jetstream
