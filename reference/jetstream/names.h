// Names on the server: an injective form of any text as one token of a NATS subject or stream name.

#pragma once

#include <string>
#include <string_view>

namespace aether::jetstream {

// `text` as one token of [A-Za-z0-9_=-]: letters, digits, _ and - as they are, every other byte as =XX, the
// empty text as a lone =. What would be longer than kMaxToken becomes =H and the SHA-256 of `text` in hex,
// so that subjects and file names stay short; =H is not the beginning of any other form. Different texts
// have different tokens. (ID, NS)
std::string EncodeToken(std::string_view text);

inline constexpr std::size_t kMaxToken = 200;

}  // namespace aether::jetstream
