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

#include "aether/conformance/subject.h"

namespace aether::conformance {

// Tries one rule on `subject` and tells the running test, and the supervisor if there is one, what came of
// it. Under a plain GoogleTest main() the standard profile and seed 1 are used.
void RunRule(const Subject& subject, std::string_view rule_id);

// Notes that this program judges the store `name`. One program judges one store.
bool RegisterStore(std::string_view name);

namespace suites {

template <typename A>
class RuleTest : public testing::Test {
 protected:
  void Check(std::string_view rule_id) {
    static const Subject subject = SubjectOf<A>();
    RunRule(subject, rule_id);
  }
};

#include "aether/conformance/suites.inc"

}  // namespace suites
}  // namespace aether::conformance

// Instantiates every suite for one adapter. At global scope, in one source file of a program, once.
#define AETHER_CONFORMANCE(name, ...)                                       \
  using AetherAdapterUnderTest = __VA_ARGS__;                               \
  static_assert(aether::CheckAdapter<AetherAdapterUnderTest>());            \
  namespace aether::conformance::suites {                                   \
  AETHER_CONFORMANCE_INSTANTIATE(name, ::AetherAdapterUnderTest)            \
  const bool kRegistered = ::aether::conformance::RegisterStore(#name);     \
  }                                                                         \
  static_assert(true, "a semicolon may follow")
