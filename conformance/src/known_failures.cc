// Reading a file of known failures.

#include "known_failures.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "aether/rules.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// A file that is not what it has to be: `text` says how.
struct Wrong {
  std::string text;
};

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

std::string Contents(const std::string& file) {
  // A directory can be opened, and the reading of it throws something that does not name it.
  if (std::filesystem::is_directory(file)) throw Wrong{"cannot be read: Is a directory"};
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Wrong{std::string("cannot be read: ") + std::strerror(errno)};
  return {std::istreambuf_iterator<char>(in), {}};
}

// Of a key that stands twice in an object the parser would keep one value, and forget the other.
json Parse(const std::string& text) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      throw Wrong{"the key " + parsed.dump() + " stands twice in one object"};
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& error) {
    throw Wrong{std::string("is not JSON: ") + error.what()};
  }
}

void RefuseOtherKeys(const json& object, std::initializer_list<std::string_view> known,
                     const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Wrong{where + " has the unknown key " + Quoted(key)};
    }
  }
}

// The text under `key`, which has to be there and to hold more than blanks.
std::string TextOf(const json& entry, const char* key, const std::string& where) {
  if (!entry.contains(key)) throw Wrong{where + " has no " + Quoted(key)};
  const json& value = entry[key];
  if (!value.is_string()) throw Wrong{where + ": " + Quoted(key) + " is not a string"};
  std::string text = value;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Wrong{where + ": " + Quoted(key) + " is empty"};
  }
  return text;
}

KnownFailure ReadEntry(const json& entry, std::size_t number) {
  std::string where = "entry " + std::to_string(number);
  if (!entry.is_object()) throw Wrong{where + " is not an object"};
  KnownFailure known{.rule = TextOf(entry, "rule", where), .reason = {}, .store = {}};
  where += " (" + known.rule + ")";
  if (FindRule(known.rule) == nullptr) throw Wrong{where + ": there is no such rule; ids look like VER-03"};
  RefuseOtherKeys(entry, {"rule", "reason", "store"}, where);
  known.reason = TextOf(entry, "reason", where);
  if (entry.contains("store")) known.store = TextOf(entry, "store", where);
  return known;
}

std::vector<KnownFailure> ReadEntries(const json& document) {
  if (!document.is_object() || !document.contains("known_failures") ||
      !document["known_failures"].is_array()) {
    throw Wrong{R"(is not of the form {"known_failures": [...]})"};
  }
  RefuseOtherKeys(document, {"$schema", "known_failures"}, "the file");
  std::vector<KnownFailure> entries;
  for (const json& entry : document["known_failures"]) {
    const KnownFailure known = ReadEntry(entry, entries.size() + 1);
    for (const KnownFailure& other : entries) {
      if (other.rule != known.rule) continue;
      if (other.store == known.store || other.store.empty() || known.store.empty()) {
        throw Wrong{known.rule + " is listed twice" +
                    (known.store.empty() && other.store.empty()
                         ? ""
                         : " for the store " + Quoted(known.store.empty() ? other.store : known.store))};
      }
    }
    entries.push_back(known);
  }
  return entries;
}

}  // namespace

KnownFailures KnownFailures::Read(const std::string& file) {
  KnownFailures known;
  known.file_ = file;
  try {
    known.entries_ = ReadEntries(Parse(Contents(file)));
  } catch (const Wrong& wrong) {
    throw std::runtime_error("--known-failures: " + file + ": " + wrong.text);
  }
  return known;
}

const KnownFailure* KnownFailures::Find(std::string_view store, std::string_view rule) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const KnownFailure& entry) {
    return entry.rule == rule && (entry.store.empty() || entry.store == store);
  });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace aether::conformance
