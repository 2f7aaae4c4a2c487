// The typed suites: one an area, one test a rule. A third party's conformance program is
//
//     #include "aether/conformance/suite.h"
//     struct MyAdapter { ... };  // aether/adapter.h
//     AETHER_CONFORMANCE(my_store, MyAdapter);
//
// linked with aether::conformance_main. The tests hold nothing: each hands its rule to a property
// that is compiled once, in the library.

#pragma once

#include <gtest/gtest.h>

#include <tuple>

#include "aether/conformance/run_rule.h"
#include "aether/conformance/subject.h"

namespace aether::conformance {

namespace suites {

// What AETHER_CONFORMANCE was given as an adapter.
template <typename... A>
struct AdapterGiven {
  static_assert(sizeof...(A) == 1,
                "AETHER_CONFORMANCE(name, adapter): it takes a name and the adapter's class");
  using type = std::tuple_element_t<0, std::tuple<A..., void>>;
  static_assert(CheckAdapter<type>());
};

// `A` holds an adapter's type, since a class is there even when the adapter's name is misspelt: otherwise
// each of the suites would have errors of its own.
template <typename A>
class RuleTest : public testing::Test {
 protected:
  void Check(std::string_view rule_id) {
    static const Subject subject = SubjectOf<typename A::AdapterType>();
    RunRule(subject, rule_id);
  }
};

#include "aether/conformance/suites.inc"

}  // namespace suites
}  // namespace aether::conformance

// Instantiates every suite for one adapter. At global scope, in one source file of a program, once; a name
// of this macro's is defined with it, and wanted by conformance_main, so that compiler or linker say what
// is wrong.
#define AETHER_CONFORMANCE(name, ...)                                                                 \
  const bool ::aether::conformance::kExactlyOne_AETHER_CONFORMANCE_AtGlobalScope = true;              \
  struct AetherAdapterUnderTest {                                                                     \
    using AdapterType = ::aether::conformance::suites::AdapterGiven<__VA_ARGS__>::type;               \
    static inline const bool kRegistered =                                                            \
        ::aether::conformance::RegisterStore(#name, ::aether::conformance::SubjectOf<AdapterType>()); \
  };                                                                                                  \
  namespace aether::conformance::suites {                                                             \
  AETHER_CONFORMANCE_INSTANTIATE(name, ::AetherAdapterUnderTest)                                      \
  }                                                                                                   \
  static_assert(true, "a semicolon may follow")
