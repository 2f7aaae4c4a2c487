// Generators for this domain: hostile ids, payloads, times, version sequences. All of them shrink.

#pragma once

#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "aether/event.h"

namespace aether::conformance::gen {

// Text of Unicode scalar values: mostly short, with the awkward ones (U+0000, quotes, combining marks,
// noncharacters, astral planes) more often than chance would have it.
rc::Gen<std::string> Text();
rc::Gen<std::string> NonEmptyText();

// One JSON value as text, of any kind, nested as deep as the size allows.
rc::Gen<std::string> JsonText();
rc::Gen<JsonObject> Payload();

// The shortest text that reads back as the same double.
std::string DoubleText(double value);
rc::Gen<double> FiniteDouble();
rc::Gen<std::string> Integer64Text();  // int64 and uint64, the extremes and 2^53 + 1 often

rc::Gen<Timestamp> Instant();      // year 0001 to 9999
rc::Gen<Timestamp> FineInstant();  // a present day with any nanoseconds

rc::Gen<Metadata> Pairs();

// Rising versions from 1 on, with and without gaps; at least one.
rc::Gen<std::vector<std::int64_t>> RisingVersions(int most);

// An event with every field generated but the actor and the version.
rc::Gen<Event> AnyEvent();

}  // namespace aether::conformance::gen
